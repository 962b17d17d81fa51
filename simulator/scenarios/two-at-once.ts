/** Shoppers in pairs, at the same shelves at the same time. */
import type { Act } from '#simulator/acts.ts'
import { DOORS, drinksCooler, pantryShelf, productsOn, snackShelf } from '#simulator/layouts.ts'
import type { Scenario } from './index.ts'

const machines = [snackShelf(), drinksCooler({ transport: 'http' }), pantryShelf({ clock: { offsetMs: 2300, driftPpm: 30 } })]

function pairs(shoppers: number): Act[] {
  const acts: Act[] = []
  for (let left = shoppers; left > 0; left -= 2)
    acts.push({ act: 'shoppers', count: Math.min(2, left), within: 3 }, { act: 'pause', seconds: 3 })
  return acts
}

export const twoAtOnce: Scenario = {
  name: 'two-at-once',
  summary: 'two shoppers inside together',
  machines,
  scanners: DOORS,
  products: productsOn(machines),
  acts: ({ shoppers = 4 }) => ({
    acts: [{ act: 'pause', seconds: 2 }, { act: 'mode', mode: 'CUSTOMER_MODE' }, ...pairs(shoppers)]
  })
}
