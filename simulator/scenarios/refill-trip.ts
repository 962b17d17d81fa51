/** A shopper, a refill in REFILLMENT_MODE, an admin's look in MAINTENANCE_MODE, and a shopper again. */
import { DOORS, drinksCooler, productsOn, snackShelf } from '#simulator/layouts.ts'
import type { Scenario } from './index.ts'

const machines = [snackShelf({ reports: 'samples' }), drinksCooler()]

export const refillTrip: Scenario = {
  name: 'refill-trip',
  summary: 'staff trips between two shoppers, through every store mode',
  machines,
  scanners: DOORS,
  products: productsOn(machines),
  acts: ({ shoppers = 1 }) => ({
    acts: [
      { act: 'pause', seconds: 2 },
      { act: 'mode', mode: 'CUSTOMER_MODE' },
      { act: 'shoppers', count: shoppers },
      { act: 'pause', seconds: 3 },
      { act: 'refill', most: 6 },
      { act: 'maintenance' },
      { act: 'shoppers', count: shoppers }
    ]
  })
}
