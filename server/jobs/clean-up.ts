/** Forgets what is over: old sign-ins and keys, codes that cannot be valid any more, deliveries of webhooks, events that every follower has seen. */
import { sql } from 'kysely'
import type { Context } from '#server/context.ts'
import { forgetOldShifts } from '#server/domain/iot/actions.ts'
import { forgetOldSignIns } from '#server/domain/staff/actions.ts'
import { forgetSightings, forgetUsedCodes } from '#server/domain/user/actions.ts'
import { forgetOldDeliveries } from '#server/domain/webhook/actions.ts'
import type { Job } from './timetable.ts'

const EVENTS_KEPT = '7 days'
const BATCH = 5000

export const cleanUpJob: Job = {
  name: 'clean-up',
  everyMs: 3_600_000,
  async run(ctx) {
    await forgetOldSignIns(ctx)
    return (
      (await forgetUsedCodes(ctx)) +
      (await forgetOldShifts(ctx)) +
      (await forgetSightings(ctx)) +
      (await forgetOldDeliveries(ctx)) +
      (await forgetOldEvents(ctx))
    )
  }
}

/** A batch at a time, oldest first, never past what a follower has still to read. */
async function forgetOldEvents(ctx: Context): Promise<number> {
  const forgotten = await sql`
    DELETE FROM event_log WHERE (transaction_id, id) IN (
      SELECT transaction_id, id FROM event_log AS old
      WHERE at < ${ctx.clock.now()}::timestamptz - ${EVENTS_KEPT}::interval
        AND NOT EXISTS (SELECT FROM event_cursor AS follower WHERE (follower.transaction_id, follower.id) < (old.transaction_id, old.id))
      ORDER BY at LIMIT ${BATCH})`.execute(ctx.db)
  return Number(forgotten.numAffectedRows ?? 0n)
}
