/**
 * Time as a tool, so that a replayed file can bring its own: wall time for people and records, monotonic time for durations. The store's
 * own time never goes back: what happened later has a later time, whatever happens to the clock of the box (docs/decisions/0009-clock.md).
 */

export type Clock = {
  now(): Date
  monotonicMs(): number
  /** The clock that this one follows, where it may say another time. */
  source?: Clock
  /** How often it went forward faster than time does. */
  readonly leaps?: number
}

export const systemClock: Clock = { now: () => new Date(), monotonicMs: () => performance.now() }

/** A clock that stands where it was last set and never goes back: a replay's. Both of its times are the file's. */
export function replayClock(start: Date): Clock & { advance(to: Date): void } {
  let time = start
  return {
    now: () => time,
    monotonicMs: () => time.getTime(),
    advance(to) {
      if (to > time) time = to
    }
  }
}

const DAY_MS = 86_400_000
/** No store stands still for longer: a clock that is further ahead is wrong, not late. */
const LONGEST_LEAP_MS = 366 * DAY_MS
/** A clock that is further behind is wrong, or was: waiting for it would take for ever. */
const LONGEST_LAG_MS = DAY_MS
const LEAP_MS = 1000
/** Before this program existed there was no time to keep: a clock without a battery starts at its own year nought. */
const FIRST_MS = Date.UTC(2026, 0, 1)

/**
 * The next time of a clock that stood at `timeMs` when `elapsedMs` began (by time that does not jump), now that its source says `sourceMs`.
 * A source that is ahead is followed at once; one that is behind is waited for at half pace, so that time goes on and meets it; one
 * that is absurdly off (a year ahead, a day behind) is not heeded.
 */
export function nextTime(timeMs: number, elapsedMs: number, sourceMs: number): number {
  const ownMs = timeMs + elapsedMs
  if (sourceMs >= ownMs) return sourceMs - ownMs <= LONGEST_LEAP_MS ? sourceMs : ownMs
  return ownMs - sourceMs <= LONGEST_LAG_MS ? Math.max(sourceMs, timeMs + elapsedMs / 2) : ownMs
}

/**
 * Where time goes on at a start, after what was recorded last: never before it, unless it lies more than a day ahead of a clock that could
 * be right; then what was recorded was wrong, and somebody has set the clock since.
 */
export function firstTime(recordedMs: number | null, sourceMs: number): number {
  if (recordedMs === null || recordedMs <= sourceMs) return sourceMs
  return recordedMs - sourceMs > LONGEST_LAG_MS && sourceMs >= FIRST_MS ? sourceMs : recordedMs
}

/** The store's own time: that of `source`, but it never goes back, and goes on from what was `recorded` last. */
export function storeClock(recorded: Date | null, source: Clock = systemClock): Clock {
  let timeMs = firstTime(recorded?.getTime() ?? null, source.now().getTime())
  let monoMs = source.monotonicMs()
  let leaps = 0
  const now = () => {
    const elapsedMs = Math.max(0, source.monotonicMs() - monoMs)
    const nextMs = nextTime(timeMs, elapsedMs, source.now().getTime())
    if (nextMs - timeMs - elapsedMs > LEAP_MS) leaps += 1
    timeMs = nextMs
    monoMs += elapsedMs
    return new Date(timeMs)
  }
  return {
    now,
    monotonicMs: source.monotonicMs,
    source,
    get leaps() {
      return leaps
    }
  }
}
