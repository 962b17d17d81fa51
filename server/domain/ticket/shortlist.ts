/** The likely explanations of a part, collected, pure: how likely each is, and what it moved. */

/** `quantity` is negative for what was put back; productId null: something, nobody knows what. `unitIds`: which held or stray units it moved. */
export type Action = { productId: string | null; quantity: number; isAway: boolean; isHeld: boolean; unitIds: number[] }
export type Explanation = { actions: Action[]; log: number }

const KEPT = 12
const WORSE = 14

/** Explanations far behind the best are not written down. */
export class Shortlist {
  readonly #found: Explanation[]
  #best: number
  #isSorted = true

  constructor(likeliest: Explanation[] = []) {
    this.#found = [...likeliest]
    this.#best = likeliest[0]?.log ?? Number.NEGATIVE_INFINITY
  }

  isWorth(log: number): boolean {
    return log > this.#best - WORSE
  }

  add(explanation: Explanation): void {
    this.#best = Math.max(this.#best, explanation.log)
    this.#found.push(explanation)
    this.#isSorted = false
  }

  likeliest(): Explanation[] {
    if (this.#isSorted) return this.#found
    this.#found.sort((a, b) => b.log - a.log)
    return this.#found.slice(0, KEPT).filter((each) => this.isWorth(each.log))
  }
}
