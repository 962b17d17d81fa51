/** A shop without end, of every kind of machine: soon a first shopper, then pairs, and the shelves are filled up every few minutes. */
import type { Act } from '#simulator/acts.ts'
import { DOORS, drinksCooler, freshCabinet, pantryShelf, productsOn, snackShelf } from '#simulator/layouts.ts'
import { hesitate, take } from '#simulator/shoppers.ts'
import type { Scenario } from './index.ts'

const machines = [
  snackShelf({ transport: 'http', clock: { offsetMs: 1800, driftPpm: 25 } }),
  drinksCooler({ clock: { offsetMs: -400, driftPpm: -10 } }),
  freshCabinet({ reports: 'samples', clock: { offsetMs: 250, driftPpm: 5 } }),
  pantryShelf({ reports: 'changes', clock: { offsetMs: -1200, driftPpm: 60 } })
]
const round: Act[] = [
  { act: 'pause', seconds: 6 },
  { act: 'shoppers', count: 2, within: 5 },
  { act: 'pause', seconds: 8 },
  { act: 'shoppers', count: 2 },
  { act: 'pause', seconds: 5 },
  { act: 'shoppers', count: 3, within: 15 },
  { act: 'pause', seconds: 10 },
  { act: 'refill', most: 8 },
  { act: 'pause', seconds: 4 }
]

export const demo: Scenario = {
  name: 'demo',
  summary: 'a shop without end: shoppers alone and together, and a refill every few minutes',
  machines,
  scanners: DOORS,
  products: productsOn(machines),
  hasTracker: true,
  acts: () => ({
    acts: [
      { act: 'pause', seconds: 1 },
      { act: 'mode', mode: 'CUSTOMER_MODE' },
      { act: 'shoppers', count: 1, plan: () => [take(1), hesitate, take(2)] },
      ...round,
      ...round,
      { act: 'maintenance' }
    ],
    repeatFrom: 3
  })
}
