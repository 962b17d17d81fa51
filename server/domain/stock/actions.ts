/** The stock room's door: what stands on the shelves by weight, what is to be brought, and telling of what runs low. */

export { listRefill, listStock } from './shelves.ts'
export { watchStock } from './watch.ts'
