/**
 * The timetable's clockwork: each job in a beat of its own, on time that does not jump. A job never overlaps itself; it runs again at
 * once while it finds work; what it throws is kept and does not stop the beat. After a sleep of the box the next beat is simply late.
 */
import type { Context } from '#server/context.ts'
import { forgetOtherJobs, type JobRunNews, listJobRuns, noteJobRuns } from '#server/platform/job-runs.ts'

/**
 * `run` returns how much it did: 0 when there was nothing to do. `page`: the most that one run does, after which it runs again at once; where
 * that is not known, anything done may mean more. `onEvents`: also whenever events were written.
 */
export type Job = { name: string; everyMs: number; page?: number; onEvents?: boolean; run(ctx: Context): Promise<number> }

const NOTE_EVERY_MS = 10_000
const DRAIN_WITHIN_MS = 30_000
const NUDGED_AFTER_MS = 200 // what is written in a burst is taken in one run, and who passes a door meanwhile has the box to himself

export class Timetable {
  readonly #ctx: Context
  readonly #beats: Beat[]
  #offNudge = () => {}
  #started: Promise<void> | null = null

  constructor(ctx: Context, jobs: Job[]) {
    this.#ctx = ctx
    this.#beats = jobs.map((job) => new Beat(ctx, job))
  }

  /** Starts every beat. A job whose turn came while the box was off runs at once. */
  start(): void {
    this.#started = this.#lastRuns().then((last) => {
      for (const beat of this.#beats) beat.start(last.get(beat.job.name) ?? null)
    })
    this.#offNudge = this.#ctx.events.onNudge(() => {
      for (const beat of this.#beats) if (beat.job.onEvents) beat.nudge()
    })
  }

  /** Ends the beats; resolves when no job runs any more. */
  async stop(): Promise<void> {
    this.#offNudge()
    await this.#started
    await Promise.all(this.#beats.map((beat) => beat.stop()))
  }

  /**
   * Runs every job in order, again and again, until a whole round found nothing to do and no event is held back by a transaction that
   * still runs. Throws what a job throws. For tests and replays.
   */
  async drain(): Promise<void> {
    const deadlineMs = performance.now() + DRAIN_WITHIN_MS
    while (performance.now() < deadlineMs) {
      const isCaughtUp = await this.#ctx.events.isCaughtUp()
      let done = 0
      for (const { job } of this.#beats) done += await job.run(this.#ctx)
      if (done === 0 && isCaughtUp) return
    }
    throw new Error('the jobs find work for ever')
  }

  async #lastRuns(): Promise<Map<string, string | null>> {
    try {
      await forgetOtherJobs(
        this.#ctx.pool,
        this.#beats.map((beat) => beat.job.name)
      )
      return new Map((await listJobRuns(this.#ctx.pool)).map((run) => [run.name, run.lastFinishedAt]))
    } catch (err) {
      this.#ctx.log.warn({ err }, 'what ran when is not known: every job starts now')
      return new Map()
    }
  }
}

/** One job's beat: waiting → running → waiting …, until it is stopped. A nudge while it runs makes it run once more. */
class Beat {
  readonly job: Job
  readonly #ctx: Context
  #timer: NodeJS.Timeout | null = null
  #running: Promise<void> | null = null
  #isNudged = false
  #isStopped = false
  #notedMs = Number.NEGATIVE_INFINITY
  #unnoted = { runs: 0, failures: 0 }

  constructor(ctx: Context, job: Job) {
    this.#ctx = ctx
    this.job = job
  }

  /** A nudge that came before its last run was known has put it on its way already. */
  start(lastFinishedAt: string | null): void {
    if (this.#running || this.#isNudged) return
    const sinceMs =
      lastFinishedAt === null ? Number.POSITIVE_INFINITY : this.#ctx.clock.now().getTime() - Date.parse(lastFinishedAt)
    this.#wait(Math.min(this.job.everyMs, Math.max(0, this.job.everyMs - sinceMs)))
  }

  nudge(): void {
    if (this.#isStopped || this.#isNudged) return
    this.#isNudged = true
    if (!this.#running) this.#wait(NUDGED_AFTER_MS)
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    if (this.#timer) clearTimeout(this.#timer)
    await this.#running
  }

  #wait(ms: number): void {
    if (this.#isStopped) return
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#isNudged = false
      this.#running = this.#run().finally(() => {
        this.#running = null
        this.#wait(this.#isNudged ? NUDGED_AFTER_MS : this.job.everyMs)
      })
    }, ms)
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#ctx
    const startedAt = clock.now()
    const startedMs = performance.now()
    let error: string | null = null
    try {
      const page = this.job.page ?? 1
      let done = page
      while (done >= page && !this.#isStopped) {
        await this.#ctx.precedence.giveWay()
        done = await this.job.run(this.#ctx)
      }
    } catch (thrown) {
      error = thrown instanceof Error ? thrown.message : String(thrown)
      log.warn({ job: this.job.name, err: thrown }, 'job failed')
    }
    const durationMs = Math.round(performance.now() - startedMs)
    await this.#note({ startedAt, finishedAt: clock.now(), durationMs, error })
  }

  /** What runs twice a second would write as often: a job is noted every ten seconds, and at once when it fails. */
  async #note(run: Pick<JobRunNews, 'startedAt' | 'finishedAt' | 'durationMs' | 'error'>): Promise<void> {
    this.#unnoted.runs += 1
    if (run.error !== null) this.#unnoted.failures += 1
    const nowMs = performance.now()
    if (this.#unnoted.failures === 0 && nowMs - this.#notedMs < NOTE_EVERY_MS) return
    const { name, everyMs } = this.job
    const news = { name, ...run, ...this.#unnoted, nextRunAt: new Date(this.#ctx.clock.now().getTime() + everyMs) }
    try {
      await noteJobRuns(this.#ctx.pool, news)
      this.#notedMs = nowMs
      this.#unnoted = { runs: 0, failures: 0 }
    } catch (err) {
      this.#ctx.log.debug({ job: name, err }, 'job run not noted')
    }
  }
}
