/** What a stop on somebody's way says of what was done there, pure: most stop to take something, and walk on soon after the last. */

/**
 * Where somebody stood still on the way; `endMs` is when they walked on, or were last seen there (`isOver` false). It was done between
 * `fromMs` and `toMs`, if there.
 */
export type Stop = { key: string; endMs: number; isOver: boolean; fromMs: number; toMs: number }

/** A stop at which something is taken is so much likelier than one without; a second thing at one stop is less usual than the first. */
const STOP = { first: 2.5, more: 0.6 }
/**
 * How long after the last thing people walk on: most when the hand is back, some stay and look (their mean, ms); against those who take
 * nothing, who may walk on at any time.
 */
const LEAVING = { quick: { share: 0.7, peakMs: 800 }, slow: { meanMs: 6000 }, anytimeMs: 7500, least: 1e-4 }
/** The time in which a thing was done is looked at in so many pieces. */
const PIECES = 8

/** How many times likelier a stop becomes, where these things were done, by one more: people walk on soon after the last. */
export function oddsOfStop(done: Stop[], more: Stop): number {
  const [first] = done
  if (!first) return STOP.first * leaving(more)
  let last = first
  for (const each of done) if (middleOf(each) > middleOf(last)) last = each
  return middleOf(more) > middleOf(last) ? (STOP.more * leaving(more)) / leaving(last) : STOP.more
}

/** Of the time in which it was done, twice. */
const middleOf = ({ fromMs, toMs }: Stop): number => fromMs + toMs

/** The same stops are weighed a hundred times with this and that done at them. */
const known = new WeakMap<Stop, number>()

/** How likely somebody walked on just then, or stood there still, who did the last thing somewhen between the two times. */
function leaving(stop: Stop): number {
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
