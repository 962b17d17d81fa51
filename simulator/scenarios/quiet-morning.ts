/** One shopper at a time. */
import { DOORS, drinksCooler, productsOn, snackShelf } from '#simulator/layouts.ts'
import type { Scenario } from './index.ts'

const machines = [
  snackShelf({ transport: 'http', clock: { offsetMs: 1400, driftPpm: 15 } }),
  drinksCooler({ clock: { offsetMs: -700, driftPpm: -8 } })
]

export const quietMorning: Scenario = {
  name: 'quiet-morning',
  summary: 'one shopper at a time',
  machines,
  scanners: DOORS,
  products: productsOn(machines),
  acts: ({ shoppers = 3 }) => ({
    acts: [
      { act: 'pause', seconds: 2 },
      { act: 'mode', mode: 'CUSTOMER_MODE' },
      { act: 'shoppers', count: shoppers }
    ]
  })
}
