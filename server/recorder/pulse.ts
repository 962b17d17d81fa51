/** Is a recording alive? Its frames and the growth of its files over the last ten seconds, by the clock that does not jump. */

const WINDOW_MS = 10_000
type Beat = { atMs: number; frames: number; bytes: number }

export class Pulse {
  #startedMs: number
  #frames = 0
  #beats: Beat[] = []
  #path = ''
  #size = 0
  #bytes = 0
  #grownMs: number
  lastBeatMs: number | null = null
  /** Its picture's size and codec were told. */
  isKnown = false

  constructor(nowMs: number) {
    this.#startedMs = nowMs
    this.#grownMs = nowMs
  }

  get hasBeaten(): boolean {
    return this.lastBeatMs !== null
  }

  /** So many frames since it started. */
  beat(frames: number, nowMs: number): void {
    if (frames <= this.#frames) return
    this.#frames = frames
    this.lastBeatMs = nowMs
  }

  /** The file that is being written has that size now. */
  grow(path: string, size: number, nowMs: number): void {
    const more = path === this.#path ? size - this.#size : size
    if (more > 0) this.#grownMs = nowMs
    this.#bytes += Math.max(0, more)
    this.#path = path
    this.#size = size
    this.#beats = [...this.#beats, { atMs: nowMs, frames: this.#frames, bytes: this.#bytes }].filter(
      ({ atMs }) => nowMs - atMs <= WINDOW_MS
    )
  }

  beatAgoMs = (nowMs: number): number => nowMs - (this.lastBeatMs ?? this.#startedMs)
  grownAgoMs = (nowMs: number): number => nowMs - this.#grownMs

  rates(nowMs: number): { framesPerSecond: number | null; bitsPerSecond: number | null } {
    const first = this.#beats[0]
    const seconds = first ? (nowMs - first.atMs) / 1000 : 0
    if (!first || seconds < 2) return { framesPerSecond: null, bitsPerSecond: null }
    const framesPerSecond = Math.round(((this.#frames - first.frames) / seconds) * 10) / 10
    return { framesPerSecond, bitsPerSecond: Math.round(((this.#bytes - first.bytes) * 8) / seconds) }
  }
}
