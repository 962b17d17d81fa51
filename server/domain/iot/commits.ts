/**
 * One batch at a time is committed while the next collects, so the busier the store, the more messages share a commit.
 *   open ──stale (a commit failed)──▶ reload before the next message ──▶ open
 *   open ──exclusive──▶ gated: messages wait, the commit under way ends, the work runs ──▶ open
 *   open ──a commit failed for what was in it──▶ mending: its messages are taken again in their order, each in a commit of its own,
 *     while others wait; those that fail once more are refused ──▶ open
 */
import { NoSpace, Unavailable, Unfit } from '#server/platform/errors.ts'
import { Batch } from './batch.ts'
import type { Durable } from './messages.ts'

export type CommitSteps = {
  /** Reads memory from the database. */
  reload: () => Promise<void>
  /** Writes a batch; its arguments must be taken from memory before the first await. */
  write: (batch: Batch) => Promise<void>
  written: (batch: Batch) => void
  /** Returns what those who wait for the batch are told: Unfit where something in it is to blame. */
  failed: (batch: Batch, error: unknown) => unknown
}
type Again = { take: () => Durable; done: PromiseWithResolvers<void> }

export class Commits {
  collecting = new Batch()
  readonly #steps: CommitSteps
  #committing: Promise<void> | null = null
  #gate: Promise<void> | null = null
  #isStale = true
  #isMending = false
  #again: Again[] = []

  constructor(steps: CommitSteps) {
    this.#steps = steps
  }

  /** May a message be taken at once, without waiting? */
  get isOpen(): boolean {
    return !this.#isStale && !this.#isMending && this.#gate === null
  }
  get isStale(): boolean {
    return this.#isStale
  }

  /** Memory no longer matches the database: it is read again before the next message. */
  distrust(): void {
    this.#isStale = true
  }

  /** Waits until messages may be taken. Throws when the database is away. */
  async ready(): Promise<void> {
    while (!this.isOpen) {
      if (this.#gate) await this.#gate
      else await this.exclusive(async () => {})
    }
  }

  /** Runs `work` while no message is taken and no commit is under way. */
  async exclusive<T>(work: () => Promise<T>): Promise<T> {
    const close = await this.close()
    try {
      return await work()
    } finally {
      close()
    }
  }

  /** As exclusive, for work whose end is known elsewhere: returns the way to open again. Memory is fresh when it returns. */
  async close(): Promise<() => void> {
    while (this.#gate) await this.#gate
    const gate = Promise.withResolvers<void>()
    this.#gate = gate.promise
    const open = () => {
      this.#gate = null
      gate.resolve()
    }
    try {
      while (this.#committing) await this.#committing
      if (this.#isStale) await this.#steps.reload()
      this.#isStale = false
      return open
    } catch (error) {
      open()
      throw error
    }
  }

  /** The commit starts after the messages that are already here and after the one under way. Resolves when it is durable. */
  soon(): Promise<void> {
    const { promise } = this.collecting
    this.#schedule()
    return promise
  }

  /** Takes a message: `take` puts what it changes into the batch being collected, and may be called again when that batch fails. */
  take(take: () => Durable): Durable {
    if (!this.isOpen) return this.ready().then(() => this.take(take) ?? undefined)
    const durable = take()
    return durable === null ? null : durable.catch((error: unknown) => this.#orAgain(error, take))
  }

  #orAgain(error: unknown, take: () => Durable): Promise<void> {
    if (!(error instanceof Unfit)) throw error
    const done = Promise.withResolvers<void>()
    this.#again.push({ take, done })
    return done.promise
  }

  #schedule(): void {
    if (this.#committing) return
    const start = new Promise<void>((resolve) => setImmediate(resolve))
    this.#committing = start
      .then(() => this.#commit())
      .finally(() => {
        this.#committing = null
        if (!this.collecting.isEmpty) this.#schedule()
      })
  }

  async #commit(): Promise<void> {
    const failure = await this.#writeCollected()
    if (failure === null) return
    const onTop = this.collecting
    this.collecting = new Batch()
    onTop.reject(failure.reason)
    if (failure.reason instanceof Unfit) await this.#mend()
  }

  /** Null, or why the batch failed; its messages know by then. */
  async #writeCollected(): Promise<{ reason: unknown } | null> {
    const batch = this.collecting
    this.collecting = new Batch()
    try {
      await this.#steps.write(batch)
      this.#steps.written(batch)
      batch.resolve()
      return null
    } catch (error) {
      this.#isStale = true
      const reason = this.#steps.failed(batch, error)
      this.#isMending = reason instanceof Unfit
      batch.reject(reason)
      return { reason }
    }
  }

  async #mend(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve)) // all that failed have come to be taken again, in their order
    const messages = this.#again
    this.#again = []
    let away: unknown = null
    for (const message of messages) {
      try {
        if (away) throw away
        await this.#takeAlone(message.take)
        message.done.resolve()
      } catch (error) {
        if (error instanceof Unavailable || error instanceof NoSpace) away = error
        message.done.reject(error)
      }
    }
    this.#isMending = false
  }

  async #takeAlone(take: () => Durable): Promise<void> {
    if (this.#isStale) await this.#steps.reload()
    this.#isStale = false
    take()?.catch(() => {}) // it fails with its batch, which says so here
    if (this.collecting.isEmpty) return
    const failure = await this.#writeCollected()
    if (failure) throw failure.reason
  }
}
