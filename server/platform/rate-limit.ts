/** A bucket of tokens for each key, refilled at a steady rate, and one for all keys together: who sends more than that is told to slow down. */

type Bucket = { tokens: number; atMs: number }

export class RateLimit {
  readonly #perSecond: number
  readonly #inAll: number
  readonly #buckets = new Map<string, Bucket>()
  readonly #all: Bucket

  /** `perSecond` for each key and `inAll` for all of them on average, twice that at once. */
  constructor(perSecond: number, { inAll = Number.POSITIVE_INFINITY } = {}) {
    this.#perSecond = perSecond
    this.#inAll = inAll
    this.#all = { tokens: 2 * inAll, atMs: Number.NEGATIVE_INFINITY }
  }

  /** Takes one token of `key`; false when none is left. `monoMs`: the monotonic clock. */
  take(key: string, monoMs: number): boolean {
    let bucket = this.#buckets.get(key)
    if (!bucket) {
      bucket = { tokens: 2 * this.#perSecond, atMs: monoMs }
      this.#buckets.set(key, bucket)
    }
    return (
      draw(bucket, this.#perSecond, monoMs) && (this.#inAll === Number.POSITIVE_INFINITY || draw(this.#all, this.#inAll, monoMs))
    )
  }
}

function draw(bucket: Bucket, perSecond: number, monoMs: number): boolean {
  const sinceMs = Math.max(0, monoMs - bucket.atMs)
  bucket.tokens = Math.min(2 * perSecond, bucket.tokens + (sinceMs * perSecond) / 1000)
  bucket.atMs = monoMs
  if (bucket.tokens < 1) return false
  bucket.tokens -= 1
  return true
}
