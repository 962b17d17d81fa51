/** A source that paints its pictures itself, on the wall clock: `fps` times a second, each stamped with the moment it was painted. */
import type { VideoSink, VideoSource } from './access-unit.ts'
import { writeClockStrip } from './clock-strip.ts'
import { encode, FfmpegSource } from './ffmpeg-source.ts'

/** A yuv420p picture: `width` × `height` of brightness, then two planes of colour of half that width and height. Both even. */
export type Frame = { width: number; height: number; data: Buffer }
export type PaintedOptions = {
  width: number
  height: number
  fps: number
  /** Draws what there is to see at that moment over the last picture. */
  paint: (frame: Frame, atMs: number) => void
  ffmpeg?: string
}

/** The next whole turn; a timer that fires a millisecond before the wall clock gets there has had its turn all the same. */
export function turnAfter(last: number, now: number): number {
  const next = Math.floor(now) + 1
  return next === last ? next + 1 : next
}

export const blankFrame = (width: number, height: number): Frame => ({
  width,
  height,
  data: Buffer.alloc((width * height * 3) / 2, 128)
})

/** Built: nothing runs. Started: paints until stopped. A picture that the encoder has no time for is not painted. */
export class PaintedSource implements VideoSource {
  readonly options: PaintedOptions
  #encoder: FfmpegSource
  #frame: Frame
  #timer: NodeJS.Timeout | null = null
  #isTaken = true
  #times: number[] = []
  #turn = 0

  constructor(options: PaintedOptions) {
    const { width, height, fps, ffmpeg = 'ffmpeg' } = options
    this.options = options
    this.#frame = blankFrame(width, height)
    const shape = ['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${width}x${height}`, '-r', String(fps)]
    const args = ['-probesize', '32', '-analyzeduration', '0', ...shape, '-i', 'pipe:0', ...encode(fps)]
    this.#encoder = new FfmpegSource({ ffmpeg, args, timeOf: () => this.#times.shift()! })
  }

  start(sink: VideoSink): void {
    this.#times = []
    this.#isTaken = true
    const ended = (reason: string) => {
      this.#rest()
      sink.ended(reason)
    }
    this.#encoder.start({ ...sink, ended })
    this.#paintLater()
  }

  async stop(): Promise<void> {
    this.#rest()
    await this.#encoder.stop()
  }

  /** The encoder's process, for who measures it. */
  get encoderPid(): number | undefined {
    return this.#encoder.process?.pid
  }

  #rest(): void {
    clearTimeout(this.#timer ?? undefined)
    this.#timer = null
  }

  #paintLater(): void {
    const everyMs = 1000 / this.options.fps
    const now = Date.now()
    this.#turn = turnAfter(this.#turn, now / everyMs)
    this.#timer = setTimeout(() => this.#paintNow(), this.#turn * everyMs - now)
  }

  #paintNow(): void {
    this.#paintLater()
    const input = this.#encoder.process?.stdin
    if (!this.#isTaken || !input?.writable) return
    const atMs = Date.now()
    this.options.paint(this.#frame, atMs)
    writeClockStrip(this.#frame.data, this.#frame, atMs)
    this.#times.push(atMs)
    this.#isTaken = false
    input.write(this.#frame.data, () => {
      this.#isTaken = true
    })
  }
}

/** A plain picture with the clock strip and a bar that wanders with it. */
export const clockSource = ({ width = 640, height = 360, fps = 25, ffmpeg = 'ffmpeg' } = {}): PaintedSource =>
  new PaintedSource({ width, height, fps, ffmpeg, paint: paintBar })

function paintBar({ width, height, data }: Frame, atMs: number): void {
  const at = Math.floor(((atMs % 4000) / 4000) * width)
  data.fill(90, 0, width)
  data.fill(180, at, Math.min(width, at + Math.ceil(width / 16)))
  for (let y = 1; y < height; y++) data.copyWithin(y * width, 0, width)
}
