/**
 * One who watches: first catches up from where he was, page by page, then gets what the feed hands on. He is sent each event once and in
 * order. One who reads too slowly is cut off rather than kept in memory: he comes back and resumes where he was.
 */
import type { ServerResponse } from 'node:http'
import type { Context } from '#server/context.ts'
import { type EventCursor, type EventRow, formatCursor, isBefore } from '#server/platform/event-log.ts'
import type { Feed } from './feed.ts'

const PAGE = 500
const MAX_UNREAD_BYTES = 1024 * 1024
const SLOW_MS = 30_000
const HEARTBEAT_MS = 15_000
const ASK_AGAIN_EVERY = 4 // heartbeats

export type Watching = {
  response: ServerResponse
  names: Set<string> | null
  cursor: EventCursor
  /** Is the credential he came with still good? */
  isWelcome: () => Promise<boolean>
}

export class Watcher {
  readonly #ctx: Context
  readonly #response: ServerResponse
  readonly #names: Set<string> | null
  readonly #isWelcome: () => Promise<boolean>
  #cursor: EventCursor
  #heartbeat: NodeJS.Timeout | null = null
  #heartbeats = 0
  readonly #take = (events: EventRow[]) => this.#send(events)

  constructor(ctx: Context, { response, names, cursor, isWelcome }: Watching) {
    this.#ctx = ctx
    this.#response = response
    this.#names = names
    this.#isWelcome = isWelcome
    this.#cursor = cursor
  }

  /** Catches up and stays until the connection ends. `hasMissed`: what lies between the last event he knows and `cursor` is gone. */
  async watch(feed: Feed, { hasMissed }: { hasMissed: boolean }): Promise<void> {
    this.#response.on('close', () => this.stop(feed))
    this.#heartbeat = setInterval(() => void this.#beat(feed), HEARTBEAT_MS)
    const position = formatCursor(this.#cursor)
    this.#write(`retry: 2000\nid: ${position}\n: connected\n\n`)
    if (hasMissed)
      this.#write(`id: ${position}\nevent: reset\ndata: ${JSON.stringify({ at: this.#ctx.clock.now().toISOString() })}\n\n`)
    while (!this.#response.destroyed && !feed.join(this.#cursor, this.#take)) await this.#catchUp(await feed.position())
  }

  stop(feed: Feed): void {
    feed.leave(this.#take)
    if (this.#heartbeat) clearInterval(this.#heartbeat)
    if (!this.#response.destroyed) this.#response.end()
  }

  /** A sign-in that ended, or an account that was disabled, ends the stream too, within a minute. */
  async #beat(feed: Feed): Promise<void> {
    this.#write(': heartbeat\n\n')
    this.#heartbeats += 1
    if (this.#heartbeats % ASK_AGAIN_EVERY === 0 && !(await this.#isWelcome())) this.stop(feed)
  }

  async #catchUp(until: EventCursor): Promise<void> {
    const page = await this.#ctx.events.after(this.#cursor, { limit: PAGE })
    this.#send(page)
    if (page.length < PAGE && isBefore(this.#cursor, until)) this.#cursor = until // nothing lies between: it was rolled back, or forgotten
    if (this.#response.writableNeedDrain) await this.#drained()
  }

  #send(events: EventRow[]): void {
    const isWanted = ({ name }: EventRow) => !this.#names || this.#names.has(name)
    const fresh = events.filter((event) => isBefore(this.#cursor, event))
    if (fresh.length === 0) return
    this.#cursor = fresh.at(-1)!
    const text = fresh.filter(isWanted).map(messageOf).join('')
    if (text !== '') this.#write(text)
  }

  #write(text: string): void {
    const { destroyed, writableLength } = this.#response
    if (destroyed) return
    if (writableLength > MAX_UNREAD_BYTES) this.#response.destroy()
    else this.#response.write(text)
  }

  async #drained(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const tooSlow = setTimeout(() => this.#response.destroy(), SLOW_MS)
    this.#response.once('drain', resolve).once('close', resolve)
    await promise
    clearTimeout(tooSlow)
    this.#response.off('drain', resolve).off('close', resolve)
  }
}

function messageOf(event: EventRow): string {
  return `id: ${formatCursor(event)}\nevent: ${event.name}\ndata: ${JSON.stringify({ ...event.payload, at: event.at.toISOString() })}\n\n`
}
