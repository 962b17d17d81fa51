/**
 * The event log: facts written in the transaction that made them true, followed in an order that skips none.
 * Serial ids commit out of order, so a follower's cursor is (transaction id, id) and it reads only below the oldest
 * transaction still running (pg_snapshot_xmin): what it has not seen by then can only come later in that order.
 */
import { EventEmitter } from 'node:events'
import type { Pool } from './database.ts'

export type EventRow = { transactionId: string; id: number; name: string; payload: Record<string, unknown>; at: Date }
export type EventCursor = { transactionId: string; id: number }
export const EVENTS_START: EventCursor = { transactionId: '0', id: 0 }

/** Text form of a cursor, as a server-sent event's id. */
export const formatCursor = ({ transactionId, id }: EventCursor): string => `${transactionId}-${id}`

/** Reads a cursor's text form; null where it is none. */
export function parseCursor(text: string): EventCursor | null {
  const match = /^(\d{1,19})-(\d{1,15})$/.exec(text)
  return match ? { transactionId: match[1]!, id: Number(match[2]) } : null
}

/** Is `a` behind `b` in the log's order? */
export function isBefore(a: EventCursor, b: EventCursor): boolean {
  const [left, right] = [BigInt(a.transactionId), BigInt(b.transactionId)]
  return left === right ? a.id < b.id : left < right
}

type Queryable = { query(text: string, values: unknown[]): Promise<{ rows: unknown[] }> }

export class EventLog {
  readonly #pool: Pool
  readonly #emitter = new EventEmitter().setMaxListeners(0)
  constructor(pool: Pool) {
    this.#pool = pool
  }

  /** At most `limit` events after `cursor`, in order, all of whose predecessors are known; `names` narrows them. */
  async after(
    cursor: EventCursor,
    { limit = 500, names, db = this.#pool }: { limit?: number; names?: string[]; db?: Queryable } = {}
  ): Promise<EventRow[]> {
    const { rows } = await db.query(
      `SELECT transaction_id::text AS "transactionId", id, name, payload, at FROM event_log
       WHERE (transaction_id, id) > ($1::text::xid8, $2::bigint) AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())
         AND ($4::text[] IS NULL OR name = ANY($4))
       ORDER BY transaction_id, id LIMIT $3`,
      [cursor.transactionId, cursor.id, limit, names ?? null]
    )
    return rows as EventRow[]
  }

  /** The last event after `cursor` all of whose predecessors are known; null when there is none. */
  async last(cursor: EventCursor): Promise<EventCursor | null> {
    const { rows } = await this.#pool.query(
      `SELECT transaction_id::text AS "transactionId", id FROM event_log
       WHERE (transaction_id, id) > ($1::text::xid8, $2::bigint) AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())
       ORDER BY transaction_id DESC, id DESC LIMIT 1`,
      [cursor.transactionId, cursor.id]
    )
    return rows[0] ?? null
  }

  /** The place behind everything that is known now: a follower that starts here sees only what is new. */
  async end(): Promise<EventCursor> {
    const { rows } = await this.#pool.query(`SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS "transactionId"`)
    return { transactionId: rows[0].transactionId, id: 0 }
  }

  /** Can every event that was committed be read by now? A transaction still running, of any database of this server, holds back what began after it. */
  async isCaughtUp(): Promise<boolean> {
    const { rows } = await this.#pool.query(
      `SELECT NOT EXISTS (SELECT FROM event_log WHERE transaction_id >= pg_snapshot_xmin(pg_current_snapshot())) AS "isCaughtUp"`
    )
    return rows[0].isCaughtUp
  }

  /** Says that a transaction with events was committed: followers in this process need not wait for their next look. */
  nudge(): void {
    this.#emitter.emit('events')
  }

  /** Calls `listener` at each nudge; returns the way to stop. */
  onNudge(listener: () => void): () => void {
    this.#emitter.on('events', listener)
    return () => this.#emitter.off('events', listener)
  }
}
