/**
 * Which tickets are decided together, pure. What was taken at one machine and put back at another is one question: were it left to people on
 * the one ticket and decided without them on the other, both might bill it, or neither.
 */
import type { Movement } from '#contracts/api/movements.ts'
import type { Verdict } from './confident.ts'

/** The machines at which one visit took and put back the same product, each with the others. */
export function bondsOf(movements: Movement[]): Map<string, string[]> {
  const bonds = new Map<string, string[]>()
  const moved = movements.filter(({ productId, quantity, returned }) => productId !== null && (quantity < 0 || returned > 0))
  for (const own of Map.groupBy(moved, ({ productId }) => productId).values()) {
    const machineIds = [...new Set(own.map(({ machineId }) => machineId))]
    for (const machineId of machineIds)
      bonds.set(machineId, [...(bonds.get(machineId) ?? []), ...machineIds.filter((other) => other !== machineId)])
  }
  return bonds
}

/** `done`: decided already, without people. */
export type Standing = Verdict | 'done'

/** How things stand when each has heard those it is bound to: one that goes to people takes them along, one that waits keeps them waiting. */
export function together<T>(standings: ReadonlyMap<T, Standing>, bonds: ReadonlyMap<T, T[]>): Map<T, Standing> {
  const next = new Map(standings)
  for (const word of ['people', 'waits'] as const) {
    const heard = [...next].flatMap(([key, standing]) => (standing === word ? [key] : []))
    for (const key of heard)
      for (const other of bonds.get(key) ?? []) {
        const standing = next.get(other)
        if (standing === undefined || standing === 'done' || standing === 'people' || standing === word) continue
        next.set(other, word)
        heard.push(other)
      }
  }
  return next
}
