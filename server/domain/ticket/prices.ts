/**
 * What a line costs, pure: the lowest price its product had at a moment at which it may have been picked. A shopper pays no more than the
 * shelf said when he took it, whenever the ticket is reviewed.
 */
import type { Prices } from '#server/domain/catalog/actions.ts'

/** From when to when something happened, both included, in ms since the epoch. */
export type Moment = { fromMs: number; toMs: number }
/** When each weight change that took something away happened, by its id; and how long the visit lasted. */
export type Moments = { picks: ReadonlyMap<string, Moment>; stay: Moment }

/** The price of one unit in minor units. Without a pick among its weight changes it may have been taken at any time of the visit. */
export function linePrice(prices: Prices, weightChangeIds: string[], { picks, stay }: Moments): number {
  const own = weightChangeIds.flatMap((id) => picks.get(id) ?? [])
  return Math.min(...(own.length > 0 ? own : [stay]).map((moment) => lowestPrice(prices, moment)))
}

/** The lowest price that held at some moment of these: each holds until the next begins, the last one still. */
function lowestPrice({ now, past }: Prices, { fromMs, toMs }: Moment): number {
  const ends = [...past, { untilMs: Number.POSITIVE_INFINITY, priceMinor: now }]
  const held = ends.filter(({ untilMs }, n) => untilMs > fromMs && (n === 0 || ends[n - 1]!.untilMs <= toMs))
  return Math.min(...held.map(({ priceMinor }) => priceMinor))
}
