/** Where a product may stand that moves just these scales, pure: over its facing, partly on the neighbour, or anywhere. */
import { bending, sharing } from './likelihood.ts'
import type { Part } from './parts.ts'
import { distanceTo, type Facing, type ShelfPlan } from './shelf-plan.ts'

const PRIOR = {
  spill: Math.log(0.12), // a part of it stood on the neighbour
  beside: Math.log(0.01) // all of it stood on the neighbour
}

/** `log`: how likely it stands so; `grams`, without sign, of so many scales are its. */
export type Place = { log: number; grams: number; scales: number }

/** How likely it is that a product of this facing moves just these scales, and how many of the grams are its. Null: it does not reach there. */
function standing(part: Part, plan: ShelfPlan, facing: Facing): Place | null {
  let inside = 0
  let insides = 0
  let beside = 0
  let besides = 0
  const rest: { grams: number; distance: number }[] = []
  for (const [scaleId, grams] of part.byScale) {
    const distance = distanceTo(plan, facing, scaleId)
    if (distance === 0) {
      inside += grams
      insides += 1
    } else rest.push({ grams, distance })
  }
  let log = 0
  const total = Math.abs(part.grams)
  for (const { grams, distance } of rest) {
    if (Math.abs(grams) <= Math.max(4, 0.035 * total) && insides > 0 && distance <= 3) log += bending(grams, total)
    else if (distance === 1) {
      beside += grams
      besides += 1
    } else return null
  }
  const grams = inside + beside
  if (besides > 0) {
    const share = Math.abs(beside) / Math.max(1, Math.abs(grams))
    log += share <= 0.33 ? PRIOR.spill : share <= 0.5 ? PRIOR.spill - 2 : PRIOR.beside
  }
  const scales = insides + besides
  return { log: log + sharing(scales, Math.abs(grams)) - Math.log(facing.scaleIds.length), grams: Math.abs(grams), scales }
}

const known = new WeakMap<Part, Map<string, Place>>()

/** The products whose facings reach there, each where it fits best; looked up once for each part. */
export function reached(part: Part, plan: ShelfPlan): Map<string, Place> {
  const before = known.get(part)
  if (before) return before
  const places = new Map<string, Place>()
  for (const facing of plan.facings) {
    const place = standing(part, plan, facing)
    if (place && place.log > (places.get(facing.productId)?.log ?? Number.NEGATIVE_INFINITY)) places.set(facing.productId, place)
  }
  known.set(part, places)
  return places
}
