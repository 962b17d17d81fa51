/**
 * From the event log to what each endpoint is to be told: a follower that makes one delivery for each event and endpoint that wants it. The
 * rows are made in the log's order, in the transaction that moves the follower's cursor, so none is left out or made twice, whatever
 * crashes. There is a follower as long as there is an endpoint: without one no event waits for it.
 */
import { EventEmitter } from 'node:events'
import { sql } from 'kysely'
import { type Context, type Tx, transact } from '#server/context.ts'
import { endFollower, findCursor, moveCursor } from '#server/platform/event-cursor.ts'
import { type EventRow, isBefore } from '#server/platform/event-log.ts'
import { newId } from '#server/platform/ids.ts'
import { type EndpointRow, endpointsInService } from './queries.ts'

export const FOLLOWER = 'queue-webhooks'
const PAGE = 1000

const queues = new WeakMap<Context, EventEmitter>()
function queueOf(ctx: Context): EventEmitter {
  const queue = queues.get(ctx) ?? new EventEmitter().setMaxListeners(0)
  queues.set(ctx, queue)
  return queue
}
/** Says that something may be due. */
export const tellQueued = (ctx: Context): void => void queueOf(ctx).emit('queued')

/** Calls `listener` whenever something may be due; returns the way to stop. */
export function onQueued(ctx: Context, listener: () => void): () => void {
  queueOf(ctx).on('queued', listener)
  return () => queueOf(ctx).off('queued', listener)
}

/** Takes one page of the events that somebody wants, and passes over the others unread; returns 0 when it is at the end. */
export async function queueDeliveries(ctx: Context): Promise<number> {
  const cursor = await findCursor(ctx.db, FOLLOWER)
  const last = cursor && (await ctx.events.last(cursor))
  if (!last) return 0
  const queued = await transact(ctx, async (tx) => {
    if (!(await moveCursor(tx, FOLLOWER, { from: cursor, to: last }))) return 0 // another process took this page
    const endpoints = await endpointsInService(tx.db) // now that the cursor's row is held: whoever is to hear more has to hold it first
    if (endpoints.length === 0) await endFollower(tx, FOLLOWER)
    const names = namesWanted(endpoints)
    const events = names?.length === 0 ? [] : await ctx.events.after(cursor, { limit: PAGE, ...(names && { names }) })
    const end = events.at(-1)
    if (end && (events.length === PAGE || isBefore(last, end))) await moveCursor(tx, FOLLOWER, { from: last, to: end })
    return addDeliveries(tx, events, endpoints)
  })
  if (queued > 0) tellQueued(ctx)
  return Math.max(queued, 1)
}

/** Null: all. */
function namesWanted(endpoints: EndpointRow[]): string[] | null {
  const listening = endpoints.filter(({ enabled }) => enabled)
  if (listening.some(({ events }) => events.length === 0)) return null
  return [...new Set(listening.flatMap(({ events }) => events))]
}

async function addDeliveries(tx: Tx, events: EventRow[], endpoints: EndpointRow[]): Promise<number> {
  const wanted = events.flatMap((event) =>
    endpoints.filter((endpoint) => wants(endpoint, event)).map((endpoint) => ({ event, endpointId: endpoint.id }))
  )
  if (wanted.length === 0) {
    await sql`SET LOCAL synchronous_commit = off`.execute(tx.db) // a cursor that a crash sets back reads the same page again
    return 0
  }
  const column = <T>(pick: (one: (typeof wanted)[number]) => T) => wanted.map(pick)
  await sql`
    INSERT INTO webhook_delivery (id, endpoint_id, event_number, name, payload, at, created_at, due_since)
    SELECT id, endpoint_id, event_number, name, payload, at, ${tx.now}, ${tx.now}
    FROM unnest(${column(newId)}::uuid[], ${column((one) => one.endpointId)}::uuid[], ${column(({ event }) => event.id)}::bigint[],
      ${column(({ event }) => event.name)}::text[], ${column(({ event }) => JSON.stringify(event.payload))}::jsonb[],
      ${column(({ event }) => event.at.toISOString())}::timestamptz[])
      WITH ORDINALITY AS wanted (id, endpoint_id, event_number, name, payload, at, n) ORDER BY n`.execute(tx.db)
  return wanted.length
}

/** Is the endpoint told of the event? Of nothing that was before it, and of nothing while it is disabled. */
const wants = ({ enabled, events, createdAt }: EndpointRow, { name, at }: EventRow): boolean =>
  enabled && at >= createdAt && (events.length === 0 || events.includes(name))
