/**
 * What one part may have been, pure: products and quantities that explain its grams where it lies, each with the logarithm of how likely it
 * is. Picks come from facings, from where something was put back wrongly, or from nowhere known; what is put back is what somebody holds.
 */
import { bending, robust, sharing, spreadOf, wandering } from './likelihood.ts'
import type { Part } from './parts.ts'
import { distanceTo, type Facing, type Product, type ShelfPlan } from './shelf-plan.ts'

/** A unit that left a shelf. `grams` as weighed then. */
export type Unit = { id: number; productId: string; grams: number }
/** A unit that was put where its product has no facing, and lies there. */
export type Stray = Unit & { machineId: string; place: number }
export type Surroundings = {
  plan: ShelfPlan
  products: ReadonlyMap<string, Product>
  /** The same in the order of their weight. */
  byGrams: Product[]
  /** Scales of the store. */
  scales: number
  /** What may be put back: held by somebody inside. */
  held: Unit[]
  strays: Stray[]
}
/** `quantity` is negative for what was put back; productId null: something, nobody knows what. `unitIds`: which held or stray units it moved. */
export type Action = { productId: string | null; quantity: number; isAway: boolean; isHeld: boolean; unitIds: number[] }
export type Explanation = { actions: Action[]; log: number }

const PRIOR = {
  action: Math.log(0.04), // that something is done here and now
  more: Math.log(0.12), // each further unit in the same hand
  touch: Math.log(0.01) - Math.log(400), // a scale that goes and comes back
  late: Math.log(0.2), // each interval that one of its steps comes later than the next reading
  slow: Math.log(0.15), // a lift that takes longer than a reading
  spill: Math.log(0.12), // a part of it stood on the neighbour
  beside: Math.log(0.01), // all of it stood on the neighbour
  lost: Math.log(0.004), // a product that has no facing here and was not put back here
  unknown: Math.log(0.0004), // no product of the catalogue
  home: Math.log(0.5), // what is put back goes where it came from
  away: Math.log(0.4),
  older: Math.log(0.45), // what is put back is mostly what was taken last
  unheld: Math.log(0.02) // nobody inside holds one
}
const MOST_UNITS = 24
const UNKNOWN_RANGE_GRAMS = 3000
const KEPT = 12
const WORSE = 14

/** The likely explanations of a part, best first; always some. */
export function explain(part: Part, around: Surroundings): Explanation[] {
  const found: Explanation[] = [nothing(part)]
  if (!part.isMixed && part.grams !== 0)
    found.push(unknown(part, around), ...(part.grams < 0 ? picks(part, around) : placements(part, around)))
  found.sort((a, b) => b.log - a.log)
  return found.slice(0, KEPT).filter((each) => each.log > found[0]!.log - WORSE)
}

/** Nobody took anything: readings wander, a hand leans on a shelf and lets go. */
function nothing({ byScale, sigmas, repeats }: Part): Explanation {
  const log = [...byScale].reduce((sum, [id, grams]) => sum + wandering(grams, sigmas.get(id)!), repeats * PRIOR.touch)
  return { actions: [], log }
}

function unknown(part: Part, { scales }: Surroundings): Explanation {
  const spread = sharing(part.byScale.size, part.moved) + repeats(part)
  const log = PRIOR.action + PRIOR.unknown - Math.log(scales) - Math.log(UNKNOWN_RANGE_GRAMS) + spread
  return { actions: [{ productId: null, quantity: part.grams < 0 ? 1 : -1, isAway: true, isHeld: false, unitIds: [] }], log }
}

/** A slow lift is told in steps, none of which says anything by itself. */
const repeats = ({ repeats, lateness, moved }: Part) =>
  repeats * (PRIOR.slow - Math.log(Math.max(1, moved))) + lateness * PRIOR.late

type Place = { log: number; grams: number; scales: number }

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
function reached(part: Part, plan: ShelfPlan): Map<string, Place> {
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

const anywhere = (part: Part, { scales }: Surroundings): Place => ({
  log: sharing(part.byScale.size, part.moved) - Math.log(scales),
  grams: Math.abs(part.grams),
  scales: part.byScale.size
})

/** `more`: how unlikely each unit beyond the known ones is; without it there are no more. */
type Weighed = { productId: string; each: Product; place: Place; units?: Unit[]; more?: number }

/** The quantities of one product that come near the grams. */
function quantities({ each, place, units = [], more }: Weighed): { quantity: number; log: number }[] {
  const near = Math.round(place.grams / each.grams)
  const most = units.length === 0 ? MOST_UNITS : more === undefined ? units.length : units.length + 1
  return [near - 1, near, near + 1]
    .filter((quantity) => quantity >= 1 && quantity <= most)
    .map((quantity) => {
      const weighed = units.slice(0, quantity)
      const isKnownUnit = weighed.length === quantity
      const extra = units.length === 0 ? 0 : quantity - weighed.length
      const expected = isKnownUnit ? weighed.reduce((sum, unit) => sum + unit.grams, 0) : each.grams * quantity
      const { grams, toleranceGrams } = each
      const sigma = spreadOf({ grams, quantity, toleranceGrams, scales: place.scales, isKnownUnit })
      return {
        quantity,
        log: robust(place.grams - expected, sigma) + (quantity - 1) * PRIOR.more + extra * (more ?? 0) + place.log
      }
    })
}

function picks(part: Part, around: Surroundings): Explanation[] {
  const { plan, products, strays } = around
  const base = PRIOR.action + repeats(part)
  const found: Explanation[] = []
  const add = (weighed: Weighed, prior: number, how: Partial<Action>) => {
    for (const { quantity, log } of quantities(weighed)) {
      const unitIds = (weighed.units ?? []).slice(0, quantity).map((unit) => unit.id)
      found.push({
        actions: [{ productId: weighed.productId, quantity, isAway: false, isHeld: false, ...how, unitIds }],
        log: base + prior + log
      })
    }
  }
  for (const [productId, place] of reached(part, plan)) {
    const each = products.get(productId)
    if (each) add({ productId, each, place }, 0, {})
  }
  const lying = strays.filter((stray) => stray.machineId === part.machineId && Math.abs(stray.place - part.place) <= 1.5)
  const bySort = Map.groupBy(lying, (stray) => stray.productId)
  for (const [productId, units] of bySort) {
    const each = products.get(productId)
    const place = { ...anywhere(part, around), log: sharing(part.byScale.size, part.moved) - Math.log(3) }
    if (each) add({ productId, each, place, units, more: PRIOR.lost }, 0, { isAway: true })
  }
  const lifted = { prior: base + PRIOR.action - 2 * Math.log(3), isHeld: false }
  for (const pair of pairs(lying)) found.push(...together(part, pair, around, lifted))
  const nowhere = anywhere(part, around)
  for (const each of near(around.byGrams, nowhere.grams))
    add({ productId: each.productId, each, place: nowhere }, PRIOR.lost, { isAway: true })
  return found
}

/** Two different things in one go: what was put down at one place and is lifted together, or is held and put down together. */
function together(
  part: Part,
  [a, b]: [Unit, Unit],
  { products }: Surroundings,
  { prior, isHeld }: { prior: number; isHeld: boolean }
) {
  const [one, other] = [products.get(a.productId), products.get(b.productId)]
  if (!one || !other) return []
  const grams = Math.abs(part.grams)
  const scales = part.byScale.size
  const spread = (each: Product) => spreadOf({ ...each, quantity: 1, scales, isKnownUnit: true })
  const fit = robust(grams - a.grams - b.grams, Math.hypot(spread(one), spread(other)))
  const quantity = part.grams < 0 ? 1 : -1
  const action = (unit: Unit): Action => ({ productId: unit.productId, quantity, isAway: true, isHeld, unitIds: [unit.id] })
  return [{ actions: [action(a), action(b)], log: prior + fit + sharing(scales, part.moved) }]
}

/** The products that weigh about as much, of those in order of their weight. */
function near(byGrams: Product[], grams: number): Product[] {
  let low = 0
  for (let high = byGrams.length; low < high; ) {
    const middle = (low + high) >> 1
    if (byGrams[middle]!.grams < grams * 0.88) low = middle + 1
    else high = middle
  }
  const found: Product[] = []
  for (let n = low; n < byGrams.length && byGrams[n]!.grams <= grams * 1.12; n++) found.push(byGrams[n]!)
  return found.sort((a, b) => Math.abs(a.grams - grams) - Math.abs(b.grams - grams)).slice(0, 8)
}

function pairs<T extends Unit>(units: T[]): [T, T][] {
  return units
    .flatMap((a, n) =>
      units
        .slice(n + 1)
        .filter((b) => b.productId !== a.productId)
        .map((b): [T, T] => [a, b])
    )
    .slice(0, 20)
}

function placements(part: Part, around: Surroundings): Explanation[] {
  const { plan, products, held } = around
  const base = PRIOR.action + repeats(part)
  const found: Explanation[] = []
  const nowhere = anywhere(part, around)
  const add = (weighed: Weighed, prior: number, how: { isAway: boolean; isHeld: boolean }) => {
    for (const { quantity, log } of quantities(weighed)) {
      const unitIds = (weighed.units ?? []).slice(0, quantity).map((unit) => unit.id)
      const action = { productId: weighed.productId, quantity: -quantity, ...how, unitIds }
      found.push({ actions: [action], log: base + prior + log })
    }
  }
  const homes = reached(part, plan)
  const newest = held.toSorted((a, b) => b.id - a.id)
  for (const [productId, units] of Map.groupBy(held, (unit) => unit.productId)) {
    const each = products.get(productId)
    if (!each) continue
    const at = homes.get(productId)
    for (const order of orders(units)) {
      const age = PRIOR.older * Math.min(4, newest.indexOf(order[0]!))
      if (at) add({ productId, each, place: at, units: order }, PRIOR.home + age, { isAway: false, isHeld: true })
      add({ productId, each, place: nowhere, units: order }, PRIOR.away + age, { isAway: true, isHeld: true })
    }
  }
  const laid = { prior: base + PRIOR.action + 2 * PRIOR.away - Math.log(around.scales) - Math.log(3), isHeld: true }
  for (const pair of pairs(newest.slice(0, 6))) found.push(...together(part, pair, around, laid))
  for (const [productId, at] of homes) {
    const each = products.get(productId)
    if (each) add({ productId, each, place: at }, PRIOR.unheld - Math.log(products.size), { isAway: false, isHeld: false })
  }
  const [strange] = near(around.byGrams, nowhere.grams) // nobody is known to hold it, and it does not belong here
  const prior = PRIOR.unheld + PRIOR.away - Math.log(products.size)
  if (strange) add({ productId: strange.productId, each: strange, place: nowhere }, prior, { isAway: true, isHeld: false })
  return found
}

/** Each unit may be the first to be put back. */
const orders = (units: Unit[]): Unit[][] => units.slice(0, 6).map((unit) => [unit, ...units.filter((other) => other !== unit)])
