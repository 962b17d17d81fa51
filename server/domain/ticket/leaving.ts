/** How soon people walk on once they have what they came for, pure. */
import type { Stop } from './stopping.ts'

/**
 * How long after the last thing people walk on: most when the hand is back, some stay and look (their mean, ms); against those who take
 * nothing, who may walk on at any time.
 */
const LEAVING = { quick: { share: 0.7, peakMs: 800 }, slow: { meanMs: 6000 }, anytimeMs: 7500, least: 1e-4 }
/** The time in which a thing was done is looked at in so many pieces. */
const PIECES = 8

/** The same stops are weighed a hundred times with this and that done at them. */
const known = new WeakMap<Stop, number>()

/** How likely somebody walked on just then, or stood there still, who did the last thing somewhen between the two times. */
export function leaving(stop: Stop): number {
  const before = known.get(stop)
  if (before !== undefined) return before
  const { fromMs, toMs, endMs, isOver } = stop
  let sum = 0
  for (let n = 0; n < PIECES; n++) {
    const ms = endMs - fromMs - ((n + 0.5) / PIECES) * (toMs - fromMs)
    sum += isOver ? left(ms) : staying(ms)
  }
  const density = Math.max(LEAVING.least, sum / PIECES)
  known.set(stop, density)
  return density
}

function left(ms: number): number {
  const { quick, slow, anytimeMs } = LEAVING
  if (ms < 0) return 0
  const soon = (quick.share * ms * Math.exp(-ms / quick.peakMs)) / quick.peakMs ** 2
  return anytimeMs * (soon + ((1 - quick.share) * Math.exp(-ms / slow.meanMs)) / slow.meanMs)
}

/** The same of who has not left after so long. */
function staying(ms: number): number {
  const { quick, slow, anytimeMs } = LEAVING
  const after = Math.max(0, ms)
  const soon = quick.share * (1 + after / quick.peakMs) * Math.exp(-after / quick.peakMs)
  return (soon + (1 - quick.share) * Math.exp(-after / slow.meanMs)) * Math.exp(after / anytimeMs)
}
