/** Few at once: whoever comes when all slots are taken waits in line; whoever finds the line full is turned away. */
import { Refused } from './errors.ts'

export class Slots {
  readonly #most: number
  readonly #longestLine: number
  readonly #line: (() => void)[] = []
  #taken = 0

  constructor({ atOnce, waiting }: { atOnce: number; waiting: number }) {
    this.#most = atOnce
    this.#longestLine = waiting
  }

  /** Resolves when it is one's turn; disposal gives the slot to the next. Throws Refused `too-many-requests`. */
  async take(): Promise<Disposable> {
    if (this.#taken < this.#most) this.#taken += 1
    else if (this.#line.length < this.#longestLine) await new Promise<void>((resolve) => this.#line.push(resolve))
    else
      throw new Refused('too-many-requests', 'too many of these are being made: try again in a few seconds', {
        retryAfterSeconds: 5
      })
    let isMine = true
    return {
      [Symbol.dispose]: () => {
        if (!isMine) return
        isMine = false
        const next = this.#line.shift()
        if (next) next()
        else this.#taken -= 1
      }
    }
  }
}
