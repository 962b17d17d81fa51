/**
 * One follower of the event log for all who watch: it looks at each nudge and twice a second, reads below the oldest running
 * transaction, and hands every event on in the log's order. Whoever comes later catches up by himself until he stands where it stands.
 */
import type { Context } from '#server/context.ts'
import { type EventCursor, type EventRow, isBefore } from '#server/platform/event-log.ts'

const LOOK_EVERY_MS = 500
const PAGE = 500

export class Feed {
  readonly #ctx: Context
  readonly #listeners = new Set<(events: EventRow[]) => void>()
  #cursor: EventCursor | null = null
  #timer: NodeJS.Timeout | null = null
  #looking: Promise<void> | null = null
  #isNudged = false
  #isStopped = false
  #offNudge = () => {}

  constructor(ctx: Context) {
    this.#ctx = ctx
  }

  /** Where the feed stands: everything before was handed on. Starts it at the log's end when nobody watched until now. */
  async position(): Promise<EventCursor> {
    if (this.#cursor) return this.#cursor
    const end = await this.#ctx.events.end()
    if (!this.#cursor) this.#start(end)
    return this.#cursor!
  }

  /** Joins in at `cursor` if that is not behind the feed: `listener` gets every event after it. False: catch up first. */
  join(cursor: EventCursor, listener: (events: EventRow[]) => void): boolean {
    if (!this.#cursor || isBefore(cursor, this.#cursor)) return false
    this.#listeners.add(listener)
    return true
  }

  leave(listener: (events: EventRow[]) => void): void {
    this.#listeners.delete(listener)
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#offNudge()
    if (this.#timer) clearTimeout(this.#timer)
    await this.#looking
  }

  #start(at: EventCursor): void {
    this.#cursor = at
    this.#offNudge = this.#ctx.events.onNudge(() => this.#look())
    this.#look()
  }

  #look(): void {
    if (this.#isStopped) return
    this.#isNudged = true
    if (this.#looking) return
    if (this.#timer) clearTimeout(this.#timer)
    this.#looking = this.#readOn().finally(() => {
      this.#looking = null
      if (!this.#isStopped) this.#timer = setTimeout(() => this.#look(), LOOK_EVERY_MS)
    })
  }

  async #readOn(): Promise<void> {
    try {
      while (this.#isNudged && !this.#isStopped) {
        this.#isNudged = false
        let page: EventRow[]
        do {
          page = await this.#ctx.events.after(this.#cursor!, { limit: PAGE })
          if (page.length > 0) this.#cursor = page.at(-1)!
          for (const listener of this.#listeners) listener(page)
        } while (page.length === PAGE && !this.#isStopped)
      }
    } catch (err) {
      this.#ctx.log.debug({ err }, 'the live feed cannot read the event log now')
    }
  }
}
