/**
 * From raw load-cell samples to settled levels. Samples are averaged into blocks of 100 ms; a level is settled once the blocks of the
 * last 500 ms lie within the noise of each other (contract §6). A hand that presses, a bottle that rings down or a bag set down with a
 * thump never settle; what stays does. The plateau is the scale's own memory and is changed in place: 60 Hz of 1 200 scales pass here.
 */

export type Plateau = { sum: number; count: number; ring: Float64Array; blocks: number; endMs: number; isSettled: boolean; saidMs: number }
export type Level = { grams: number; atMs: number; startedMs: number }
export type SampleRun = { samples: ArrayLike<number | null>; firstMs: number; rateHz: number; toleranceGrams: number; baselineGrams: number | null }

const BLOCK_MS = 100
const WINDOW_BLOCKS = 5
const RING = 64
const REPEAT_MS = 1000
const GAP_MS = 1000

export function newPlateau(): Plateau {
  return { sum: 0, count: 0, ring: new Float64Array(RING), blocks: 0, endMs: Number.NEGATIVE_INFINITY, isSettled: false, saidMs: Number.NEGATIVE_INFINITY }
}

/** Feeds samples (grams, oldest first) and returns the levels that settled in them, each said once and then once a second. */
export function feed(plateau: Plateau, run: SampleRun): Level[] {
  const stepMs = 1000 / run.rateHz
  const size = Math.max(1, Math.round(BLOCK_MS / stepMs))
  const levels: Level[] = []
  if (Math.abs(run.firstMs - plateau.endMs) > GAP_MS) forget(plateau)
  for (let i = 0; i < run.samples.length; i++) {
    const grams = run.samples[i]
    if (grams === null || grams === undefined) continue
    plateau.sum += grams
    if (++plateau.count < size) continue
    close(plateau, run.firstMs + (i + 1) * stepMs)
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

function close(plateau: Plateau, endMs: number): void {
  plateau.ring[plateau.blocks % RING] = plateau.sum / plateau.count
  plateau.blocks += 1
  plateau.sum = 0
  plateau.count = 0
  plateau.endMs = endMs
}

function settle(plateau: Plateau, run: SampleRun, blockMs: number): Level | null {
  const window = Math.max(2, Math.ceil((WINDOW_BLOCKS * BLOCK_MS) / blockMs))
  if (plateau.blocks < window || window > RING) return null
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
  if (!plateau.isSettled || (wasSettled && plateau.endMs - plateau.saidMs < REPEAT_MS)) return null
  plateau.saidMs = plateau.endMs
  const grams = Math.round(sum / window)
  return { grams, atMs: plateau.endMs, startedMs: onset(plateau, { grams, window, blockMs, baselineGrams: run.baselineGrams }) }
}

/** When the level was left for good: the last block nearer to the baseline than to the new level, else the start of the window. */
function onset(plateau: Plateau, at: { grams: number; window: number; blockMs: number; baselineGrams: number | null }): number {
  const known = Math.min(plateau.blocks, RING)
  const startedMs = plateau.endMs - at.window * at.blockMs
  if (at.baselineGrams === null) return startedMs
  for (let back = at.window + 1; back <= known; back++) {
    const block = plateau.ring[(plateau.blocks - back) % RING]!
    if (Math.abs(block - at.baselineGrams) <= Math.abs(at.grams - block)) return plateau.endMs - (back - 1) * at.blockMs
  }
  return startedMs
}
