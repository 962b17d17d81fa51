/** IN, from cameras: one recorder for each that is enabled, from the start of the server to its end. */
import { mkdirSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import type { Context } from '#server/context.ts'
import {
  type CameraToRecord,
  camerasToRecord,
  checkClips,
  clipFolder,
  noteCameraState,
  onCamerasChanged
} from '#server/domain/camera/actions.ts'
import { type ClockLook, lookAtClock, stepBetween } from '#server/platform/clock-step.ts'
import { type Ffmpeg, findFfmpeg } from '#server/platform/ffmpeg.ts'
import { CameraRecorder, type Wanted } from './camera-recorder.ts'
import { clockIsSet } from './clock-gate.ts'
import { endLeftovers, recoverCamera } from './recovery.ts'

export type Recorder = {
  /** What hinders it, for /readyz. */
  degraded(): string[]
  /** Ends every clip. Resolves when all of it is on the disk and in the index. */
  stop(): Promise<void>
}
const LOOK_EVERY_MS = 1000
const CHECK_EVERY_MS = 3_600_000
/** What a power cut may cost of a clip that is being recorded. */
const FLUSH_EVERY_MS = 5000
const RETRY_MS = 1000
/** Of the free space that clips must leave, the part that they may never touch: the database's. */
const DATABASE_SHARE = 0.1

/** Starts to record, in the background. `runDir` is for tests: where the system says that its clock is synchronised. */
export function startRecorder(ctx: Context, { runDir = '/run' } = {}): Recorder {
  const supervisor = new Supervisor(ctx, runDir)
  const started = supervisor.start()
  return {
    degraded: () => supervisor.degraded(),
    async stop() {
      await supervisor.stop()
      await started
    }
  }
}

/** Built → started: recorders are as many as cameras that are enabled, whatever changes → stopped. */
class Supervisor {
  readonly #ctx: Context
  readonly #runDir: string
  readonly #recorders = new Map<string, CameraRecorder>()
  #ffmpeg: Ffmpeg | null = null
  #warning: string | null = null
  #isStopped = new AbortController()
  #work: Promise<void> = Promise.resolve()
  #looking: NodeJS.Timeout | null = null
  #checking: NodeJS.Timeout | null = null
  #flushing: NodeJS.Timeout | null = null
  #flushed: Promise<void> = Promise.resolve()
  #lastLook: ClockLook
  #isFull = false
  #off = () => {}

  constructor(ctx: Context, runDir: string) {
    this.#ctx = ctx
    this.#runDir = runDir
    this.#lastLook = lookAtClock(ctx.clock)
  }

  async start(): Promise<void> {
    mkdirSync(clipFolder(this.#ctx), { recursive: true, mode: 0o750 })
    const { ffmpeg, warning } = await findFfmpeg(this.#ctx.config.ffmpegPath)
    this.#ffmpeg = ffmpeg
    this.#warning = warning
    if (warning) this.#ctx.log.warn(warning)
    else this.#ctx.log.info({ ffmpeg: ffmpeg!.path, version: ffmpeg!.version }, 'cameras are recorded with')
    if (this.#isStopped.signal.aborted) return
    this.#off = onCamerasChanged(this.#ctx, () => this.#align())
    this.#enqueue(() => this.#recover())
    this.#align()
    this.#looking = setInterval(() => void this.#look(), LOOK_EVERY_MS)
    this.#checking = setInterval(() => this.#enqueue(async () => void (await checkClips(this.#ctx))), CHECK_EVERY_MS)
    this.#flushLater()
    await this.#work
  }

  degraded(): string[] {
    return [
      ...(this.#warning ? [`cameras: ${this.#warning}`] : []),
      ...(this.#isFull ? ['cameras: the disk is full, nothing is recorded'] : [])
    ]
  }

  async stop(): Promise<void> {
    this.#isStopped.abort()
    this.#off()
    if (this.#looking) clearInterval(this.#looking)
    if (this.#checking) clearInterval(this.#checking)
    if (this.#flushing) clearTimeout(this.#flushing)
    await Promise.all([...this.#recorders.values()].map((recorder) => recorder.stop('restart')))
    this.#recorders.clear()
    await Promise.all([this.#work, this.#flushed])
  }

  /** One file after the other: a slow disk must not take every thread that Node has for files. */
  #flushLater(): void {
    if (this.#isStopped.signal.aborted) return
    this.#flushing = setTimeout(() => {
      this.#flushed = this.#flush().finally(() => this.#flushLater())
    }, FLUSH_EVERY_MS)
  }

  async #flush(): Promise<void> {
    for (const recorder of this.#recorders.values()) await recorder.flush()
  }

  /** One thing at a time; what the database refuses is tried again. */
  #enqueue(work: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      while (!this.#isStopped.signal.aborted) {
        try {
          return await work()
        } catch (err) {
          this.#ctx.log.warn({ err }, 'the recorder cannot go on now: trying again')
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
        }
      }
    })
  }

  async #recover(): Promise<void> {
    await endLeftovers(this.#ctx)
    for (const camera of await camerasToRecord(this.#ctx)) await recoverCamera(this.#ctx, camera)
    await checkClips(this.#ctx)
    if (!this.#ffmpeg) return
    const waiting = (await camerasToRecord(this.#ctx)).map(({ cameraId }) => cameraId)
    for (const cameraId of waiting)
      noteCameraState(this.#ctx, cameraId, { state: 'waiting-for-clock', reason: 'the clock of the box is not synchronised yet' })
    await clockIsSet(this.#ctx.log, { runDir: this.#runDir, signal: this.#isStopped.signal })
    for (const cameraId of waiting) noteCameraState(this.#ctx, cameraId, { state: 'connecting', reason: null })
  }

  /** Makes the recorders those of the cameras as they are now. */
  #align(): void {
    this.#enqueue(async () => {
      const cameras = await camerasToRecord(this.#ctx)
      const wanted = new Map(
        cameras.filter((camera) => this.#canRecord(camera)).map((camera) => [camera.cameraId, camera as Wanted])
      )
      for (const [cameraId, recorder] of this.#recorders) {
        if (wanted.has(cameraId)) continue
        this.#recorders.delete(cameraId)
        await recorder.stop('disabled')
      }
      if (this.#isFull || this.#isStopped.signal.aborted) return
      for (const [cameraId, camera] of wanted) {
        const recorder = this.#recorders.get(cameraId)
        if (recorder) recorder.change(camera)
        else await this.#begin(camera)
      }
    })
  }

  async #begin(camera: Wanted): Promise<void> {
    const recorder = new CameraRecorder(this.#ctx, camera, { ffmpeg: this.#ffmpeg!, lookAtClock: this.#lookAtClock })
    recorder.ledger.lastEnd = await recoverCamera(this.#ctx, camera)
    if (this.#isStopped.signal.aborted) return
    this.#recorders.set(camera.cameraId, recorder)
    recorder.start()
  }

  #canRecord({ cameraId, isEnabled, streamUrl }: CameraToRecord): boolean {
    const why = this.#ffmpeg
      ? streamUrl === null && 'its stream URL was encrypted with a key that is gone: write the URL anew'
      : (this.#warning ?? 'there is no ffmpeg')
    if (why) noteCameraState(this.#ctx, cameraId, { state: 'not-possible', reason: why })
    return isEnabled && !why
  }

  /** The clock was set: times are wrong from here on. Looked at each second, and before the time of a clip is taken down. */
  #lookAtClock = (): void => {
    const look = lookAtClock(this.#ctx.clock)
    const byMs = stepBetween(this.#lastLook, look)
    this.#lastLook = look
    if (byMs !== 0) for (const recorder of this.#recorders.values()) recorder.restart('clock')
  }

  /** The disk is nearly full: the rest is the database's. */
  async #look(): Promise<void> {
    this.#lookAtClock()
    const { bavail, bsize } = await statfs(clipFolder(this.#ctx)).catch(() => ({ bavail: Number.POSITIVE_INFINITY, bsize: 1 }))
    const leastBytes = this.#ctx.config.clipFreeSpaceGb * 1e9 * DATABASE_SHARE
    const isFull = bavail * bsize < (this.#isFull ? leastBytes * 1.5 : leastBytes)
    if (isFull === this.#isFull || this.#isStopped.signal.aborted) return
    this.#isFull = isFull
    this.#ctx.log.warn(
      { freeBytes: bavail * bsize },
      isFull ? 'the disk is full: recording stops' : 'there is space again: recording goes on'
    )
    if (!isFull) return this.#align()
    this.#enqueue(async () => {
      const recorders = [...this.#recorders]
      this.#recorders.clear()
      await Promise.all(recorders.map(([, recorder]) => recorder.stop('disk')))
      for (const [cameraId] of recorders)
        noteCameraState(this.#ctx, cameraId, { state: 'not-possible', reason: 'the disk is full' })
    })
  }
}
