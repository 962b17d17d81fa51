/** Wall time as a tool, so that a replayed file can bring its own. Durations never use it: they run on `performance.now()`. */

export type Clock = { now(): Date }

export const systemClock: Clock = { now: () => new Date() }

/** A clock that stands where it was last set and never goes back: a replay's. */
export function replayClock(start: Date): Clock & { advance(to: Date): void } {
  let time = start
  return {
    now: () => time,
    advance(to) {
      if (to > time) time = to
    }
  }
}
