/**
 * Cameras in step: one wall clock that plays, pauses and jumps; each film follows it by nudging its own speed, and jumps when it is far off.
 * A film knows the wall-clock time of each of its fragments from the playlist, so gaps stay gaps.
 */
import type Hls from 'hls.js'
import { loadPlayer } from '#web/ui/hls-player.ts'

const FAR_SECONDS = 0.8
const NEAR_SECONDS = 0.02
const STILL_SECONDS = 0.06
const MOST_NUDGE = 0.2

/** The time that is shown, in milliseconds since the epoch. Runs by itself while it plays. */
export class WallClock {
  #wallMs: number
  #sinceMs = 0
  #speed = 1
  #isPlaying = false
  readonly fromMs: number
  readonly toMs: number

  constructor(fromMs: number, toMs: number) {
    this.fromMs = fromMs
    this.toMs = toMs
    this.#wallMs = fromMs
  }
  get isPlaying(): boolean {
    return this.#isPlaying
  }
  get speed(): number {
    return this.#speed
  }
  now(): number {
    if (!this.#isPlaying) return this.#wallMs
    return Math.min(this.toMs, this.#wallMs + (performance.now() - this.#sinceMs) * this.#speed)
  }
  jump(wallMs: number): void {
    this.#wallMs = Math.min(this.toMs, Math.max(this.fromMs, wallMs))
    this.#sinceMs = performance.now()
  }
  play(): void {
    if (this.now() >= this.toMs - 50) this.jump(this.fromMs)
    else this.jump(this.now())
    this.#isPlaying = true
  }
  pause(): void {
    this.jump(this.now())
    this.#isPlaying = false
  }
  setSpeed(speed: number): void {
    this.jump(this.now())
    this.#speed = speed
  }
}

export type Stretch = { fromMs: number; toMs: number; mediaSeconds: number }
export type FilmState = 'loading' | 'ready' | 'gap' | 'failed'

/** One camera's film over a window. `start` loads it; `follow` is called for every frame of the screen; `stop` lets go of it. */
export class Film {
  #hls: Hls | null = null
  #isStopped = false
  #state: FilmState = 'loading'
  #stretches: Stretch[] = []
  readonly #video: HTMLVideoElement
  readonly #told: (state: FilmState, stretches: Stretch[]) => void

  constructor(video: HTMLVideoElement, told: (state: FilmState, stretches: Stretch[]) => void) {
    this.#video = video
    this.#told = told
  }

  async start(playlistUrl: string): Promise<void> {
    const { Player, open } = await loadPlayer()
    if (this.#isStopped) return
    const hls = open({
      startPosition: 0,
      maxBufferLength: 600,
      maxMaxBufferLength: 900,
      backBufferLength: Number.POSITIVE_INFINITY
    })
    this.#hls = hls
    hls.on(Player.Events.LEVEL_UPDATED, (_event, { details }) => {
      this.#stretches = joined(
        details.fragments.map(({ programDateTime, start, duration }) => ({
          fromMs: programDateTime ?? 0,
          toMs: (programDateTime ?? 0) + duration * 1000,
          mediaSeconds: start
        }))
      )
      this.#say(this.#state === 'failed' ? 'ready' : this.#state, true)
    })
    hls.on(Player.Events.ERROR, (_event, { fatal }) => fatal && this.#say('failed'))
    hls.loadSource(playlistUrl)
    hls.attachMedia(this.#video)
  }

  /** Brings the film to the clock's time. */
  follow(clock: WallClock): void {
    if (this.#stretches.length === 0 || this.#state === 'failed') return
    const wall = clock.now()
    const at = this.#mediaTime(wall)
    const video = this.#video
    if (at === null) {
      if (!video.paused) video.pause()
      return this.#say('gap')
    }
    if (video.readyState >= 2) this.#say('ready')
    const off = at - video.currentTime
    if (!clock.isPlaying) {
      if (!video.paused) video.pause()
      if (Math.abs(off) > STILL_SECONDS && !video.seeking) video.currentTime = at
      return
    }
    if (Math.abs(off) > FAR_SECONDS * Math.max(1, clock.speed)) {
      if (!video.seeking) video.currentTime = at
    } else {
      const nudge = Math.abs(off) < NEAR_SECONDS ? 0 : Math.max(-MOST_NUDGE, Math.min(MOST_NUDGE, off * 0.8))
      video.playbackRate = Math.min(16, clock.speed * (1 + nudge))
    }
    if (video.paused) void video.play().catch(() => {}) // it is not there yet: the next frame tries again
  }

  stop(): void {
    this.#isStopped = true
    this.#hls?.destroy()
    this.#hls = null
  }

  #mediaTime(wallMs: number): number | null {
    const stretch = this.#stretches.find(({ fromMs, toMs }) => wallMs >= fromMs && wallMs < toMs)
    return stretch ? stretch.mediaSeconds + (wallMs - stretch.fromMs) / 1000 : null
  }

  #say(state: FilmState, isNews = false): void {
    if (state === this.#state && !isNews) return
    this.#state = state
    this.#told(state, this.#stretches)
  }
}

const TOUCHING_MS = 250

/** Fragments that follow each other without a hole, as one stretch. */
function joined(pieces: Stretch[]): Stretch[] {
  const whole: Stretch[] = []
  for (const piece of pieces) {
    const last = whole.at(-1)
    const isNext = last !== undefined && Math.abs(piece.fromMs - last.toMs) < TOUCHING_MS
    if (isNext && Math.abs(piece.mediaSeconds - last.mediaSeconds - (piece.fromMs - last.fromMs) / 1000) < TOUCHING_MS / 1000)
      last.toMs = piece.toMs
    else whole.push({ ...piece })
  }
  return whole
}
