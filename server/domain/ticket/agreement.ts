/**
 * Do two stories come to the same, pure: two of a thing taken one after the other, or both in one go, is the same cart. Stories part the
 * steps of a moment differently; what they make of a product is compared over all the steps that one of them lays together.
 */
import type { Deed } from './hypotheses.ts'
import type { Step } from './shelf-steps.ts'

export type Telling = { deeds: Set<Deed>; byStep: Map<Step, Deed[]> }

/** How many deeds all these stories begin with: they part ways late, and what they share needs no comparing. */
export function sharedLength(stories: Deed[][]): number {
  const [first = [], ...others] = stories
  const length = first.findIndex((deed, n) => others.some((other) => other[n] !== deed))
  return length < 0 ? first.length : length
}

/** What a story's deeds tell, found by their steps. */
export function tellingOf(deeds: Deed[]): Telling {
  const byStep = new Map<Step, Deed[]>()
  for (const deed of deeds)
    for (const step of deed.part.steps) {
      const own = byStep.get(step)
      if (own) own.push(deed)
      else byStep.set(step, [deed])
    }
  return { deeds: new Set(deeds), byStep }
}

/** Does the other story have as many of the deed's product taken (or put back) by the steps of the deed, and those that belong to them in either? */
export function comesToTheSame(deed: Deed, own: Telling, other: Telling): boolean {
  if (other.deeds.has(deed)) return true
  const { productId, quantity } = deed.action
  const isAlike = ({ action }: Deed) => action.productId === productId && action.quantity > 0 === quantity > 0
  const steps = new Set(deed.part.steps)
  const [here, there] = [new Set<Deed>(), new Set<Deed>()]
  for (const step of steps) // it grows on the way
    for (const [telling, found] of [
      [own, here],
      [other, there]
    ] as const)
      for (const each of telling.byStep.get(step) ?? []) {
        if (found.has(each) || !isAlike(each)) continue
        found.add(each)
        for (const joined of each.part.steps) steps.add(joined)
      }
  return there.size > 0 && unitsIn(here) === unitsIn(there) && deed.owner.every((_, visit) => isNear(here, there, visit))
}

const unitsIn = (deeds: Set<Deed>): number => [...deeds].reduce((sum, { action }) => sum + action.quantity, 0)
const unitsOf = (deeds: Set<Deed>, visit: number): number =>
  [...deeds].reduce((sum, { action, owner }) => sum + action.quantity * owner[visit]!, 0)
/** One each is not two of one and none of the other. */
const isNear = (here: Set<Deed>, there: Set<Deed>, visit: number): boolean =>
  Math.abs(unitsOf(here, visit) - unitsOf(there, visit)) < 0.5
