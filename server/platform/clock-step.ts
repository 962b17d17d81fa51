/** Was the clock of the box set? Wall time against time that does not jump, from look to look. */
import type { Clock } from './clock.ts'

export const CLOCK_STEP_MS = 1000

export type ClockLook = { wallMs: number; monoMs: number; offsetMs: number }

/** The box's own clock beside the one that does not jump. */
export function lookAtClock({ monotonicMs, source, now }: Clock): ClockLook {
  const wallMs = (source?.now ?? now)().getTime()
  const monoMs = monotonicMs()
  return { wallMs, monoMs, offsetMs: wallMs - monoMs }
}

/** By how much the clock was set between two looks, in milliseconds; 0 for less than a second. */
export function stepBetween(before: ClockLook, after: ClockLook): number {
  const byMs = Math.round(after.offsetMs - before.offsetMs)
  return Math.abs(byMs) >= CLOCK_STEP_MS ? byMs : 0
}
