/**
 * Movements are inferred by a follower of the event log: whenever a shelf or a door says something, everything since the store was last
 * empty is looked at again. What has not changed since is remembered (the trail) and not told anew. What is written depends on the facts
 * alone, so that a message told twice, or a run cut short by a crash, changes nothing; the cursor moves in the transaction of its effects.
 */
import { type Context, type Tx, takeEvents } from '#server/context.ts'
import { storeLayout } from '#server/domain/catalog/actions.ts'
import { allSpots, type ShelfFacts, shelfFacts } from '#server/domain/iot/actions.ts'
import {
  lastRefillAt,
  scannerSpots,
  sightingsDuring,
  staysAround,
  type VisitStay,
  wasAnybodyInside
} from '#server/domain/user/actions.ts'
import type { EventRow } from '#server/platform/event-log.ts'
import { storyWith } from './hypotheses.ts'
import { infer, type Trail } from './inference.ts'
import { tellCarts } from './live-cart.ts'
import { lyingBefore, replaceMovements, type Span, takeAway } from './movement-rows.ts'
import type { Part } from './parts.ts'
import { type ShelfPlan, shelfPlan } from './shelf-plan.ts'
import { stepsOf } from './shelf-steps.ts'
import { bindTracks, reachOf, type Sight, stopsOf } from './tracks.ts'
import { takenFromOlder } from './verdict.ts'

const FOLLOWER = 'infer-movements'
/** No further back than this, however long the store has not been empty. */
const LONGEST_MS = 2 * 3_600_000
/** What a machine says after a visit may still be of it. */
const AFTER_MS = 15_000
const USUAL_INTERVAL_MS = 1000

const trails = new WeakMap<Context, Trail>()
const figures = new WeakMap<Context, (seconds: number) => void>()

/** Takes one page of the event log; returns how many events it held, 0 when it is at the end. */
export function inferMovements(ctx: Context): Promise<number> {
  return takeEvents(ctx, {
    follower: FOLLOWER,
    async concerns(events) {
      const span = spanOf(events)
      return span !== null && wasAnybodyInside(ctx.db, span) // else nobody moved anything for a cart
    },
    take: (tx, events) => inferSpan(ctx, tx, spanOf(events)!)
  }).catch((error) => {
    trails.delete(ctx)
    throw error
  })
}

/** The time of which these events say something new; null when of none. */
function spanOf(events: EventRow[]): Span | null {
  const times = events.flatMap(({ name, payload }) => {
    if (name.startsWith('weight-change.') || name === 'shelf.stirred')
      return [payload.occurredFrom ?? payload.occurredAt, payload.occurredAt]
    if (name === 'visit.opened') return [payload.enteredAt]
    if (name === 'visit.closed') return [payload.exitedAt]
    return []
  })
  const ms = times.map((time) => Date.parse(String(time))).filter((time) => !Number.isNaN(time))
  return ms.length === 0 ? null : { from: new Date(Math.min(...ms)), to: new Date(Math.max(...ms)) }
}

async function inferSpan(ctx: Context, tx: Tx, dirty: Span): Promise<void> {
  const around = await staysAround(tx.db, { ...dirty, longestMs: LONGEST_MS })
  if (around.stays.length === 0) return // who was there a moment ago was forgotten meanwhile
  const span = { from: around.from, to: new Date(Math.max(around.to.getTime(), ctx.clock.now().getTime()) + AFTER_MS) }
  const facts = await shelfFacts(tx.db, span)
  await ctx.precedence.giveWay()
  const shop = await shopOf(tx, facts)
  const since = (await lastRefillAt(tx.db)) ?? new Date(0)
  const lying = await lyingBefore(tx.db, { before: span.from, since })
  const strays = lying.flatMap(({ id, unitGrams, quantity, ...where }) =>
    Array.from({ length: -quantity }, () => ({ ...where, grams: unitGrams, source: id }))
  )
  const stays = around.stays.map(({ enteredAt, exitedAt }) => ({
    fromMs: enteredAt.getTime(),
    toMs: exitedAt?.getTime() ?? null
  }))
  const isInside = (part: Part) =>
    stays.map(({ fromMs, toMs }) => (part.atMs >= fromMs && (toMs === null || part.fromMs <= toMs) ? 1 : 0))
  const steps = stepsOf(
    facts.changes.map(({ occurredFrom, occurredAt, ...change }) => ({
      ...change,
      fromMs: occurredFrom.getTime(),
      atMs: occurredAt.getTime()
    })),
    facts.shifts.map(({ beforeGrams, afterGrams, occurredAt, ...shift }) => ({
      ...{ ...shift, before: beforeGrams, after: afterGrams },
      atMs: occurredAt.getTime()
    })),
    shop
  )
  const trail = trailOf(ctx, JSON.stringify([span.from, strays, shop.version]))
  await ctx.precedence.giveWay()
  const seen = await witness(tx, { span, visits: around.stays })
  const reach = (part: Part) => {
    const near = seen?.reach(part)
    const inside = isInside(part)
    return near ? inside.map((is, n) => is * near[n]!) : inside
  }
  await ctx.precedence.giveWay()
  const startedMs = performance.now()
  const { movements, stories } = infer(
    steps,
    { ...shop, stays, reach, ...(seen && { stops: seen.stops }) },
    { before: storyWith(strays, stays.length), trail }
  )
  figureOf(ctx)((performance.now() - startedMs) / 1000)
  await ctx.precedence.giveWay()
  await takeAway(tx, takenFromOlder(stories[0]!.units), span.from)
  const visitIds = around.stays.map(({ visitId }) => visitId)
  const changes = facts.changes.map(({ id, grams }) => ({ id, grams }))
  const news = await replaceMovements(tx, span, { movements, visitIds, changes })
  if (news.machineIds.length > 0) tx.emit('movements.inferred', news)
  await tellCarts(tx, news.visitIds)
}

/** What a people tracker saw of these visits; null without one, or without a floor plan. */
async function witness(tx: Tx, { span, visits }: { span: Span; visits: VisitStay[] }) {
  const sightings = await sightingsDuring(tx.db, span)
  if (sightings.length === 0) return null
  const spots = new Map((await allSpots(tx.db)).map(({ machineId, scaleId, x, y }) => [`${machineId}/${scaleId}`, { x, y }]))
  if (spots.size === 0) return null
  const doors = await scannerSpots(tx.db)
  const tracks = new Map<string, Sight[]>()
  for (const { at, people } of sightings)
    for (const { trackId, x, y } of people) {
      const way = tracks.get(trackId) ?? []
      tracks.set(trackId, way)
      way.push({ atMs: at.getTime(), x, y })
    }
  const ways = bindTracks(
    visits.map(({ enteredAt, exitedAt, entryScannerId }) => ({
      fromMs: enteredAt.getTime(),
      toMs: exitedAt?.getTime() ?? null,
      entry: doors.get(entryScannerId ?? '') ?? null
    })),
    tracks
  )
  return { reach: reachOf(ways, spots), stops: stopsOf(ways, spots) }
}

/** How long one look takes: at all that was moved since the store was last empty, as far as it is not remembered. */
function figureOf(ctx: Context): (seconds: number) => void {
  const known = figures.get(ctx)
  if (known) return known
  const figure = ctx.metrics.histogram(
    'niflr_inference_seconds',
    'Time to infer who moved what, each time a shelf or a door said something',
    [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5]
  )
  const observe = (seconds: number) => figure.observe(seconds)
  figures.set(ctx, observe)
  return observe
}

function trailOf(ctx: Context, base: string): Trail {
  const known = trails.get(ctx)
  if (known?.base === base) return known
  const trail = { base, told: [] }
  trails.set(ctx, trail)
  return trail
}

/** What stands where, how often machines report and how much their scales scatter; `version` names the catalogue it was made of. */
async function shopOf(tx: Tx, { scales, intervals }: ShelfFacts) {
  const { products, facings } = await storeLayout(tx.db)
  const facingsBy = Map.groupBy(facings, (facing) => facing.machineId)
  const plans = new Map<string, ShelfPlan>()
  for (const [machineId, own] of Map.groupBy(scales, (scale) => scale.machineId))
    plans.set(
      machineId,
      shelfPlan(
        machineId,
        own.map((scale) => scale.scaleId),
        facingsBy.get(machineId) ?? []
      )
    )
  const sigmas = new Map(scales.map(({ machineId, scaleId, noiseGrams }) => [`${machineId}/${scaleId}`, noiseGrams]))
  return {
    plans,
    products: new Map(
      products.map(({ id, weightGrams, weightToleranceGrams }) => [
        id,
        { productId: id, grams: weightGrams, toleranceGrams: weightToleranceGrams }
      ])
    ),
    intervalMs: (machineId: string) => intervals.get(machineId) ?? USUAL_INTERVAL_MS,
    sigmaGrams: (machineId: string, scaleId: string) => Math.round(sigmas.get(`${machineId}/${scaleId}`) ?? 0),
    version: JSON.stringify([facings, products.map(({ id, version }) => [id, version])])
  }
}
