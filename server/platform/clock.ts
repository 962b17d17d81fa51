/** Time as a tool, so that a replayed file can bring its own: wall time for people and records, monotonic time for durations. */

export type Clock = { now(): Date; monotonicMs(): number }

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
