/** Turns: work for one key happens one after the other, in the order in which it came, and holds no connection while it waits. */

export class Turns {
  /** What came last under each key: resolves once it is over, to an error that is also the answer of those who wait. */
  readonly #last = new Map<string, Promise<{ error: unknown } | null>>()
  readonly #isForAll: (error: unknown) => boolean

  /** `isForAll`: errors that whoever waits is told too, at once, since it would fare no better. */
  constructor(isForAll: (error: unknown) => boolean = () => false) {
    this.#isForAll = isForAll
  }

  /** Runs `work` once everything before it under `key` is over. Resolves or throws as `work` does. */
  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const mine = this.#after(this.#last.get(key), work)
    const over = mine.then(
      () => null,
      (error: unknown) => (this.#isForAll(error) ? { error } : null)
    )
    this.#last.set(key, over)
    try {
      return await mine
    } finally {
      if (this.#last.get(key) === over) this.#last.delete(key)
    }
  }

  async #after<T>(before: Promise<{ error: unknown } | null> | undefined, work: () => Promise<T>): Promise<T> {
    const failed = await before
    if (failed) throw failed.error
    return work()
  }

  /** Keys under which something runs or waits. */
  get size(): number {
    return this.#last.size
  }
}
