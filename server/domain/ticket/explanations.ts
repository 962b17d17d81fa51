/**
 * What one part may have been, pure: products and quantities that explain its grams where it lies, each with the logarithm of how likely it
 * is. Picks come from facings, from where something was put back wrongly, or from nowhere known; what is put back is what somebody holds.
 */
import { robust, sharing, spreadOf, spreadOfKnown, type WeighedUnit, wandering } from './likelihood.ts'
import type { Part } from './parts.ts'
import type { Product, ShelfPlan } from './shelf-plan.ts'
import { type Action, type Explanation, Shortlist } from './shortlist.ts'
import { type Place, reached } from './standing.ts'

/** A unit that left a shelf: `grams` as weighed then, by the scales of the part in which it was picked (null: before this story). */
export type Unit = { id: number; productId: string; grams: number; pickedIn: { part: Part } | null }
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

const PRIOR = {
  action: Math.log(0.04), // that something is done here and now
  more: Math.log(0.12), // each further unit in the same hand
  touch: Math.log(0.01) - Math.log(400), // a scale that goes and comes back
  late: Math.log(0.2), // each interval that one of its steps comes later than the next reading
  slow: Math.log(0.15), // a lift that takes longer than a reading
  gap: Math.log(0.1), // a scale between those that it moved did not move with them
  lost: Math.log(0.004), // a product that has no facing here and was not put back here
  unknown: Math.log(0.0004), // no product of the catalogue
  home: Math.log(0.5), // what is put back goes where it came from
  away: Math.log(0.4),
  older: Math.log(0.45), // what is put back is mostly what was taken last
  unheld: Math.log(0.02) // nobody inside holds one
}
const MOST_UNITS = 24
const UNKNOWN_RANGE_GRAMS = 3000

/** The likely explanations of a part, best first; always some. */
export function explain(part: Part, around: Surroundings): Explanation[] {
  const found = new Shortlist(alone(part, around))
  if (!part.isMixed && part.grams < 0) strayPicks(found, part, around)
  if (!part.isMixed && part.grams > 0) placements(found, part, around)
  return found.likeliest()
}

const alike = new WeakMap<Part, Explanation[]>()

/** What explains a part whatever is held and lies about: the same in every story, so it is looked for once. */
function alone(part: Part, around: Surroundings): Explanation[] {
  const before = alike.get(part)
  if (before) return before
  const found = new Shortlist()
  found.add(nothing(part))
  if (!part.isMixed && part.grams !== 0) {
    found.add(unknown(part, around))
    if (part.grams < 0) picks(found, part, around)
    else unheldPlacements(found, part, around)
  }
  const likeliest = found.likeliest()
  alike.set(part, likeliest)
  return likeliest
}

/** Nobody took anything: readings wander, a hand leans on a shelf and lets go. */
function nothing({ byScale, sigmas, repeats }: Part): Explanation {
  let log = repeats * PRIOR.touch
  for (const [id, grams] of byScale) log += wandering(grams, sigmas.get(id)!)
  return { actions: [], log }
}

function unknown(part: Part, { scales }: Surroundings): Explanation {
  const spread = sharing(part.byScale.size, part.moved) + oddity(part)
  const log = PRIOR.action + PRIOR.unknown - Math.log(scales) - Math.log(UNKNOWN_RANGE_GRAMS) + spread
  return { actions: [{ productId: null, quantity: part.grams < 0 ? 1 : -1, isAway: true, isHeld: false, unitIds: [] }], log }
}

/** A slow lift is told in steps, none of which says anything by itself; one hand moves neighbours. */
const oddity = ({ repeats, lateness, moved, gaps }: Part) =>
  repeats * (PRIOR.slow - Math.log(Math.max(1, moved))) + lateness * PRIOR.late + gaps * PRIOR.gap

const anywhere = (part: Part, { scales }: Surroundings): Place => ({
  log: sharing(part.byScale.size, part.moved) - Math.log(scales),
  grams: Math.abs(part.grams),
  scales: part.byScale.size
})

/** `units`: the known ones it may have been, in their order; `more`: how unlikely each unit beyond them is, without it there are no more. */
type Weighed = { each: Product; place: Place; units?: Unit[]; more?: number; prior: number; isAway: boolean; isHeld: boolean }
const NO_UNITS: Unit[] = []

/** The quantities of one product that come near the grams. */
function weigh(found: Shortlist, part: Part, { each, place, units = NO_UNITS, more, prior, isAway, isHeld }: Weighed): void {
  const { productId, grams, toleranceGrams } = each
  const near = Math.round(place.grams / grams)
  const most = units.length === 0 ? MOST_UNITS : more === undefined ? units.length : units.length + 1
  const base = PRIOR.action + oddity(part) + prior + place.log
  for (let quantity = Math.max(1, near - 1); quantity <= Math.min(near + 1, most); quantity++) {
    const isKnownUnit = quantity <= units.length
    let expected = isKnownUnit ? 0 : grams * quantity
    if (isKnownUnit) for (let n = 0; n < quantity; n++) expected += units[n]!.grams
    const extra = units.length === 0 || isKnownUnit ? 0 : quantity - units.length
    const sigma = isKnownUnit
      ? spreadOfKnown(
          units.slice(0, quantity).map((unit) => weighedBefore(unit, part)),
          place.scales
        )
      : spreadOf({ grams, quantity, toleranceGrams, scales: place.scales })
    const log = base + robust(place.grams - expected, sigma) + (quantity - 1) * PRIOR.more + extra * (more ?? 0)
    if (!found.isWorth(log)) continue
    const unitIds = units.slice(0, quantity).map((unit) => unit.id)
    found.add({ actions: [{ productId, quantity: part.grams < 0 ? quantity : -quantity, isAway, isHeld, unitIds }], log })
  }
}

function picks(found: Shortlist, part: Part, around: Surroundings): void {
  for (const [productId, place] of reached(part, around.plan)) {
    const each = around.products.get(productId)
    if (each) weigh(found, part, { each, place, prior: 0, isAway: false, isHeld: false })
  }
  const nowhere = anywhere(part, around)
  for (const each of near(around.byGrams, nowhere.grams))
    weigh(found, part, { each, place: nowhere, prior: PRIOR.lost, isAway: true, isHeld: false })
}

/** What was put back wrongly, near there. */
function strayPicks(found: Shortlist, part: Part, around: Surroundings): void {
  const lying = around.strays.filter(
    ({ machineId, place }) => machineId === part.machineId && Math.abs(place - part.place) <= 1.5
  )
  if (lying.length === 0) return
  const place = { ...anywhere(part, around), log: sharing(part.byScale.size, part.moved) - Math.log(3) }
  for (const [productId, units] of Map.groupBy(lying, (stray) => stray.productId)) {
    const each = around.products.get(productId)
    if (each) weigh(found, part, { each, place, units, more: PRIOR.lost, prior: 0, isAway: true, isHeld: false })
  }
  const prior = 2 * PRIOR.action + oddity(part) - 2 * Math.log(3)
  for (const pair of pairs(lying)) together(found, part, pair, around, { prior, isHeld: false })
}

/** Two different things in one go: what was put down at one place and is lifted together, or is held and put down together. */
function together(
  found: Shortlist,
  part: Part,
  [a, b]: [Unit, Unit],
  { products }: Surroundings,
  { prior, isHeld }: { prior: number; isHeld: boolean }
): void {
  if (!products.has(a.productId) || !products.has(b.productId)) return
  const scales = part.byScale.size
  const sigma = spreadOfKnown([weighedBefore(a, part), weighedBefore(b, part)], scales)
  const fit = robust(Math.abs(part.grams) - a.grams - b.grams, sigma)
  const log = prior + fit + sharing(scales, part.moved)
  if (!found.isWorth(log)) return
  const quantity = part.grams < 0 ? 1 : -1
  const action = (unit: Unit): Action => ({ productId: unit.productId, quantity, isAway: true, isHeld, unitIds: [unit.id] })
  found.add({ actions: [action(a), action(b)], log })
}

/** Where a unit was weighed when it was taken, held against where it is now. */
function weighedBefore({ grams, pickedIn }: Unit, part: Part): WeighedUnit {
  if (!pickedIn) return { grams, scales: 1, familiar: 0 }
  const { machineId, byScale } = pickedIn.part
  if (machineId !== part.machineId) return { grams, scales: byScale.size, familiar: 0 }
  let same = 0
  for (const [id, here] of part.byScale) if (byScale.has(id)) same += Math.abs(here)
  return { grams, scales: byScale.size, familiar: same / part.moved }
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

const MOST_PAIRS = 20

/** Of different products. */
function pairs<T extends Unit>(units: T[]): [T, T][] {
  const found: [T, T][] = []
  for (const [n, a] of units.entries())
    for (let m = n + 1; m < units.length && found.length < MOST_PAIRS; m++)
      if (units[m]!.productId !== a.productId) found.push([a, units[m]!])
  return found
}

/** What somebody inside holds. */
function placements(found: Shortlist, part: Part, around: Surroundings): void {
  const { plan, products, held } = around
  if (held.length === 0) return
  const nowhere = anywhere(part, around)
  const homes = reached(part, plan)
  const newest = held.toSorted((a, b) => b.id - a.id)
  for (const [productId, units] of Map.groupBy(held, (unit) => unit.productId)) {
    const each = products.get(productId)
    if (!each) continue
    const at = homes.get(productId)
    for (const order of orders(units)) {
      const age = PRIOR.older * Math.min(4, newest.indexOf(order[0]!))
      if (at) weigh(found, part, { each, place: at, units: order, prior: PRIOR.home + age, isAway: false, isHeld: true })
      weigh(found, part, { each, place: nowhere, units: order, prior: PRIOR.away + age, isAway: true, isHeld: true })
    }
  }
  const prior = 2 * PRIOR.action + oddity(part) + 2 * PRIOR.away - Math.log(around.scales) - Math.log(3)
  for (const pair of pairs(newest.slice(0, 6))) together(found, part, pair, around, { prior, isHeld: true })
}

/** What nobody is known to hold: it belongs there, or does not even that. */
function unheldPlacements(found: Shortlist, part: Part, around: Surroundings): void {
  const prior = PRIOR.unheld - Math.log(around.products.size)
  for (const [productId, place] of reached(part, around.plan)) {
    const each = around.products.get(productId)
    if (each) weigh(found, part, { each, place, prior, isAway: false, isHeld: false })
  }
  const nowhere = anywhere(part, around)
  const [strange] = near(around.byGrams, nowhere.grams)
  if (strange) weigh(found, part, { each: strange, place: nowhere, prior: prior + PRIOR.away, isAway: true, isHeld: false })
}

/** Each unit may be the first to be put back. */
const orders = (units: Unit[]): Unit[][] => units.slice(0, 6).map((unit) => [unit, ...units.filter((other) => other !== unit)])
