/**
 * From raw load-cell samples to settled levels. Samples are averaged into blocks of 100 ms; a level is settled once the blocks of the
 * last 500 ms lie within the noise of each other (contract §6). A hand that presses, a bottle that rings down or a bag set down with a
 * thump never settle; what stays does. The plateau is the scale's own memory and is changed in place: 60 Hz of 1 200 scales pass here.
 */

/** `ring` and `ends`: the mean (grams) and the end (ms) of the last blocks; `heardMs`: the end of the last sample. */
export type Plateau = {
  sum: number
  count: number
  ring: Float64Array
  ends: Float64Array
  blocks: number
  heardMs: number
  isSettled: boolean
  saidMs: number
}
export type Level = { grams: number; atMs: number; startedMs: number }
export type SampleRun = {
  samples: ArrayLike<number | null>
  firstMs: number
  rateHz: number
  toleranceGrams: number
  baselineGrams: number | null
}

const BLOCK_MS = 100
const WINDOW_BLOCKS = 5
const RING = 64
const REPEAT_MS = 1000
const GAP_MS = 1000

export function newPlateau(): Plateau {
  const never = Number.NEGATIVE_INFINITY
  return {
    sum: 0,
    count: 0,
    ring: new Float64Array(RING),
    ends: new Float64Array(RING),
    blocks: 0,
    heardMs: never,
    isSettled: false,
    saidMs: never
  }
}

/** Feeds samples (grams, oldest first) and returns the levels that settled in them, each said once and then once a second. */
export function feed(plateau: Plateau, run: SampleRun): Level[] {
  const stepMs = 1000 / run.rateHz
  const size = Math.max(1, Math.round(BLOCK_MS / stepMs))
  const levels: Level[] = []
  for (let i = 0; i < run.samples.length; i++) {
    const grams = run.samples[i]
    if (grams === null || grams === undefined) continue
    const startMs = run.firstMs + i * stepMs
    if (Math.abs(startMs - plateau.heardMs) > GAP_MS) forget(plateau)
    plateau.heardMs = startMs + stepMs
    plateau.sum += grams
    if (++plateau.count < size) continue
    close(plateau)
    const level = settle(plateau, run, size * stepMs)
    if (level) levels.push(level)
  }
  return levels
}

function forget(plateau: Plateau): void {
  plateau.sum = 0
  plateau.count = 0
  plateau.blocks = 0
  plateau.isSettled = false
}

function close(plateau: Plateau): void {
  plateau.ring[plateau.blocks % RING] = plateau.sum / plateau.count
  plateau.ends[plateau.blocks % RING] = plateau.heardMs
  plateau.blocks += 1
  plateau.sum = 0
  plateau.count = 0
}

function settle(plateau: Plateau, run: SampleRun, blockMs: number): Level | null {
  const window = Math.max(2, Math.ceil((WINDOW_BLOCKS * BLOCK_MS) / blockMs - 1e-9))
  if (plateau.blocks < window) return null
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  let sum = 0
  for (let back = 1; back <= window; back++) {
    const block = plateau.ring[(plateau.blocks - back) % RING]!
    low = Math.min(low, block)
    high = Math.max(high, block)
    sum += block
  }
  const wasSettled = plateau.isSettled
  plateau.isSettled = high - low <= run.toleranceGrams
  if (!plateau.isSettled || (wasSettled && plateau.heardMs - plateau.saidMs < REPEAT_MS)) return null
  plateau.saidMs = plateau.heardMs
  const grams = Math.round(sum / window)
  return { grams, atMs: plateau.heardMs, startedMs: onset(plateau, { grams, window, blockMs, baselineGrams: run.baselineGrams }) }
}

/** When the old level was left for good: the end of the last block nearer to the baseline than to the new level, else the start of the window. */
function onset(plateau: Plateau, at: { grams: number; window: number; blockMs: number; baselineGrams: number | null }): number {
  const known = Math.min(plateau.blocks, RING)
  for (let back = at.window + 1; at.baselineGrams !== null && back <= known; back++) {
    const n = (plateau.blocks - back) % RING
    if (Math.abs(plateau.ring[n]! - at.baselineGrams) <= Math.abs(at.grams - plateau.ring[n]!)) return plateau.ends[n]!
  }
  return plateau.heardMs - at.window * at.blockMs
}
