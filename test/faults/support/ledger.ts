/** What the store has acknowledged, as its devices remember it: the promise that is held against the books afterwards. */

export type ScaleName = `${string}/${string}`

export class Ledger {
  /** Signed grams of each acknowledged change that a heartbeat told, by scale, in order. */
  readonly told = new Map<ScaleName, number[]>()
  /** Acknowledged changes that a machine settled itself: id → where and how much. */
  readonly settled = new Map<string, { scale: ScaleName; grams: number }>()
  readonly entries = new Set<string>()
  readonly exits = new Set<string>()
  /** How often each answer came, such as `heartbeat 503`. */
  readonly answers = new Map<string, number>()
  /** Answers that no fault excuses. */
  readonly wrong: string[] = []
  /** When each device was last acknowledged something durable, and the longest it has waited for that. */
  readonly heard = new Map<string, { atMs: number; longestMs: number; times: number }>()

  /** A device was acknowledged something that must be durable now. */
  note(device: string): void {
    const nowMs = performance.now()
    const known = this.heard.get(device)
    const longestMs = known ? Math.max(known.longestMs, nowMs - known.atMs) : 0
    this.heard.set(device, { atMs: nowMs, longestMs, times: (known?.times ?? 0) + 1 })
  }

  tell(scale: ScaleName, grams: number): void {
    const list = this.told.get(scale) ?? []
    list.push(grams)
    this.told.set(scale, list)
  }

  answer(kind: string, status: number, text: string, allowed: number[]): void {
    const name = `${kind} ${status}`
    this.answers.set(name, (this.answers.get(name) ?? 0) + 1)
    if (!allowed.includes(status) && this.wrong.length < 50) this.wrong.push(`${name}: ${text.slice(0, 300)}`)
  }

  /** Acknowledged facts so far. */
  get size(): number {
    let changes = this.settled.size + this.entries.size + this.exits.size
    for (const list of this.told.values()) changes += list.length
    return changes
  }

  /** The longest time any device waited for an acknowledgement, since the last call. */
  takeLongestWaitMs(): number {
    let longest = 0
    for (const heard of this.heard.values()) {
      longest = Math.max(longest, heard.longestMs)
      heard.longestMs = 0
    }
    return longest
  }
}
