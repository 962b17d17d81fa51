/** OUT, to screens: the event log as server-sent events (WHATWG HTML, 9.2), resumable at any event that is still kept. */
import type { FastifyRequest } from 'fastify'
import { sql } from 'kysely'
import { LiveQuery } from '#contracts/api/live.ts'
import type { Context } from '#server/context.ts'
import { type EventCursor, isBefore, parseCursor } from '#server/platform/event-log.ts'
import type { App } from '#server/platform/web-app.ts'
import { Feed } from './feed.ts'
import { Watcher } from './watcher.ts'

/** Registers `GET /live`. The streams end with the server, so that it can close. */
export const live = (app: App, ctx: Context): void => {
  const feed = new Feed(ctx)
  const watchers = new Set<Watcher>()
  app.addHook('preClose', async () => {
    for (const watcher of watchers) watcher.stop(feed)
    await feed.stop()
  })

  const schema = {
    summary:
      'Events as they happen: server-sent events, resumable with Last-Event-ID; `reset` when what was asked for is no longer kept',
    tags: ['live'],
    querystring: LiveQuery,
    produces: ['text/event-stream']
  }
  app.get('/live', { schema, config: { access: 'live:read' } }, async (req, reply) => {
    const asked = req.headers['last-event-id'] ?? req.query.lastEventId
    const start = await startOf(ctx, feed, typeof asked === 'string' && asked !== '' ? asked : null)
    const names = req.query.names ? new Set(req.query.names.split(',').filter(Boolean)) : null
    reply.hijack()
    reply.raw.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no'
    })
    const watcher = new Watcher(ctx, { response: reply.raw, names, cursor: start.cursor, isWelcome: () => isWelcome(app, req) })
    watchers.add(watcher)
    reply.raw.on('close', () => watchers.delete(watcher))
    await watcher.watch(feed, start).catch((err) => {
      ctx.log.debug({ err, requestId: req.id }, 'live stream ended')
      reply.raw.destroy()
    })
  })
}

/** Asks the door again, with the credential that opened the stream: who is not known any more is not told any more. */
async function isWelcome(app: App, { headers }: FastifyRequest): Promise<boolean> {
  const credential = {
    ...(headers.authorization && { authorization: headers.authorization }),
    ...(headers.cookie && { cookie: headers.cookie })
  }
  const { statusCode } = await app.inject({ url: '/api/v1/auth/me', headers: credential })
  return statusCode !== 401 && statusCode !== 403
}

type Start = { cursor: EventCursor; hasMissed: boolean }

/** From the event named, from now without one; `hasMissed` when events after it may be gone, or it is no place in this log. */
async function startOf(ctx: Context, feed: Feed, asked: string | null): Promise<Start> {
  const now = await feed.position()
  if (asked === null) return { cursor: now, hasMissed: false }
  const cursor = parseCursor(asked)
  const { rows } = await sql<{ transactionId: string; id: number; forgotten: boolean }>`
    SELECT transaction_id::text, id, id > 1 AS forgotten FROM event_log ORDER BY event_log.transaction_id, event_log.id LIMIT 1`.execute(
    ctx.db
  )
  const oldest = rows[0]
  if (!cursor || isBefore(await ctx.events.end(), cursor)) return { cursor: now, hasMissed: true }
  if (!oldest) return { cursor, hasMissed: isBefore(cursor, now) }
  const isGone = oldest.forgotten && isBefore(cursor, oldest)
  return { cursor, hasMissed: isGone }
}
