/**
 * Shifts too small to be weight changes, pure. A product that stands on several scales moves each by a part, and its neighbours by a
 * little; such parts lie below the threshold (contract §6) and are no changes, but together they say what was taken. A shift is told once
 * two readings in a row agree on it, always against the level told last, so that what is told on a scale adds up like its changes.
 */
import { type Noise, sigmaOf } from './noise.ts'

/** `baseline`: the detector's when it was last looked at. `offSinceMs`: since when readings lie off the level, however they tremble. */
export type Faint = { level: number; baseline: number; offSinceMs: number | null; off: number; candidate: number | null }
export type FaintShift = { before: number; after: number; atMs: number }
/** `baseline` and `isPending` as the detector left them after this reading. */
export type FaintReading = {
  grams: number
  atMs: number
  baseline: number
  isPending: boolean
  noise: Noise
  swingGrams: number | null
}

const LEAST_GRAMS = 4
const SIGMAS = 4
/** How much of the way the level follows readings that scatter around it. */
const FOLLOWS = 0.15

/** What is known of a scale after the first reading since it was silent. */
export const newFaint = (grams: number, baseline: number): Faint => ({
  level: grams,
  baseline,
  offSinceMs: null,
  off: 0,
  candidate: null
})

/**
 * Takes one reading after the detector has, into `state` itself: a new state for each of some hundred thousand readings a second lived just
 * long enough to be moved to the old heap, and was most of what had to be collected there (bench/ingest.ts). Null: no shift.
 */
export function listenFaintly(
  state: Faint,
  { grams, atMs, baseline, isPending, noise, swingGrams }: FaintReading
): FaintShift | null {
  const { level, candidate } = state
  const moved = baseline - state.baseline
  state.baseline = baseline
  if (Math.abs(moved) >= LEAST_GRAMS) return stay(state, baseline) // a change took in what was told before
  const leastGrams = Math.max(LEAST_GRAMS, Math.ceil(SIGMAS * sigmaOf(noise)))
  const off = grams - level
  if (Math.abs(off) < leastGrams) return stay(state, isPending ? level : level + off * FOLLOWS)
  const offSinceMs = state.offSinceMs !== null && Math.sign(off) === Math.sign(state.off) ? state.offSinceMs : atMs
  const isCalm = !isPending && Math.abs(off) >= (swingGrams ?? 0)
  if (candidate === null || !isCalm || Math.abs(grams - candidate) >= Math.max(LEAST_GRAMS, leastGrams / 2)) {
    state.offSinceMs = offSinceMs
    state.off = off
    state.candidate = isPending ? null : grams
    return null
  }
  const after = (grams + candidate) / 2
  stay(state, after)
  return { before: Math.round(level), after: Math.round(after), atMs: offSinceMs }
}

function stay(state: Faint, level: number): null {
  state.level = level
  state.offSinceMs = null
  state.off = 0
  state.candidate = null
  return null
}
