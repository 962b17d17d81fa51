/** Small decisions of the iot room, pure: thresholds, silence, missed heartbeats. Numbers from the contract, §6. */

const FLOOR_GRAMS = 5

/**
 * Threshold of a scale in whole grams: half its lightest product, at most `ceilingGrams` (CHANGE_THRESHOLD_GRAMS), never below 4 σ.
 * Rounded up: readings are whole grams and an equal difference counts, so 12.5 and 13 decide alike. Nothing a shop sells weighs
 * under 10 g; a catalogue that says so is wrong by a unit, and must not turn a scale into a rattle (docs/decisions/0002-threshold.md).
 */
export function thresholdGrams({
  ceilingGrams,
  lightestGrams,
  sigmaGrams
}: {
  ceilingGrams: number
  lightestGrams: number | null
  sigmaGrams: number
}): number {
  const wanted = lightestGrams === null ? ceilingGrams : Math.min(ceilingGrams, lightestGrams / 2)
  return Math.max(Math.min(FLOOR_GRAMS, ceilingGrams), Math.ceil(Math.max(wanted, 4 * sigmaGrams)))
}

const OFFLINE_FLOOR_MS = 10_000
const OFFLINE_INTERVALS = 3

/** How long a device may be silent before it is offline: three of its usual intervals, at least 10 s. */
export function silenceAllowedMs(usualIntervalMs: number | null): number {
  return Math.max(OFFLINE_FLOOR_MS, OFFLINE_INTERVALS * (usualIntervalMs ?? 0))
}

const LONGEST_NEXT = 5

/**
 * The usual interval after one more gap between messages: follows slowly. A silence counts as five intervals, or 10 s where none is known
 * yet, however long it was: one is soon forgotten, but a machine that reports seldom is understood after a few. Milliseconds; null until
 * a gap was seen.
 */
export function usualIntervalAfter(usualMs: number | null, gapMs: number): number | null {
  if (gapMs <= 0) return usualMs
  if (usualMs === null) return Math.min(gapMs, OFFLINE_FLOOR_MS)
  return usualMs + (Math.min(gapMs, LONGEST_NEXT * usualMs) - usualMs) / 8
}

const SELDOM_MS = 2500

/**
 * Does a machine report so seldom that carts suffer? What falls between two of its messages is one change, and cannot be told apart any
 * more (docs/performance.md). False while its interval is not known.
 */
export const reportsSeldom = (usualMs: number | null): boolean => usualMs !== null && usualMs > SELDOM_MS

/** How many heartbeats should have come within a gap and did not. */
export function missedWithin(gapMs: number, usualMs: number | null): number {
  return usualMs === null || usualMs <= 0 || gapMs < 1.5 * usualMs ? 0 : Math.round(gapMs / usualMs) - 1
}

/** How far 100 ms blocks of samples may lie apart and still be one level. */
export const sampleToleranceGrams = (threshold: number): number => Math.max(3, threshold / 2)
