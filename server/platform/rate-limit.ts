/** A bucket of tokens for each key, refilled at a steady rate: who sends more than that is told to slow down. */

type Bucket = { tokens: number; atMs: number }

export class RateLimit {
  readonly #perSecond: number
  readonly #buckets = new Map<string, Bucket>()

  /** `perSecond` on average, twice that at once. */
  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** Takes one token of `key`; false when none is left. `monoMs`: the monotonic clock. */
  take(key: string, monoMs: number): boolean {
    const burst = 2 * this.#perSecond
    const bucket = this.#buckets.get(key)
    if (!bucket) {
      this.#buckets.set(key, { tokens: burst - 1, atMs: monoMs })
      return true
    }
    bucket.tokens = Math.min(burst, bucket.tokens + ((monoMs - bucket.atMs) * this.#perSecond) / 1000)
    bucket.atMs = monoMs
    if (bucket.tokens < 1) return false
    bucket.tokens -= 1
    return true
  }
}
