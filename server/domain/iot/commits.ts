/**
 * One batch at a time is committed while the next collects, so the busier the store, the more messages share a commit.
 *   open ──stale (a commit failed)──▶ reload before the next message ──▶ open
 *   open ──exclusive──▶ gated: messages wait, the commit under way ends, the work runs ──▶ open
 */
import { Batch } from './batch.ts'

export type CommitSteps = {
  /** Reads memory from the database. */
  reload: () => Promise<void>
  /** Writes a batch; its arguments must be taken from memory before the first await. */
  write: (batch: Batch) => Promise<void>
  written: (batch: Batch) => void
  failed: (batch: Batch, error: unknown) => unknown
}

export class Commits {
  collecting = new Batch()
  readonly #steps: CommitSteps
  #committing: Promise<void> | null = null
  #gate: Promise<void> | null = null
  #isStale = true

  constructor(steps: CommitSteps) {
    this.#steps = steps
  }

  /** May a message be taken at once, without waiting? */
  get isOpen(): boolean {
    return !this.#isStale && this.#gate === null
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
    const batch = this.collecting
    this.collecting = new Batch()
    try {
      await this.#steps.write(batch)
      this.#steps.written(batch)
      batch.resolve()
    } catch (error) {
      const onTop = this.collecting
      this.collecting = new Batch()
      this.#isStale = true
      const reason = this.#steps.failed(batch, error)
      batch.reject(reason)
      onTop.reject(reason)
    }
  }
}
