/**
 * One camera's recording for as long as it is wanted: recording → (it ended, for whatever reason) → waiting → recording … → stopped.
 * Every end of ffmpeg is a failure, also one with code 0, unless it was asked for: it starts again after a second, then after two, up to ten.
 * With new settings the next recording starts before the last one ends, so that nothing is lost in between.
 */
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { GapCause } from '#contracts/api/videos.ts'
import type { Context } from '#server/context.ts'
import { type CameraToRecord, causeOf, clipFolder, maskIn, noteCameraState, wholePartOf } from '#server/domain/camera/actions.ts'
import type { Ffmpeg } from '#server/platform/ffmpeg.ts'
import { flushFile } from '#server/platform/flush.ts'
import { ClipLedger, type OpenClip } from './clip-ledger.ts'
import { Pulse } from './pulse.ts'
import { Recording } from './recording.ts'

const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 10_000
const FIRST_FRAME_WITHIN_MS = 20_000
const NEXT_FRAME_WITHIN_MS = 12_000
const FILE_GROWS_WITHIN_MS = 60_000
const HANDOVER_WITHIN_MS = 15_000
const LOOK_EVERY_MS = 1000
const WRITTEN_WITHIN_MS = 2500

type Run = {
  recording: Recording
  clips: Map<string, OpenClip>
  /** Begun after the clock was set, by a recording that ends for that: a moment, which belongs to the gap. */
  stray: string[]
  hasClips: boolean
  pulse: Pulse
  asked: GapCause | null
}
export type Wanted = CameraToRecord & { streamUrl: string }

export class CameraRecorder {
  readonly #ctx: Context
  readonly #ffmpeg: Ffmpeg
  readonly #lookAtClock: () => void
  readonly ledger: ClipLedger
  #camera: Wanted
  #run: Run | null = null
  #leaving = new Set<Run>()
  #waiting: NodeJS.Timeout | null = null
  #looking: NodeJS.Timeout | null = null
  #failures = 0
  #restarts = -1
  #isSlowToShow = false
  #isStopped = false

  /** `lookAtClock` restarts every recorder where the clock was set. */
  constructor(ctx: Context, camera: Wanted, { ffmpeg, lookAtClock }: { ffmpeg: Ffmpeg; lookAtClock: () => void }) {
    this.#ctx = ctx
    this.#ffmpeg = ffmpeg
    this.#camera = camera
    this.#lookAtClock = lookAtClock
    this.ledger = new ClipLedger(ctx, camera)
  }

  start(): void {
    this.#looking = setInterval(() => this.#look(), LOOK_EVERY_MS)
    this.#begin()
  }

  /** Other settings: the next recording starts now, the last one ends once the next has a clip, or has failed to get one. */
  change(camera: Wanted): void {
    const isSame =
      camera.streamUrl === this.#camera.streamUrl &&
      camera.transport === this.#camera.transport &&
      camera.tag === this.#camera.tag
    this.#camera = camera
    if (isSame || this.#isStopped) return
    this.#failures = 0
    this.#isSlowToShow = false
    if (this.#run) this.#leave(this.#run)
    this.#begin()
  }

  /** Ends what is being recorded and starts anew at once: the clock was set, so that its times are wrong from here on. */
  restart(cause: GapCause): void {
    if (!this.#run) return
    this.#run.asked = cause
    this.#run.recording.kill()
  }

  /** Puts what is written so far of open clips on the disk, so that a power cut costs seconds, not what the system holds back. */
  async flush(): Promise<void> {
    for (const run of [...this.#leaving, ...(this.#run ? [this.#run] : [])])
      for (const { file } of run.clips.values()) {
        const failed = await flushFile(join(clipFolder(this.#ctx), file)).catch((err: NodeJS.ErrnoException) => err)
        if (failed && failed.code !== 'ENOENT') this.#ctx.log.warn({ err: failed, file }, 'a clip cannot be put on the disk')
      }
  }

  /** Resolves when nothing runs any more and what there is, is written. */
  async stop(cause: GapCause): Promise<void> {
    this.#isStopped = true
    if (this.#waiting) clearTimeout(this.#waiting)
    if (this.#looking) clearInterval(this.#looking)
    const runs = [...this.#leaving, ...(this.#run ? [this.#run] : [])]
    for (const run of runs) run.asked = cause
    await Promise.all(runs.map((run) => run.recording.stop()))
    this.ledger.gap(cause, this.#ctx.clock.now())
    await this.ledger.finish(WRITTEN_WITHIN_MS)
  }

  #begin(): void {
    if (this.#waiting) clearTimeout(this.#waiting)
    this.#waiting = null
    const { cameraId, streamUrl, transport } = this.#camera
    const folder = join(clipFolder(this.#ctx), cameraId)
    const isSlowToShow = this.#isSlowToShow
    const run: Run = {
      clips: new Map(),
      stray: [],
      hasClips: false,
      pulse: new Pulse(this.#ctx.clock.monotonicMs()),
      asked: null,
      recording: null!
    }
    const options = {
      ffmpeg: this.#ffmpeg,
      source: { streamUrl, transport },
      clipSeconds: this.#ctx.config.clipSeconds,
      folder,
      isSlowToShow
    }
    run.recording = new Recording(options, {
      opened: (file) => this.#opened(run, file),
      closed: ({ file, ...line }) => this.#closed(run, file, line),
      frames: (count) => run.pulse.beat(count, this.#ctx.clock.monotonicMs()),
      ended: (words) => this.#ended(run, words)
    })
    this.#run = run
    this.#restarts += 1
    noteCameraState(this.#ctx, cameraId, {
      restarts: this.#restarts,
      ...(this.#failures === 0 && { state: 'connecting', reason: null })
    })
    try {
      mkdirSync(folder, { recursive: true, mode: 0o750 })
      run.recording.start()
    } catch (error) {
      this.#ended(run, (error as Error).message)
    }
  }

  #opened(run: Run, name: string): void {
    this.#lookAtClock()
    const file = join(this.#camera.cameraId, name)
    if (run.asked === 'clock') return void run.stray.push(file)
    const { isLateByFrame } = run.recording
    const clip = { file, startedAt: this.#ctx.clock.now(), isFirst: !run.hasClips, isLateByFrame, isCorrected: run.hasClips }
    run.hasClips = true
    run.clips.set(name, clip)
    this.ledger.open(clip)
    for (const leaving of this.#leaving) if (leaving !== run) void leaving.recording.stop()
  }

  #closed(run: Run, name: string, line: { startMs: number; endMs: number }): void {
    this.#lookAtClock()
    const clip = run.clips.get(name)
    if (!clip || run.asked === 'clock') return
    run.clips.delete(name)
    this.ledger.close(clip, line)
  }

  #ended(run: Run, words: string): void {
    for (const clip of run.clips.values()) this.ledger.close(clip, { startMs: null, endMs: null }, run.asked)
    run.clips.clear()
    for (const file of run.stray) this.ledger.discard(file)
    this.#leaving.delete(run)
    if (run !== this.#run) return
    this.#run = null
    if (this.#isStopped) return
    const { cameraId, streamUrl } = this.#camera
    const said = maskIn(words, streamUrl)
    const cause = causeOf(said, run.asked ?? (/received signal/.test(said) ? 'restart' : null))
    this.ledger.gap(cause, this.#ctx.clock.now())
    if (!run.hasClips && /codec parameters|dimensions not set|unspecified size/.test(said)) this.#isSlowToShow = true
    if (run.hasClips) this.#failures = 0
    const waitMs = cause === 'clock' ? 0 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures)
    this.#failures += 1
    const reason = said.trim().split('\n').at(-1) || 'the stream ended'
    noteCameraState(this.#ctx, cameraId, { state: 'retrying', reason })
    this.#ctx.log.warn({ cameraId, cause, reason, waitMs }, 'a camera’s recording ended: it starts again')
    this.#waiting = setTimeout(() => this.#begin(), waitMs)
  }

  /** The old recording goes on until the new one has a clip. */
  #leave(run: Run): void {
    this.#leaving.add(run)
    run.asked = 'restart'
    setTimeout(() => {
      if (this.#leaving.has(run)) void run.recording.stop()
    }, HANDOVER_WITHIN_MS).unref()
  }

  #look(): void {
    const run = this.#run
    if (!run) return
    const nowMs = this.#ctx.clock.monotonicMs()
    const clip = [...run.clips.values()].at(-1)
    if (clip) {
      this.ledger.correct(clip)
      this.#tell(run, clip, nowMs)
    }
    const lateMs = run.pulse.hasBeaten ? NEXT_FRAME_WITHIN_MS : FIRST_FRAME_WITHIN_MS
    const isStuck = run.pulse.hasBeaten && run.pulse.grownAgoMs(nowMs) > FILE_GROWS_WITHIN_MS
    if (run.pulse.beatAgoMs(nowMs) > lateMs || isStuck) {
      this.#ctx.log.warn({ cameraId: this.#camera.cameraId, isStuck }, 'a camera is silent: its recording is ended')
      run.recording.kill()
    }
  }

  #tell(run: Run, clip: OpenClip, nowMs: number): void {
    const path = join(clipFolder(this.#ctx), clip.file)
    run.pulse.grow(path, statSync(path, { throwIfNoEntry: false })?.size ?? 0, nowMs)
    if (!run.pulse.hasBeaten) return
    noteCameraState(this.#ctx, this.#camera.cameraId, {
      ...(run.pulse.beatAgoMs(nowMs) < 5000 && { state: 'recording', reason: null }),
      ...run.pulse.rates(nowMs),
      lastFrameMonoMs: run.pulse.lastBeatMs
    })
    if (run.pulse.isKnown) return
    void wholePartOf(path).then(({ track }) => {
      if (!track) return
      run.pulse.isKnown = true
      const { codecs, width, height } = track
      noteCameraState(this.#ctx, this.#camera.cameraId, { codecs, width, height })
    })
  }
}
