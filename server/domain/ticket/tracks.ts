/**
 * What a people tracker tells of who did what, pure. Tracks are bound to visits by when they begin and end, and where; then each visit has a
 * way through the store, with stops on it, and reaches what is near.
 */
import type { Part } from './parts.ts'
import type { Stop } from './stopping.ts'

export type Spot = { x: number; y: number }
export type Sight = Spot & { atMs: number }
export type TrackedVisit = { fromMs: number; toMs: number | null; entry: Spot | null }
/** `null` where no track is bound to the visit. */
export type Way = Sight[] | null

/** How far people stand from where one reaches a scale, metres. */
const REACH_METRES = 0.22
/** Who walks by seldom takes anything: people stop for it. */
const WALKING = 0.1
/** Somebody may stretch, and trackers err. */
const FARTHEST = 0.004
/** Of whom nothing was seen, nothing is known. */
const UNSEEN = 0.25
/** Who is on a stop stays within so many metres of its middle, for so long. */
const STOP = { metres: 0.25, leastMs: 800 }
/** A track begins and ends within so many ms of its visit, or is not its. */
const APART_MS = 8000
const DOOR_METRES = 1.5

/** Binds each visit to the track that fits it best; no track to two visits. */
export function bindTracks(visits: TrackedVisit[], tracks: Map<string, Sight[]>): Way[] {
  const fits = visits.flatMap((visit, n) =>
    [...tracks].flatMap(([trackId, way]) => {
      const cost = misfit(visit, way)
      return cost === null ? [] : [{ n, trackId, way, cost }]
    })
  )
  fits.sort((a, b) => a.cost - b.cost)
  const ways: Way[] = visits.map(() => null)
  const bound = new Set<string>()
  for (const { n, trackId, way } of fits) {
    if (ways[n] || bound.has(trackId)) continue
    ways[n] = way
    bound.add(trackId)
  }
  return ways
}

/** How badly a track fits a visit; null: not at all. */
function misfit({ fromMs, toMs, entry }: TrackedVisit, way: Sight[]): number | null {
  const [first, last] = [way[0]!, way.at(-1)!]
  const late = Math.abs(first.atMs - fromMs)
  const over = toMs === null ? 0 : Math.abs(last.atMs - toMs)
  if (late > APART_MS || over > APART_MS || (toMs !== null && first.atMs > toMs)) return null
  const near = entry ? Math.hypot(first.x - entry.x, first.y - entry.y) / DOOR_METRES : 0
  return (late + over) / 1000 + near
}

/** How likely each visit was to reach a part then: by where it stood meanwhile. Null where the part is on no floor plan. */
export function reachOf(ways: Way[], spots: ReadonlyMap<string, Spot>): (part: Part) => number[] | null {
  const stops = ways.map((way) => (way ? stopsOn(way) : []))
  const isStill = (visit: number, atMs: number) => stops[visit]!.some(({ fromMs, endMs }) => fromMs <= atMs && endMs >= atMs)
  return (part) => {
    const spot = middleOf(part, spots)
    if (!spot) return null
    return ways.map((way, visit) => {
      const seen = way ? between(way, part.fromMs, part.atMs + 200) : []
      if (!way) return UNSEEN
      if (seen.length === 0) return FARTHEST
      const near = seen.map((sight) => closeness(sight, spot) * (isStill(visit, sight.atMs) ? 1 : WALKING) + FARTHEST)
      return near.reduce((sum, each) => sum + each, 0) / near.length
    })
  }
}

/** 1 where one stands to reach a spot, less the further away. */
const closeness = ({ x, y }: Spot, spot: Spot) => Math.exp(-0.5 * (Math.hypot(x - spot.x, y - spot.y) / REACH_METRES) ** 2)

function middleOf({ machineId, byScale }: Part, spots: ReadonlyMap<string, Spot>): Spot | null {
  let [x, y, weight] = [0, 0, 0]
  for (const [scaleId, grams] of byScale) {
    const spot = spots.get(`${machineId}/${scaleId}`)
    if (!spot) continue
    x += spot.x * Math.abs(grams)
    y += spot.y * Math.abs(grams)
    weight += Math.abs(grams)
  }
  return weight > 0 ? { x: x / weight, y: y / weight } : null
}

function between(way: Sight[], fromMs: number, toMs: number): Sight[] {
  let low = 0
  for (let high = way.length; low < high; ) {
    const middle = (low + high) >> 1
    if (way[middle]!.atMs < fromMs) low = middle + 1
    else high = middle
  }
  const found: Sight[] = []
  for (let n = low; n < way.length && way[n]!.atMs <= toMs; n++) found.push(way[n]!)
  return found
}

/** At which stop of its way each visit was during a part, and when; of several, where it was nearest to it the longest. */
export function stopsOf(ways: Way[], spots: ReadonlyMap<string, Spot>): (part: Part) => (Stop | null)[] {
  const all = ways.map((way, n) => (way ? stopsOn(way).map((stop, k) => ({ ...stop, key: `${n}/${k}` })) : []))
  return (part) => {
    const spot = middleOf(part, spots)
    return all.map((stops, n) => {
      let most: { stop: Stop; near: number } | null = null
      for (const { key, fromMs, endMs, isOver } of stops) {
        if (fromMs > part.atMs || endMs < part.fromMs) continue
        const span = { fromMs: Math.max(fromMs, part.fromMs), toMs: Math.min(endMs, part.atMs) }
        const near = spot ? between(ways[n]!, span.fromMs, span.toMs).reduce((sum, sight) => sum + closeness(sight, spot), 0) : 0
        if (!most || near > most.near) most = { stop: { key, endMs, isOver, ...span }, near }
      }
      return most?.stop ?? null
    })
  }
}

type Stay = { fromMs: number; endMs: number; isOver: boolean }

function stopsOn(way: Sight[]): Stay[] {
  const stops: Stay[] = []
  let first = 0
  let [x, y] = [0, 0] // of the stop so far, summed
  for (let n = 0; n <= way.length; n++) {
    const here = way[n]
    const seen = n - first
    if (here && (seen === 0 || Math.hypot(here.x - x / seen, here.y - y / seen) < STOP.metres)) {
      x += here.x
      y += here.y
      continue
    }
    if (seen > 0 && way[n - 1]!.atMs - way[first]!.atMs >= STOP.leastMs)
      stops.push({ fromMs: way[first]!.atMs, endMs: way[n - 1]!.atMs, isOver: here !== undefined })
    if (!here) break
    first = n
    ;[x, y] = [here.x, here.y]
  }
  return stops
}
