/** What an answer means, and when the next attempt is due. Pure. */

/** Milliseconds, but for `tries`. */
export type Waits = {
  /** After a first failure; then it doubles. */
  firstMs: number
  /** Between two attempts of one delivery at most … */
  longestMs: number
  /** … and between two of one endpoint: shorter, so that a delivery that is refused on its own is stepped over. */
  endpointMs: number
  /** A delivery is given up when it has waited so long … */
  giveUpMs: number
  /** … and was tried so often, or its endpoint failed so often in a row: a box that was off for days has tried nothing yet. */
  giveUpTries: number
  giveUpFailures: number
  /** An endpoint that fails for so long is an alarm. */
  alarmMs: number
  /** For an answer. */
  timeoutMs: number
}
const HOUR_MS = 3_600_000
export const WAITS: Waits = {
  ...{ firstMs: 5000, longestMs: 6 * HOUR_MS, endpointMs: 300_000 },
  ...{ giveUpMs: 96 * HOUR_MS, giveUpTries: 12, giveUpFailures: 100 },
  ...{ alarmMs: HOUR_MS, timeoutMs: 10_000 }
}
const LONGEST_RETRY_AFTER_MS = 24 * HOUR_MS
/** So many failures in a row are an outage of the endpoint, not of one delivery. */
export const OUTAGE_FAILURES = 8

export type Answer = { status: number | null; error: string | null }
export type Result = 'delivered' | 'refused' | 'unreachable' | 'gone'

/** What became of an attempt: any 2xx is delivered, 410 says that nobody wants to be told any more. */
export function resultOf({ status }: Answer): Result {
  if (status === null) return 'unreachable'
  if (status >= 200 && status < 300) return 'delivered'
  return status === 410 ? 'gone' : 'refused'
}

/** Why it was not delivered, for people; null when it was. */
export function errorOf({ status, error }: Answer): string | null {
  if (status === null) return error ?? 'no answer'
  if (status >= 200 && status < 300) return null
  if (status >= 300 && status < 400) return `it answered ${status}: redirects are not followed`
  return `it answered ${status}`
}

/** Milliseconds until the next attempt after so many failures: doubling, up to `longestMs`, a fifth more or less by `random` (0 to 1). */
export function waitAfter(
  failures: number,
  { firstMs, longestMs }: { firstMs: number; longestMs: number },
  random: number
): number {
  return Math.round(Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 40)) * (0.8 + 0.4 * random))
}

/** How long a Retry-After asks to wait (RFC 9110, 10.2.3: seconds, or a date), in milliseconds, a day at most; 0 for none, or nonsense. */
export function retryAfterMs(header: string | null, now: Date): number {
  if (header === null) return 0
  const ms = /^\d{1,9}$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now.getTime()
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), LONGEST_RETRY_AFTER_MS) : 0
}

/** Is a delivery given up? */
export function isGivenUp(
  { waitedMs, tries, failures }: { waitedMs: number; tries: number; failures: number },
  { giveUpMs, giveUpTries, giveUpFailures }: Waits
): boolean {
  return waitedMs >= giveUpMs && (tries >= giveUpTries || failures >= giveUpFailures)
}
