/** One person in the simulated store: the ways they walk, the things they reach for, and so where they and their hands are at any moment. */
import type { Person } from '#simulator/people.ts'
import type { Sight } from '#simulator/sights.ts'
import type { Point } from './canvas.ts'
import { type FloorPlan, LEFT_EDGE, RIGHT_EDGE, WIDTH } from './floor-plan.ts'

type Heading = 'up' | 'down' | 'left' | 'right'
type Leg = { fromMs: number; untilMs: number; placeId: string; from: Point; to: Point }
export type Reach = Pick<Extract<Sight, { sight: 'reach' }>, 'atMs' | 'kind' | 'skus'> & {
  placeId: string
  grip: Point
  isUpper: boolean
}
export type Walker = { person: Person; ordinal: number; legs: Leg[]; reaches: Reach[]; goneMs: number }

/** A hand's way out before it moves something, and back after. */
export const OUT_MS = 480
export const BACK_MS = 560
const STAYS_MS = 80
/** The part of a walk from one place to another that is seen at the first. */
const FIRST_PART = 0.4

const ease = (x: number) => (x <= 0 ? 0 : x >= 1 ? 1 : x * x * (3 - 2 * x))
const isTaking = ({ kind }: Reach) => kind === 'take' || kind === 'tidy'
const isSame = (a: Point, b: Point) => a.x === b.x && a.y === b.y

/** Goes to a point of a place, straight, or out of sight of one camera and into that of another. On the way there already, just goes on. */
export function walk(walker: Walker, plan: FloorPlan, { fromMs, untilMs, placeId, to }: Omit<Leg, 'from'>): void {
  const last = walker.legs.at(-1)
  if (last && last.placeId === placeId && isSame(last.to, to)) return
  const now = whereAt(walker, fromMs)
  walker.legs = walker.legs.filter((leg) => leg.fromMs <= fromMs)
  if (now?.placeId === placeId) return void walker.legs.push({ fromMs, untilMs, placeId, from: now, to })
  const order = (id: string) => plan.findIndex((place) => place.id === id)
  const isOnward = !now || order(placeId) > order(now.placeId)
  const isInSight = now && now.x > 0 && now.x < WIDTH
  const turnMs = isInSight ? fromMs + (untilMs - fromMs) * FIRST_PART : fromMs
  if (isInSight)
    walker.legs.push({ fromMs, untilMs: turnMs, placeId: now.placeId, from: now, to: isOnward ? RIGHT_EDGE : LEFT_EDGE })
  walker.legs.push({ fromMs: turnMs, untilMs, placeId, from: isOnward ? LEFT_EDGE : RIGHT_EDGE, to })
}

/** The place and the point somebody is at, or null before they came. */
export function whereAt({ legs }: Walker, ms: number): (Point & { placeId: string }) | null {
  const leg = legs.findLast(({ fromMs }) => fromMs <= ms)
  if (!leg) return null
  const part = ease((ms - leg.fromMs) / Math.max(1, leg.untilMs - leg.fromMs))
  return { placeId: leg.placeId, x: leg.from.x + (leg.to.x - leg.from.x) * part, y: leg.from.y + (leg.to.y - leg.from.y) * part }
}

/** Where somebody looks: the way they walk, or to what they reach for. */
export function headingAt({ legs, reaches }: Walker, ms: number): Heading {
  const leg = legs.findLast(({ fromMs }) => fromMs <= ms)
  if (leg && ms < leg.untilMs && !isSame(leg.from, leg.to)) {
    const [dx, dy] = [leg.to.x - leg.from.x, leg.to.y - leg.from.y]
    if (Math.abs(dx) > Math.abs(dy)) return dx > 0 ? 'right' : 'left'
    return dy > 0 ? 'down' : 'up'
  }
  const reach = reaches.findLast(({ atMs, placeId }) => atMs - 2 * OUT_MS <= ms && placeId === leg?.placeId)
  return reach ? (reach.isUpper ? 'up' : 'down') : 'right'
}

/** The outstretched hand: how far it is out (0 to 1), where it goes, and what is in it. */
export function handAt({ reaches }: Walker, ms: number): { out: number; grip: Point; skus: string[] } | null {
  const reach = reaches.find(({ atMs }) => ms >= atMs - OUT_MS && ms < atMs + BACK_MS)
  if (!reach) return null
  const sinceMs = ms - reach.atMs
  const out = sinceMs < 0 ? ease((sinceMs + OUT_MS) / (OUT_MS - STAYS_MS)) : 1 - ease((sinceMs - STAYS_MS) / (BACK_MS - STAYS_MS))
  return { out, grip: reach.grip, skus: isTaking(reach) === sinceMs >= 0 ? reach.skus : [] }
}

/** What somebody carries, in the order of taking. */
export function basketAt({ reaches }: Walker, ms: number): string[] {
  const basket: string[] = []
  for (const reach of reaches)
    if (isTaking(reach)) basket.push(...(ms >= reach.atMs + BACK_MS ? reach.skus : []))
    else if (reach.kind === 'put-back' && ms >= reach.atMs - OUT_MS)
      for (const sku of reach.skus) if (basket.includes(sku)) basket.splice(basket.lastIndexOf(sku), 1)
  return basket
}

/** What somebody has just done, for so long after it. */
export const justDone = ({ reaches }: Walker, ms: number, forMs: number): Reach | null =>
  reaches.findLast(({ atMs }) => atMs <= ms && ms < atMs + forMs) ?? null
