/** OUT, to a store elsewhere: videos of tickets, one after the other, for as long as it takes. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Context, transact } from '#server/context.ts'
import { postponeUpload, uploadStore } from '#server/domain/camera/actions.ts'
import { endAlarm, startAlarm } from '#server/domain/staff/actions.ts'
import { nextVideoToUpload } from '#server/domain/ticket/actions.ts'
import { NotFound } from '#server/platform/errors.ts'
import { Pace } from '#server/platform/pace.ts'
import { StoreError } from '#server/platform/s3/error.ts'
import { removeLeftovers } from './leftovers.ts'
import { type Line, sendVideo, VideoProblem } from './send-video.ts'

export type Uploader = {
  /** What hinders it, for /readyz. */
  degraded(): string[]
  /** Breaks off what is being sent; the next start goes on there. */
  stop(): Promise<void>
}
/** Milliseconds: after a first failure, between two tries at most, with nothing to do, and for a line that is silent. */
export type Waits = { firstMs: number; longestMs: number; idleMs: number; silentMs: number }
const WAITS: Waits = { firstMs: 1000, longestMs: 300_000, idleMs: 15_000, silentMs: 60_000 }
const ALARM = { kind: 'upload-failing', subject: 'upload' }
const ALARM_AFTER_MS = 3_600_000
const CLEAN_EVERY_MS = 86_400_000
const BURST_BYTES = 64 * 1024

/** Starts to upload, in the background; does nothing where no store is set. `waits` are for tests. */
export function startUploader(ctx: Context, waits: Partial<Waits> = {}): Uploader {
  const uploading = new Uploading(ctx, { ...WAITS, ...waits })
  const ended = uploading.run().catch((err: unknown) => ctx.log.error({ err }, 'upload: has ended'))
  return {
    degraded: () => uploading.degraded(),
    async stop() {
      uploading.stop()
      await ended
    }
  }
}

const counters = new WeakMap<Context, ReturnType<typeof makeCounters>>()

function makeCounters({ metrics }: Context) {
  return {
    failures: metrics.counter('niflr_upload_failures_total', 'Tries to upload that failed, by reason', ['reason']),
    sent: metrics.counter('niflr_upload_bytes_total', 'Bytes of videos that the upload store has acknowledged')
  }
}

function countersOf(ctx: Context): ReturnType<typeof makeCounters> {
  const made = counters.get(ctx) ?? makeCounters(ctx)
  counters.set(ctx, made)
  return made
}

/** Looks for a video → sends it → looks again …, after a failure with a wait that doubles; until it is stopped. */
class Uploading {
  readonly #ctx: Context
  readonly #waits: Waits
  readonly #stopped = new AbortController()
  #failures = 0
  #failing: { sinceMs: number; words: string } | null = null
  /** Null: as the process before left it. */
  #isAlarmed: boolean | null = null
  #cleanedMs = Number.NEGATIVE_INFINITY

  constructor(ctx: Context, waits: Waits) {
    this.#ctx = ctx
    this.#waits = waits
  }

  degraded(): string[] {
    return this.#failing ? [`upload: ${this.#failing.words}`] : []
  }

  stop(): void {
    this.#stopped.abort()
  }

  async run(): Promise<void> {
    const line = await this.#openLine()
    if (!line) return this.#calm().catch((err) => this.#ctx.log.debug({ err }, 'the alarm of an earlier upload cannot be ended'))
    while (!line.signal.aborted) {
      const waitMs = await this.#turn(line)
      await sleep(waitMs, undefined, { signal: line.signal }).catch(() => {})
    }
  }

  async #openLine(): Promise<Line | null> {
    const ctx = this.#ctx
    const opened = await uploadStore(ctx, { silentMs: this.#waits.silentMs })
    if (!opened) return null
    const pace = new Pace({ bytesPerSecond: (ctx.config.s3!.mbitPerSecond * 1e6) / 8, burstBytes: BURST_BYTES })
    return { ctx, ...opened, pace, signal: this.#stopped.signal, onSent: (bytes) => countersOf(ctx).sent.inc(bytes) }
  }

  /** One video. Resolves to the milliseconds to wait before the next. */
  async #turn(line: Line): Promise<number> {
    let videoId: string | null = null
    try {
      await this.#cleanUp(line)
      videoId = await nextVideoToUpload(this.#ctx)
      if (videoId === null) return this.#waits.idleMs
      await sendVideo(line, videoId)
      await this.#calm()
      return 0
    } catch (error) {
      if (line.signal.aborted) return 0
      return await this.#failed(error, videoId).catch(() => this.#waits.firstMs) // the database is away
    }
  }

  async #cleanUp(line: Line): Promise<void> {
    const nowMs = performance.now()
    if (nowMs - this.#cleanedMs < CLEAN_EVERY_MS) return
    await removeLeftovers(line)
    this.#cleanedMs = nowMs
  }

  async #failed(error: unknown, videoId: string | null): Promise<number> {
    const waitMs = Math.min(this.#waits.longestMs, this.#waits.firstMs * 2 ** this.#failures) * (0.8 + 0.4 * Math.random())
    if (error instanceof VideoProblem && error.reason === 'overtaken') return waitMs
    const isOfVideo = videoId !== null && (error instanceof VideoProblem || error instanceof NotFound)
    const isOfStore = error instanceof StoreError
    if (isOfVideo) await postponeUpload(this.#ctx, videoId!)
    else this.#failures += 1
    const reason = isOfVideo ? 'video' : isOfStore ? (error.isRefusal ? 'refused' : 'unreachable') : 'box'
    countersOf(this.#ctx).failures.inc({ reason })
    const words = isOfVideo ? `video ${videoId}: ${error.message}` : isOfStore ? error.message : 'the box has trouble of its own'
    if (this.#failing?.words !== words) this.#ctx.log.warn(isOfVideo || isOfStore ? {} : { err: error }, `upload: ${words}`)
    this.#failing = { sinceMs: this.#failing?.sinceMs ?? performance.now(), words }
    const isDue = (isOfStore && error.isRefusal) || performance.now() - this.#failing.sinceMs >= ALARM_AFTER_MS
    if (isDue && this.#isAlarmed !== true) {
      await transact(this.#ctx, (tx) => startAlarm(tx, { ...ALARM, message: `videos are not uploaded: ${words}` }))
      this.#isAlarmed = true
    }
    return isOfVideo ? 0 : waitMs
  }

  /** All is well, or nothing is to be uploaded any more. */
  async #calm(): Promise<void> {
    if (this.#failing) this.#ctx.log.info('upload: goes on')
    this.#failing = null
    this.#failures = 0
    if (this.#isAlarmed !== false) await transact(this.#ctx, (tx) => endAlarm(tx, ALARM))
    this.#isAlarmed = false
  }
}
