/** Who waits at a door goes first: work that nobody waits for holds still between its steps while somebody passes. */

/** A stream of people must not hold that work up for good. */
const LONGEST_WAIT_MS = 250

export class Precedence {
  #passing = 0
  #over = Promise.withResolvers<void>()

  /** Runs `work`, which somebody waits for. */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    this.#passing += 1
    try {
      return await work()
    } finally {
      this.#passing -= 1
      if (this.#passing === 0) {
        this.#over.resolve()
        this.#over = Promise.withResolvers()
      }
    }
  }

  /** Resolves when nobody passes, after a quarter of a second at the latest; at once when nobody does. */
  async giveWay(): Promise<void> {
    if (this.#passing === 0) return
    const late = Promise.withResolvers<void>()
    const timer = setTimeout(late.resolve, LONGEST_WAIT_MS)
    await Promise.race([this.#over.promise, late.promise])
    clearTimeout(timer)
  }
}
