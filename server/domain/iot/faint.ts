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

/** Takes one reading after the detector has. `state` is null for a scale that was not heard before. */
export function listenFaintly(
  state: Faint | null,
  { grams, atMs, baseline, isPending, noise, swingGrams }: FaintReading
): { state: Faint; shift: FaintShift | null } {
  const at = (level: number): Faint => ({ level, baseline, offSinceMs: null, off: 0, candidate: null })
  if (state === null) return { state: at(grams), shift: null }
  if (Math.abs(baseline - state.baseline) >= LEAST_GRAMS) return { state: at(baseline), shift: null } // a change took in what was told before
  const leastGrams = Math.max(LEAST_GRAMS, Math.ceil(SIGMAS * sigmaOf(noise)))
  const off = grams - state.level
  if (Math.abs(off) < leastGrams) return { state: at(isPending ? state.level : state.level + off * FOLLOWS), shift: null }
  const offSinceMs = state.offSinceMs !== null && Math.sign(off) === Math.sign(state.off) ? state.offSinceMs : atMs
  const { candidate } = state
  const isCalm = !isPending && Math.abs(off) >= (swingGrams ?? 0)
  if (candidate === null || !isCalm || Math.abs(grams - candidate) >= Math.max(LEAST_GRAMS, leastGrams / 2))
    return { state: { ...state, baseline, offSinceMs, off, candidate: isPending ? null : grams }, shift: null }
  const after = (grams + candidate) / 2
  return { state: at(after), shift: { before: Math.round(state.level), after: Math.round(after), atMs: offSinceMs } }
}
