/** Alarms: what somebody should look at, from when to when. One open alarm of a kind on a thing. */
import { sql } from 'kysely'
import type { Alarm, AlarmQuery } from '#contracts/api/machines.ts'
import type { Context, Tx } from '#server/context.ts'
import { newId } from '#server/platform/ids.ts'
import { beyond, decodeCursor, pageOf } from '#server/platform/paging.ts'

/** Starts an alarm unless it is on already. */
export async function startAlarm(
  tx: Tx,
  { kind, subject, message }: { kind: string; subject: string; message: string }
): Promise<void> {
  const row = await tx.db
    .insertInto('alarm')
    .values({ id: newId(), kind, subject, message, startedAt: tx.now })
    .onConflict((c) => c.columns(['kind', 'subject']).where('endedAt', 'is', null).doNothing())
    .returning('id')
    .executeTakeFirst()
  if (row) tx.emit('alarm.started', { alarmId: row.id, kind, subject, message })
}

/** Ends an alarm if it is on. */
export async function endAlarm(tx: Tx, { kind, subject }: { kind: string; subject: string }): Promise<void> {
  const query = tx.db.updateTable('alarm').set({ endedAt: tx.now }).where('kind', '=', kind).where('subject', '=', subject)
  const rows = await query.where('endedAt', 'is', null).returning('id').execute()
  for (const { id } of rows) tx.emit('alarm.ended', { alarmId: id, kind, subject })
}

/** Alarms by when they started. */
export async function listAlarms(
  ctx: Context,
  { open, from, to, order = 'desc', limit = 50, cursor }: AlarmQuery
): Promise<{ items: Alarm[]; nextCursor: string | null }> {
  const after = decodeCursor(cursor, ['time', 'uuid'])
  let query = ctx.db
    .selectFrom('alarm')
    .selectAll()
    .orderBy('startedAt', order)
    .orderBy('id', order)
    .limit(limit + 1)
  if (open !== undefined) query = query.where('endedAt', open ? 'is' : 'is not', null)
  if (from) query = query.where('startedAt', '>=', new Date(from))
  if (to) query = query.where('startedAt', '<=', new Date(to))
  if (after) query = query.where(sql<boolean>`(started_at, id) ${beyond(order)} (${after[0]}::timestamptz, ${after[1]}::uuid)`)
  const page = pageOf(await query.execute(), limit, (row) => [row.startedAt.toISOString(), row.id])
  return {
    ...page,
    items: page.items.map((row) => ({
      ...row,
      startedAt: row.startedAt.toISOString(),
      endedAt: row.endedAt?.toISOString() ?? null
    }))
  }
}
