/** People come and go all the time, as many as are asked for, spread over the time that is asked for. */
import { DOORS, drinksCooler, freshCabinet, pantryShelf, productsOn, snackShelf } from '#simulator/layouts.ts'
import type { Scenario } from './index.ts'

const machines = [
  snackShelf({ transport: 'http', clock: { offsetMs: -1900, driftPpm: 40 } }),
  drinksCooler({ clock: { offsetMs: 600, driftPpm: -20 } }),
  freshCabinet({ transport: 'http', firmware: 'old', clock: { offsetMs: -5_000_000_000, driftPpm: 0 } }),
  pantryShelf({ reports: 'changes', commands: 'refuses' })
]
const EXIT_MINUTES = 2

export const busyHour: Scenario = {
  name: 'busy-hour',
  summary: 'many shoppers at all times, and one machine with old firmware',
  machines,
  scanners: [
    ...DOORS,
    { name: 'Side door in', tag: 'ENTRY', transport: 'http' },
    { name: 'Side door out', tag: 'EXIT', transport: 'mqtt' }
  ],
  products: productsOn(machines),
  acts: ({ shoppers = 60, seconds = 3600 }) => ({
    acts: [
      { act: 'pause', seconds: 2 },
      { act: 'mode', mode: 'CUSTOMER_MODE' },
      { act: 'shoppers', count: shoppers, within: Math.max(seconds / 2, seconds - EXIT_MINUTES * 60) }
    ]
  })
}
