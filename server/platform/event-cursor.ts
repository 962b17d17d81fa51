/** Where a follower of the event log stands: its cursor moves in the transaction of its effects. */
import { type QueryExecutorProvider, sql } from 'kysely'
import { EVENTS_START, type EventCursor, type EventRow } from './event-log.ts'

/** The last event that was taken; null when there is no such follower. */
export async function findCursor(db: QueryExecutorProvider, follower: string): Promise<EventCursor | null> {
  const { rows } = await sql<EventCursor>`
    SELECT transaction_id::text, id FROM event_cursor WHERE follower = ${follower}`.execute(db)
  return rows[0] ?? null
}

/** At most `limit` events that the follower has not taken, in order, all of whose predecessors are known, and the cursor before them; null when there are none. One that is not there begins with the log. */
export async function nextPage(
  db: QueryExecutorProvider,
  follower: string,
  limit: number
): Promise<{ from: EventCursor; to: EventCursor; events: EventRow[] } | null> {
  const { rows } = await sql<EventRow & { fromTransactionId: string; fromId: number }>`
    SELECT own.transaction_id::text AS from_transaction_id, own.id AS from_id, event.transaction_id::text, event.id, name, payload, at
    FROM (SELECT coalesce(transaction_id, '0') AS transaction_id, coalesce(id, 0) AS id
      FROM (SELECT) AS nobody LEFT JOIN event_cursor ON follower = ${follower}) AS own
    CROSS JOIN LATERAL (SELECT * FROM event_log
      WHERE (transaction_id, id) > (own.transaction_id, own.id) AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())
      ORDER BY transaction_id, id LIMIT ${limit}) AS event ORDER BY event.transaction_id, event.id`.execute(db)
  const [first, last] = [rows[0], rows.at(-1)]
  if (!first || !last) return null
  const from = { transactionId: first.fromTransactionId, id: first.fromId }
  return { from, to: { transactionId: last.transactionId, id: last.id }, events: rows }
}

/** False when the cursor is no longer where it was read: another process took that page. */
export async function moveCursor(
  tx: { db: QueryExecutorProvider },
  follower: string,
  { from, to }: { from: EventCursor; to: EventCursor }
): Promise<boolean> {
  const moved = await sql`
    UPDATE event_cursor SET transaction_id = ${to.transactionId}::text::xid8, id = ${to.id}
    WHERE follower = ${follower} AND transaction_id = ${from.transactionId}::text::xid8 AND id = ${from.id}`.execute(tx.db)
  if (moved.numAffectedRows === 1n) return true
  if (from.transactionId !== EVENTS_START.transactionId) return false
  const begun = await sql`INSERT INTO event_cursor (follower, transaction_id, id)
    VALUES (${follower}, ${to.transactionId}::text::xid8, ${to.id}) ON CONFLICT DO NOTHING`.execute(tx.db)
  return begun.numAffectedRows === 1n
}

/** Makes a follower that is told of what happens from now on; one that is there stays where it stands, held until the transaction ends. */
export async function startFollower(tx: { db: QueryExecutorProvider }, follower: string): Promise<void> {
  await sql`INSERT INTO event_cursor (follower, transaction_id, id) VALUES (${follower}, pg_snapshot_xmin(pg_current_snapshot()), 0)
    ON CONFLICT (follower) DO UPDATE SET follower = excluded.follower`.execute(tx.db)
}

/** Ends a follower: events wait for it no longer. */
export async function endFollower(tx: { db: QueryExecutorProvider }, follower: string): Promise<void> {
  await sql`DELETE FROM event_cursor WHERE follower = ${follower}`.execute(tx.db)
}
