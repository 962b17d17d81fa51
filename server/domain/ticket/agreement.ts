/**
 * Do two stories come to the same, pure: two of a thing taken one after the other, or both in one go, is the same cart. Stories part the
 * steps of a moment differently; what they make of a product is compared over all the steps that one of them lays together.
 */
import type { Deed } from './hypotheses.ts'
import type { Part } from './parts.ts'
import type { Step } from './shelf-steps.ts'

/** `byStep` is worked out when it is first asked for: stories that part a moment alike never need it. */
export type Telling = { deeds: Set<Deed>; byPart: Map<Part, Deed[]>; byStep: () => Map<Step, Deed[]> }

/** How many deeds all these stories begin with: they part ways late, and what they share needs no comparing. */
export function sharedLength(stories: Deed[][]): number {
  const [first = [], ...others] = stories
  const length = first.findIndex((deed, n) => others.some((other) => other[n] !== deed))
  return length < 0 ? first.length : length
}

/** What a story's deeds tell, found by their parts and by their steps. */
export function tellingOf(deeds: Deed[]): Telling {
  const byPart = Map.groupBy(deeds, ({ part }) => part)
  let byStep: Map<Step, Deed[]> | null = null
  const findSteps = () => {
    byStep ??= new Map([...byPart].flatMap(([{ steps }, own]) => steps.map((step): [Step, Deed[]] => [step, own])))
    return byStep
  }
  return { deeds: new Set(deeds), byPart, byStep: findSteps }
}

/** Does the other story have as many of the deed's product taken (or put back) by the steps of the deed, and those that belong to them in either? */
export function comesToTheSame(deed: Deed, own: Telling, other: Telling): boolean {
  if (other.deeds.has(deed)) return true
  const { productId, quantity } = deed.action
  const isAlike = ({ action }: Deed) => action.productId === productId && action.quantity > 0 === quantity > 0
  const parted = other.byPart.get(deed.part)
  const [here, there] = parted
    ? [own.byPart.get(deed.part)!.filter(isAlike), parted.filter(isAlike)]
    : joinedBy(deed.part.steps, [own, other], isAlike)
  return there.length > 0 && unitsIn(here) === unitsIn(there) && deed.owner.every((_, visit) => isNear(here, there, visit))
}

/** In each of two stories the deeds of these steps, and of those that the other story lays together with them. */
function joinedBy(from: Step[], [own, other]: [Telling, Telling], isAlike: (deed: Deed) => boolean): [Deed[], Deed[]] {
  const steps = new Set(from)
  const [here, there] = [new Set<Deed>(), new Set<Deed>()]
  for (const step of steps) // it grows on the way
    for (const [telling, found] of [
      [own, here],
      [other, there]
    ] as const)
      for (const each of telling.byStep().get(step) ?? []) {
        if (found.has(each) || !isAlike(each)) continue
        found.add(each)
        for (const joined of each.part.steps) steps.add(joined)
      }
  return [[...here], [...there]]
}

const unitsIn = (deeds: Deed[]): number => deeds.reduce((sum, { action }) => sum + action.quantity, 0)
const unitsOf = (deeds: Deed[], visit: number): number =>
  deeds.reduce((sum, { action, owner }) => sum + action.quantity * owner[visit]!, 0)
/** One each is not two of one and none of the other. */
const isNear = (here: Deed[], there: Deed[], visit: number): boolean =>
  Math.abs(unitsOf(here, visit) - unitsOf(there, visit)) < 0.5
