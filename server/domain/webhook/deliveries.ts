/** What endpoints were told: listed, tried out, told again, forgotten. */
import { sql } from 'kysely'
import type { DeliveryQuery, ReplayInput, WebhookDelivery } from '#contracts/api/webhooks.ts'
import { type Actor, type Context, type Tx, transact } from '#server/context.ts'
import { audit } from '#server/domain/staff/actions.ts'
import { Invalid, NotFound, Refused } from '#server/platform/errors.ts'
import { newId } from '#server/platform/ids.ts'
import { kept, tell, works } from './attempts.ts'
import { findWebhook, hasten, lockEndpoint } from './endpoints.ts'
import { deliveryOf, deliveryPage, endpointRow } from './queries.ts'
import { tellQueued } from './queue.ts'
import { WAITS } from './rules.ts'

const TEST = 'webhook.test'
/** Shorter than a stop of the server may take. */
const TEST_TIMEOUT_MS = 8000
const KEPT = '30 days'
/** Of one endpoint: one that is told of everything must not fill the disk in less than 30 days. */
const MOST_KEPT = 100_000
const BATCH = 5000

/** An endpoint's deliveries, newest first. Throws NotFound. */
export async function listDeliveries(ctx: Context, id: string, query: DeliveryQuery) {
  await findWebhook(ctx, id)
  return deliveryPage(ctx.db, id, query)
}

/** Sends a `webhook.test` now, also to an endpoint that is disabled, and answers with what came back. It is tried once. Throws NotFound. */
export async function testWebhook(ctx: Context, id: string): Promise<WebhookDelivery> {
  const endpoint = await endpointRow(ctx.db, id)
  if (!endpoint || endpoint.retiredAt) throw new NotFound('webhook', id)
  const telling = { id: newId(), number: null, name: TEST, at: ctx.clock.now(), payload: { webhookId: id } }
  const attempted = await tell(ctx, endpoint, telling, {
    waits: { ...WAITS, timeoutMs: TEST_TIMEOUT_MS },
    signal: new AbortController().signal
  })
  const row = await transact(ctx, async (tx) => {
    const now = await lockEndpoint(tx, id)
    if (attempted.error === null && now.enabled) await works(tx, now)
    const { payload, at } = telling
    return tx.db
      .insertInto('webhookDelivery')
      .values({
        ...{ id: telling.id, endpointId: id, name: TEST, payload: JSON.stringify(payload), at },
        ...{ state: attempted.error === null ? 'delivered' : 'failed', tries: 1, attemptCount: 1 },
        ...{ attempts: JSON.stringify([kept(attempted)]), createdAt: tx.now, dueSince: tx.now, endedAt: tx.now }
      })
      .returningAll()
      .executeTakeFirstOrThrow()
  })
  tellQueued(ctx)
  return deliveryOf(row)
}

/** Sends one delivery again, under its own id; one that waits is due at once. Throws NotFound, Refused `webhook-disabled`. */
export async function replayDelivery(
  ctx: Context,
  actor: Actor,
  { id, deliveryId }: { id: string; deliveryId: string }
): Promise<WebhookDelivery> {
  const work = async (tx: Tx) => {
    await holdForReplay(tx, id)
    const row = await tx.db
      .updateTable('webhookDelivery')
      .set({ ...DUE, dueSince: tx.now })
      .where('id', '=', deliveryId)
      .where('endpointId', '=', id)
      .returningAll()
      .executeTakeFirst()
    if (!row) throw new NotFound('delivery', deliveryId)
    await audit(tx, actor, { action: 'replayed', resource: 'webhook', resourceId: id, after: { deliveryId } })
    return row
  }
  const row = await transact(ctx, work, actor)
  tellQueued(ctx)
  return deliveryOf(row)
}

/** Sends the failed deliveries of a span again, or all of them, in their order. Throws NotFound, Invalid, Refused `webhook-disabled`. */
export async function replaySpan(
  ctx: Context,
  actor: Actor,
  { id, span: { from, to, failedOnly = true } }: { id: string; span: ReplayInput }
): Promise<{ replayed: number }> {
  if (!failedOnly && from === undefined) throw new Invalid('from', 'say from when what was delivered is sent again')
  if (from !== undefined && to !== undefined && Date.parse(from) >= Date.parse(to)) throw new Invalid('to', 'must be after from')
  const work = async (tx: Tx) => {
    await holdForReplay(tx, id)
    let query = tx.db
      .updateTable('webhookDelivery')
      .set({ ...DUE, dueSince: tx.now })
      .where('endpointId', '=', id)
      .where('eventNumber', 'is not', null)
      .where('state', 'in', failedOnly ? ['failed'] : ['failed', 'delivered'])
    if (from !== undefined) query = query.where('at', '>=', new Date(from))
    if (to !== undefined) query = query.where('at', '<', new Date(to))
    const { numUpdatedRows } = await query.executeTakeFirstOrThrow()
    const replayed = Number(numUpdatedRows)
    const after = { from, to, failedOnly, replayed }
    await audit(tx, actor, { action: 'replayed', resource: 'webhook', resourceId: id, after })
    return { replayed }
  }
  const done = await transact(ctx, work, actor)
  tellQueued(ctx)
  return done
}

const DUE = { state: 'pending', tries: 0, retryAt: null, endedAt: null }

async function holdForReplay(tx: Tx, id: string): Promise<void> {
  const endpoint = await lockEndpoint(tx, id)
  if (!endpoint.enabled) throw new Refused('webhook-disabled', 'this webhook is disabled: enable it first, then replay')
  await tx.db.updateTable('webhookEndpoint').set({ retryAt: null }).where('id', '=', id).execute()
  await hasten(tx.db, id)
}

/** Takes a user's id out of what endpoints were told, and how they answered; what has still to be told loses it once it was. */
export async function forgetUserInDeliveries(tx: Tx, { id, nobody }: { id: string; nobody: string }): Promise<void> {
  const isHis = sql`payload ? 'userId' AND payload ->> 'userId' = ${id}`
  await sql`UPDATE webhook_delivery SET forgotten_as = ${nobody} WHERE ${isHis} AND state = 'pending'`.execute(tx.db)
  await sql`UPDATE webhook_delivery SET payload = jsonb_set(payload, '{userId}', to_jsonb(${nobody}::text)),
      attempts = (SELECT coalesce(jsonb_agg(attempt || '{"answer": null}'), '[]') FROM jsonb_array_elements(attempts) AS attempt)
    WHERE ${isHis} AND state <> 'pending'`.execute(tx.db)
}

/**
 * Forgets deliveries that are 30 days old, or that have `most` newer ones of their endpoint after them, a batch at a time; those of endpoints
 * in use that still wait are kept. Returns how many.
 */
export async function forgetOldDeliveries(ctx: Context, most = MOST_KEPT): Promise<number> {
  const forgotten = await sql`
    DELETE FROM webhook_delivery WHERE id IN (
      SELECT old.id FROM webhook_endpoint AS endpoint CROSS JOIN LATERAL (
        SELECT id FROM webhook_delivery WHERE endpoint_id = endpoint.id AND (state <> 'pending' OR NOT endpoint.enabled)
          AND created_at < ${ctx.clock.now()}::timestamptz - ${KEPT}::interval
        ORDER BY position LIMIT ${BATCH}) AS old LIMIT ${BATCH})`.execute(ctx.db)
  const surplus = await sql`
    DELETE FROM webhook_delivery WHERE id IN (
      SELECT old.id FROM webhook_endpoint AS endpoint
        CROSS JOIN LATERAL (SELECT position FROM webhook_delivery AS newer WHERE newer.endpoint_id = endpoint.id ORDER BY position DESC OFFSET ${most - 1} LIMIT 1) AS last
        JOIN webhook_delivery AS old ON old.endpoint_id = endpoint.id AND old.position < last.position AND old.state <> 'pending'
      LIMIT ${BATCH})`.execute(ctx.db)
  return Number((forgotten.numAffectedRows ?? 0n) + (surplus.numAffectedRows ?? 0n))
}
