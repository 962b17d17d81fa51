/** Where a follower of the event log stands: its cursor moves in the transaction of its effects. */
import { type QueryExecutorProvider, sql } from 'kysely'
import { EVENTS_START, type EventCursor } from './event-log.ts'

/** The last event that was taken; null when there is no such follower. */
export async function findCursor(db: QueryExecutorProvider, follower: string): Promise<EventCursor | null> {
  const { rows } = await sql<EventCursor>`
    SELECT transaction_id::text, id FROM event_cursor WHERE follower = ${follower}`.execute(db)
  return rows[0] ?? null
}

/** The same for a follower that begins with the log. */
export const cursorOf = async (db: QueryExecutorProvider, follower: string): Promise<EventCursor> =>
  (await findCursor(db, follower)) ?? EVENTS_START

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
