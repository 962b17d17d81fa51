/**
 * Forgetting a user: his phone number goes, what he said in contests goes, and his id becomes one that stands for nobody. Visits, tickets
 * and carts stay, without him.
 * Who comes again afterwards is a new user. The audit trail keeps that it was done, and for whom; not whom he became.
 */
import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { type Actor, type Context, SYSTEM, type Tx, transact } from '#server/context.ts'
import { audit } from '#server/domain/staff/actions.ts'
import { forgetUserInDeliveries } from '#server/domain/webhook/actions.ts'
import { NotFound, Refused } from '#server/platform/errors.ts'

const BATCH = 50
/** What a forgotten user has for a phone number. */
const FORGOTTEN = ''

/**
 * Forgets one user. Throws NotFound, Refused('inside') while his visit is open, and Refused('unsettled') while a cart of his is to be
 * settled, unless `unsettled`: then nobody can be charged for it any more.
 */
export function forgetUser(
  ctx: Context,
  actor: Actor,
  { id, unsettled = false }: { id: string; unsettled?: boolean }
): Promise<void> {
  return transact(
    ctx,
    async (tx) => {
      const user = await tx.db.selectFrom('userDetail').select('phoneNumber').where('id', '=', id).forUpdate().executeTakeFirst()
      if (!user) throw new NotFound('user', id)
      await assertMayGo(tx, id, unsettled)
      await pseudonymise(tx, id)
      await audit(tx, actor, { action: 'forgotten', resource: 'user', resourceId: id })
    },
    actor
  )
}

/** Forgets users who have not been seen for PERSONAL_DATA_DAYS, a batch at a time; returns how many. Blocked ones stay: else they could come in again. */
export async function forgetOldUsers(ctx: Context): Promise<number> {
  const before = new Date(ctx.clock.now().getTime() - ctx.config.personalDataDays * 86_400_000)
  const old = await ctx.db
    .selectFrom('userDetail')
    .select('id')
    .where('lastSeenAt', '<', before)
    .where('phoneNumber', '<>', FORGOTTEN)
    .where('blockedAt', 'is', null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('visit').select('visit.id').whereRef('visit.userId', '=', 'userDetail.id').where('exitedAt', 'is', null)
        )
      )
    )
    .orderBy('lastSeenAt')
    .limit(BATCH)
    .execute()
  for (const { id } of old) await forgetUser(ctx, SYSTEM, { id, unsettled: true }).catch(ifHeCameBack)
  return old.length
}

/** Between the look and the lock he came in: not old any more. */
function ifHeCameBack(error: unknown): void {
  if (!(error instanceof Refused && error.code === 'inside')) throw error
}

async function assertMayGo({ db }: Tx, id: string, unsettled: boolean): Promise<void> {
  const inside = await db
    .selectFrom('visit')
    .select('id')
    .where('userId', '=', id)
    .where('exitedAt', 'is', null)
    .executeTakeFirst()
  if (inside) throw new Refused('inside', 'this user is inside; forget him after he has left', { visitId: inside.id })
  if (unsettled) return
  const open = await db.selectFrom('cart').select('visitId').where('userId', '=', id).where('status', '<>', 'SETTLED').execute()
  if (open.length > 0) {
    const visits = open.map(({ visitId }) => visitId)
    const message = `${visits.length} of this user's visits are not settled: complete their tickets first, or say that nobody is to pay for them`
    throw new Refused('unsettled', message, { visits })
  }
}

/**
 * The foreign keys carry the new id to everything that names the user. Events lose him once every follower has read them (who has not may
 * have to send a bill), and so do deliveries of webhooks; the rest goes with its retention. Random, not by time: the new id must tell nothing.
 */
async function pseudonymise(tx: Tx, id: string): Promise<void> {
  const { db } = tx
  const nobody = randomUUID()
  await sql`SET LOCAL statement_timeout = '60s'`.execute(db) // the event log has no index by user
  await sql`UPDATE user_detail SET id = ${nobody}, phone_number = ${FORGOTTEN}, blocked_at = NULL, version = version + 1 WHERE id = ${id}`.execute(
    db
  )
  await sql`UPDATE used_code SET user_id = ${nobody} WHERE user_id = ${id}`.execute(db)
  await sql`
    WITH said AS (SELECT contest.id, contest.visit_id, contest.message FROM contest JOIN visit ON visit.id = contest.visit_id WHERE visit.user_id = ${nobody}),
    repeated AS (UPDATE ticket SET reopen_reason = 'contested' FROM said WHERE ticket.visit_id = said.visit_id AND ticket.reopen_reason = said.message)
    UPDATE contest SET message = '' FROM said WHERE contest.id = said.id`.execute(db)
  await sql`UPDATE event_log AS event SET payload = jsonb_set(payload, '{userId}', to_jsonb(${nobody}::text))
    WHERE payload->>'userId' = ${id}
      AND NOT EXISTS (SELECT FROM event_cursor AS follower WHERE (follower.transaction_id, follower.id) < (event.transaction_id, event.id))`.execute(
    db
  )
  await forgetUserInDeliveries(tx, { id, nobody })
}
