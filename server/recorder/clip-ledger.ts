/**
 * What one camera's recorder writes into the index, in the order in which it happened. While the database is away it waits and tries again:
 * the files hold everything, so what cannot be written before the server stops is read from them at the next start.
 */
import { open, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { GapCause } from '#contracts/api/videos.ts'
import type { Context } from '#server/context.ts'
import {
  type CameraToRecord,
  clipFolder,
  closeClip,
  correctClipStart,
  dropClip,
  frameIntervalMs,
  openClip,
  startGap,
  wholePartOf
} from '#server/domain/camera/actions.ts'
import { NotFound } from '#server/platform/errors.ts'
import { flushFile } from '#server/platform/flush.ts'
import { durationMs, type Mp4, readingFrom } from '#server/platform/mp4.ts'
import { setAside } from './set-aside.ts'

/** A clip that is being recorded. `isFirst`: of its run, so that its start must be read from the file. */
export type OpenClip = { file: string; startedAt: Date; isFirst: boolean; isLateByFrame: boolean; isCorrected: boolean }
type Ended = { startMs: number | null; endMs: number | null }

const RETRY_MS = 1000

export class ClipLedger {
  readonly #ctx: Context
  readonly #camera: Pick<CameraToRecord, 'cameraId' | 'tag'>
  #queue: Promise<void> = Promise.resolve()
  #isGivingUp = false
  /** Between two pictures, by the last clip that had enough of them to tell. */
  #intervalMs = 0
  /** When the last clip ended that is known to have. */
  lastEnd: Date | null = null

  constructor(ctx: Context, camera: Pick<CameraToRecord, 'cameraId' | 'tag'>) {
    this.#ctx = ctx
    this.#camera = camera
  }

  open(clip: OpenClip): void {
    this.#write(async () => void (await this.#idOf(clip)))
  }

  /** The start of a run's first clip is known once one fragment is whole: the file was written just then. */
  correct(clip: OpenClip): void {
    if (clip.isCorrected) return
    this.#write(async () => {
      const path = this.#pathOf(clip)
      const start = await startByFile(this.#ctx, path, clip)
      if (clip.isCorrected || start === null) return
      clip.isCorrected = true
      await correctClipStart(this.#ctx, await this.#idOf(clip), start)
      clip.startedAt = start
    })
  }

  /** A clip has ended; `startMs` and `endMs` (of the box's clock) are null where its recorder died before it could say. */
  close(clip: OpenClip, { startMs, endMs }: Ended, cause: GapCause | null = null): void {
    const apartMs = apartOf(this.#ctx)
    this.#write(async () => {
      const path = this.#pathOf(clip)
      const mp4 = await wholePartOf(path)
      if (mp4.fragments.length === 0) return this.#setAside(clip, path)
      this.#intervalMs = frameIntervalMs(mp4) ?? this.#intervalMs
      const lateMs = clip.isLateByFrame ? this.#intervalMs : 0
      const told = (ms: number) => new Date(Math.round(ms - lateMs + apartMs))
      const lastsMs = cause === 'clock' ? steadyMs(mp4) : durationMs(mp4)
      const isTold = startMs !== null && endMs !== null
      const first = isTold && clip.isFirst ? told(endMs - durationMs(mp4)) : clip.startedAt
      const startedAt = isTold && !clip.isFirst ? told(startMs) : first
      const endedAt = isTold ? told(endMs) : new Date(startedAt.getTime() + lastsMs)
      const { bytes, cutTail } = await finishFile(path, mp4)
      const isClockSet = cause === 'clock'
      await closeClip(this.#ctx, {
        videoId: await this.#idOf(clip),
        startedAt,
        endedAt,
        bytes,
        mp4,
        isRecovered: !isTold,
        isClockSet
      })
      await cutTail()
      this.lastEnd = endedAt
    })
  }

  /** A file that is to be no clip. */
  discard(file: string): void {
    this.#write(() => setAside(this.#ctx, join(clipFolder(this.#ctx), file)))
  }

  /** There is no video from the last clip's end on, or from `otherwise` where there was none. */
  gap(cause: GapCause, otherwise: Date): void {
    this.#write(() => {
      const startedAt = this.lastEnd ?? otherwise
      return startGap(this.#ctx, { cameraId: this.#camera.cameraId, startedAt, cause })
    })
  }

  /** Resolves when everything is written, or after `withinMs`: then the rest is left to the next start. */
  async finish(withinMs: number): Promise<void> {
    await Promise.race([this.#queue, sleep(withinMs, undefined, { ref: false })])
    this.#isGivingUp = true
  }

  #write(work: () => Promise<void>): void {
    this.#queue = this.#queue.then(() => this.#insist(work))
  }

  async #insist(work: () => Promise<void>): Promise<void> {
    while (!this.#isGivingUp) {
      try {
        return await work()
      } catch (err) {
        if (err instanceof NotFound) return
        this.#ctx.log.warn({ err, cameraId: this.#camera.cameraId }, 'the clip index cannot be written now: trying again')
        await sleep(RETRY_MS, undefined, { ref: false })
      }
    }
  }

  #pathOf = ({ file }: OpenClip) => join(clipFolder(this.#ctx), file)

  /** The row of a clip, made where there is none yet. */
  #idOf({ file, startedAt }: OpenClip): Promise<string> {
    return openClip(this.#ctx, { ...this.#camera, file, startedAt })
  }

  async #setAside(clip: OpenClip, path: string): Promise<void> {
    await setAside(this.#ctx, path)
    await dropClip(this.#ctx, await this.#idOf(clip))
  }
}

/** By how much the store's time is ahead of the box's clock: 0 unless that was set back (docs/decisions/0009-clock.md). */
export const apartOf = ({ clock }: Context): number => clock.now().getTime() - (clock.source ?? clock).now().getTime()

/**
 * Puts a file that is written no more on the disk, where its row promises it to be. `bytes`: how much of it is of use. `cutTail`, called once
 * the row is there, ends the file where its last whole fragment does: behind half a one, some players refuse the whole. It comes last since it
 * changes when the file was written, by which its beginning is known; what cannot be cut does no harm here and is left.
 */
export async function finishFile(path: string, { wholeBytes }: Mp4): Promise<{ bytes: number; cutTail(): Promise<void> }> {
  const { size } = await stat(path)
  const isWhole = size === wholeBytes || (await isClosed(path, wholeBytes))
  await flushFile(path)
  return {
    bytes: isWhole ? size : wholeBytes,
    cutTail: async () => (isWhole ? undefined : truncate(path, wholeBytes).catch(() => undefined))
  }
}

/** Where a clip began, as its file says it: when it was written last, less all that is in it. Null while there is no whole fragment, or half of one more. */
export async function startByFile(
  ctx: Context,
  path: string,
  { isLateByFrame }: Pick<OpenClip, 'isLateByFrame'>
): Promise<Date | null> {
  const info = await stat(path).catch(() => null)
  const mp4 = await wholePartOf(path)
  if (!info || mp4.fragments.length === 0 || !(info.size === mp4.wholeBytes || (await isClosed(path, mp4.wholeBytes))))
    return null
  const lateMs = isLateByFrame ? (frameIntervalMs(mp4) ?? 0) : 0
  return new Date(Math.round(info.mtimeMs - durationMs(mp4) - lateMs + apartOf(ctx)))
}

/** How long it lasts without the times at which the clock was set. */
function steadyMs(mp4: Mp4): number {
  const still = mp4.fragments.flatMap(({ stillness }) => stillness.map(({ ticks }) => ticks))
  return durationMs(mp4) - (still.reduce((sum, ticks) => sum + ticks, 0) * 1000) / (mp4.track?.timescale ?? 1)
}

/** Was the file closed in good order: does the index of fragments, which comes last, follow the last of them? */
async function isClosed(path: string, wholeBytes: number): Promise<boolean> {
  await using file = await open(path, 'r')
  const head = await readingFrom(file)(wholeBytes, 8)
  return head.toString('latin1', 4, 8) === 'mfra'
}
