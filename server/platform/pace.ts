/** A token bucket: no more bytes a second than allowed, however many senders share it. On time that does not jump. */
import { setTimeout as wait } from 'node:timers/promises'

export class Pace {
  readonly #bytesPerMs: number
  readonly #burstBytes: number
  #allowance: number
  #sinceMs = performance.now()

  /** `burstBytes` may go at once after a rest. */
  constructor({ bytesPerSecond, burstBytes }: { bytesPerSecond: number; burstBytes: number }) {
    this.#bytesPerMs = bytesPerSecond / 1000
    this.#burstBytes = burstBytes
    this.#allowance = burstBytes
  }

  /** Resolves when `bytes` may be sent; who asks first goes first. Throws the signal's reason when it is aborted. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const nowMs = performance.now()
    this.#allowance = Math.min(this.#burstBytes, this.#allowance + (nowMs - this.#sinceMs) * this.#bytesPerMs) - bytes
    this.#sinceMs = nowMs
    if (this.#allowance < 0) await wait(-this.#allowance / this.#bytesPerMs, undefined, { signal })
  }
}
