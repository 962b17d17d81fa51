/** The panel in a real browser in tests: signs in, asks axe, and remembers every host that was asked and every policy that was broken. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import type { App } from '#server/http/app.ts'
import { openBrowser } from './browser.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Opens a browser on `app`'s panel; gone at disposal, and `app` no longer listens once it is closed. */
export const openPanel = async (app: App) => openPanelAt(await app.listen({ host: '127.0.0.1', port: 0 }))

/** Opens a browser on the panel of a server that listens at `base`. */
export async function openPanelAt(base: string) {
  const browser = await openBrowser()
  const { page } = browser
  const hosts = new Set<string>()
  const complaints: string[] = []
  page.on('request', (request) => request.url().startsWith('http') && hosts.add(new URL(request.url()).origin))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => message.text().includes('Content Security Policy') && complaints.push(message.text()))
  const heading = (name: string | RegExp) => page.getByRole('heading', { name, level: 1 })

  return {
    ...{ base, page, hosts, complaints, heading },
    /** To a page of the panel, until its heading stands there. */
    async open(path: string, name: string | RegExp) {
      await page.goto(`${base}/admin${path}`)
      await heading(name).waitFor()
    },
    async signIn(
      { username, password }: { username: string; password: string },
      path = '/machines',
      name: string | RegExp = 'Machines'
    ) {
      await page.context().clearCookies()
      await page.goto(`${base}/admin${path}`)
      await page.getByLabel('Username').fill(username)
      await page.getByLabel('Password').fill(password)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await heading(name).waitFor()
    },
    [Symbol.asyncDispose]: () => browser[Symbol.asyncDispose]()
  }
}
export type Panel = Awaited<ReturnType<typeof openPanel>>

/** Nothing on the page that a person with a keyboard, a screen reader or weak eyes cannot use; of `rules` alone, where given. */
export async function assertUsable(page: Page, rules: string[] | null = null): Promise<void> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE)
  const found = await page.evaluate(async (only) => {
    const { violations } = await (globalThis as any).axe.run({
      resultTypes: ['violations'],
      ...(only && { runOnly: { type: 'rule', values: only } })
    })
    return violations
      .filter(({ impact }: any) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }: any) => `${id}: ${nodes.map(({ html }: any) => html).join(' | ')}`)
  }, rules)
  assert.deepEqual(found, [], page.url())
}
