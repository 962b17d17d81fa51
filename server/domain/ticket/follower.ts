/** Where a follower of the event log stands: its cursor moves in the transaction of its effects. */
import { sql } from 'kysely'
import type { Db, Tx } from '#server/context.ts'
import { EVENTS_START, type EventCursor } from '#server/platform/event-log.ts'

/** The last event that was taken. */
export async function cursorOf(db: Db, follower: string): Promise<EventCursor> {
  const row = await db
    .selectFrom('eventCursor')
    .select(['transactionId', 'id'])
    .where('follower', '=', follower)
    .executeTakeFirst()
  return row ?? EVENTS_START
}

/** False when the cursor is no longer where it was read: another process took that page. */
export async function moveCursor(
  tx: Tx,
  follower: string,
  { from, to }: { from: EventCursor; to: EventCursor }
): Promise<boolean> {
  await sql`INSERT INTO event_cursor (follower, transaction_id, id) VALUES (${follower}, '0', 0) ON CONFLICT DO NOTHING`.execute(
    tx.db
  )
  const moved = await sql`
    UPDATE event_cursor SET transaction_id = ${to.transactionId}::text::xid8, id = ${to.id}
    WHERE follower = ${follower} AND transaction_id = ${from.transactionId}::text::xid8 AND id = ${from.id}`.execute(tx.db)
  return moved.numAffectedRows === 1n
}
