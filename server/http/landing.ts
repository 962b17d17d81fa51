/** The page a person meets at /: what this is, which store, and where to go from here. */
import type { Resource } from './app.ts'
import { serveFile } from './assets.ts'

export const landing: Resource = (app, { store, config }) => {
  const file = (name: string) => `${import.meta.dirname}/pages/${name}`
  const facts = { name: store.name, storeId: store.storeId, timeZone: config.timeZone, currency: config.currency }
  serveFile(app, '/', file('landing.html'), facts)
  serveFile(app, '/pages/landing.css', file('landing.css'))
  serveFile(app, '/pages/landing.js', file('landing.js'))
  serveFile(app, '/pages/icon.svg', file('icon.svg'))
}
