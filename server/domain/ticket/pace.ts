/** The pace at which people shop, pure: how long one takes from one thing to the next. */

/** Seconds between what one person does: at one machine, and with a walk between; log-normal. `weight`: people differ more than that. */
const PACE = { weight: 0.5, same: { median: 5, spread: 1.1 }, walk: { median: 8, spread: 0.8 }, leastSeconds: 0.2 }

/** A density that no two moments make nothing: of a year it is some 1e-40. */
export function pace(ms: number, isSame: boolean): number {
  const { median, spread } = isSame ? PACE.same : PACE.walk
  const seconds = Math.max(PACE.leastSeconds, ms / 1000)
  return (Math.exp(-0.5 * (Math.log(seconds / median) / spread) ** 2) / (seconds * spread)) ** PACE.weight
}
