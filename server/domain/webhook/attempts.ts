/**
 * Telling one endpoint of one event. An endpoint is sent one delivery at a time, the oldest that is due, so it hears in order while it
 * accepts. After a failure both wait, the endpoint less long in the end than the delivery: when all fails, the endpoint is asked for the
 * oldest at a pace of its own; when only one delivery is refused, those behind it step over it. What an attempt came to is noted
 * afterwards: a crash between the two sends it again, under the same id.
 */
import { sql } from 'kysely'
import type { WebhookAttempt } from '#contracts/api/webhooks.ts'
import { type Context, type Tx, transact } from '#server/context.ts'
import { endAlarm, startAlarm } from '#server/domain/staff/actions.ts'
import { post } from '#server/platform/http-post.ts'
import { Slots } from '#server/platform/slots.ts'
import { alarmOf, FRESH, hasten, signingSecretOf } from './endpoints.ts'
import { type DeliveryRow, type EndpointRow, nextDelivery } from './queries.ts'
import { errorOf, isGivenUp, OUTAGE_FAILURES, type Result, resultOf, retryAfterMs, type Waits, waitAfter } from './rules.ts'
import { signedHeaders } from './signature.ts'
import { hostOf, mayReach } from './url.ts'

const KEPT_ATTEMPTS = 30

export type Sending = { waits: Waits; signal: AbortSignal }
/** Many endpoints at once would else take the database's connections from the devices. */
const DATABASE = { atOnce: 2, waiting: 1000 }
const slots = new WeakMap<Context, Slots>()

/** Runs `work` when it is its turn at the database. */
async function inTurn<T>(ctx: Context, work: () => Promise<T>): Promise<T> {
  const turns = slots.get(ctx) ?? new Slots(DATABASE)
  slots.set(ctx, turns)
  using _slot = await turns.take()
  return await work()
}

export type Telling = { id: string; number: number | null; name: string; at: Date; payload: Record<string, unknown> }
type Attempted = WebhookAttempt & { result: Result; retryAfterMs: number }

/** Sends an endpoint the delivery that is next; null when none is due. Throws what the database says, or the signal's reason. */
export async function sendNext(ctx: Context, endpointId: string, { waits, signal }: Sending): Promise<Result | null> {
  const next = await inTurn(ctx, () => nextDelivery(ctx.db, endpointId, ctx.clock.now()))
  if (!next) return null
  const { endpoint, delivery } = next
  const telling = { ...delivery, number: delivery.eventNumber, payload: delivery.payload as Telling['payload'] }
  const attempted = await tell(ctx, endpoint, telling, { waits, signal })
  await inTurn(ctx, () => transact(ctx, (tx) => note(tx, { endpointId, delivery, attempted, waits })))
  const told = { endpointId, host: nameOf(endpoint), event: delivery.name, error: attempted.error }
  if (attempted.error && endpoint.failures === 0) ctx.log.warn(told, 'webhook: not delivered, it is tried again')
  if (!attempted.error && endpoint.failures > 0) ctx.log.info(told, 'webhook: delivered again')
  return attempted.result
}

/** One attempt. Throws the signal's reason. */
export async function tell(
  ctx: Context,
  endpoint: EndpointRow,
  { id, number, name, at, payload }: Telling,
  { waits, signal }: Sending
): Promise<Attempted> {
  const now = ctx.clock.now()
  const secret = signingSecretOf(ctx, endpoint)
  const startedMs = performance.now()
  const attempt = (answer: { status: number | null; error: string | null; answer: string | null; retryAfterMs: number }) => ({
    ...{ at: now.toISOString(), durationMs: Math.round(performance.now() - startedMs), result: resultOf(answer) },
    ...answer,
    error: errorOf(answer)
  })
  const unsent = { status: null, answer: null, retryAfterMs: 0 }
  if (secret === null)
    return attempt({ ...unsent, error: 'its secret cannot be read any more (keys/cameras.key is another one): make a new one' })
  const body = JSON.stringify({ id, number, name, at: at.toISOString(), data: payload })
  const key = payload.idempotencyKey
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'niflr-edge-store',
    ...signedHeaders(secret, { id, at: (ctx.clock.source ?? ctx.clock).now(), body }), // receivers hold it against their own clock
    ...(typeof key === 'string' && { 'idempotency-key': key })
  }
  const { url } = endpoint
  const isAllowed = (address: string) => mayReach(url, address)
  const posted = await post({ url, headers, body, timeoutMs: waits.timeoutMs, isAllowed }, signal)
  if (posted.status === null) return attempt({ ...unsent, error: posted.error })
  const { status, answer, retryAfter } = posted
  return attempt({ status, error: null, answer, retryAfterMs: retryAfterMs(retryAfter, now) })
}

/** The attempt as it is kept. */
export const kept = ({ at, durationMs, status, error, answer }: Attempted): WebhookAttempt => ({
  ...{ at, durationMs, status, error, answer }
})

type Noting = { endpointId: string; delivery: DeliveryRow; attempted: Attempted; waits: Waits }

/** Endpoint before delivery, as everybody takes them. What was retired or replayed meanwhile is not overwritten. */
async function note(tx: Tx, { endpointId, delivery, attempted, waits }: Noting): Promise<void> {
  await sql`SET LOCAL synchronous_commit = off`.execute(tx.db) // what a power cut takes back is told again
  const endpoint = await tx.db
    .selectFrom('webhookEndpoint')
    .selectAll()
    .where('id', '=', endpointId)
    .forNoKeyUpdate()
    .executeTakeFirstOrThrow()
  const tries = delivery.tries + 1
  const failures = endpoint.failures + 1
  const waitedMs = tx.now.getTime() - delivery.dueSince.getTime()
  const isOver = attempted.error !== null && isGivenUp({ waitedMs, tries, failures }, waits)
  const state = attempted.error === null ? 'delivered' : isOver ? 'failed' : 'pending'
  const laterMs = Math.max(attempted.retryAfterMs, waitAfter(tries, waits, Math.random()))
  const noted = await tx.db
    .updateTable('webhookDelivery')
    .set({
      ...{ state, tries, retryAt: state === 'pending' ? new Date(tx.now.getTime() + laterMs) : null },
      ...{ endedAt: state === 'pending' ? null : tx.now, attemptCount: sql<number>`attempt_count + 1` },
      attempts: JSON.stringify([...(delivery.attempts as unknown as WebhookAttempt[]), kept(attempted)].slice(-KEPT_ATTEMPTS))
    })
    .where('id', '=', delivery.id)
    .where('state', '=', 'pending')
    .returning('forgottenAs')
    .executeTakeFirst()
  if (state !== 'pending' && noted?.forgottenAs) await forgetWhoWasForgotten(tx, delivery.id)
  if (endpoint.retiredAt) return
  if (attempted.error === null) await works(tx, endpoint)
  else await fails(tx, endpoint, { ...attempted, error: attempted.error, failures, isOver, waits })
}

/** It accepts. After an outage what waits on its own account is due again. */
export async function works(tx: Tx, { id, failures, failingSince }: EndpointRow): Promise<void> {
  await tx.db
    .updateTable('webhookEndpoint')
    .set({ ...FRESH, lastDeliveredAt: tx.now })
    .where('id', '=', id)
    .execute()
  if (failures >= OUTAGE_FAILURES) await hasten(tx.db, id)
  if (failingSince) await endAlarm(tx, alarmOf(id))
}

type Failed = Attempted & { error: string; failures: number; isOver: boolean; waits: Waits }

async function fails(tx: Tx, endpoint: EndpointRow, { result, error, failures, isOver, waits, ...attempted }: Failed) {
  const { id } = endpoint
  const failingSince = endpoint.failingSince ?? tx.now
  const waitMs = waitAfter(failures, { firstMs: waits.firstMs, longestMs: waits.endpointMs }, Math.random())
  const retryAt = new Date(tx.now.getTime() + Math.max(waitMs, attempted.retryAfterMs))
  const gone = result === 'gone' && { enabled: false, goneAt: tx.now, version: sql<number>`version + 1` }
  await tx.db
    .updateTable('webhookEndpoint')
    .set({ failures, failingSince, retryAt, ...gone })
    .where('id', '=', id)
    .execute()
  const others = failures >= waits.giveUpFailures ? await giveUpOld(tx, id, waits) : 0
  const isLong = tx.now.getTime() - failingSince.getTime() >= waits.alarmMs
  if (!isLong && !isOver && others === 0 && !gone) return
  const what = gone ? 'wants to be told no more (410) and was disabled' : `is not told: ${error}`
  const lost = isOver || others > 0 ? '; deliveries were given up' : ''
  await startAlarm(tx, { ...alarmOf(id), message: `webhook to ${nameOf(endpoint)} ${what}${lost}` })
}

/** Those that waited behind the one that was tried. */
async function giveUpOld(tx: Tx, endpointId: string, { giveUpMs }: Waits): Promise<number> {
  const given = await sql`UPDATE webhook_delivery SET state = 'failed', ended_at = ${tx.now}, retry_at = NULL
    WHERE endpoint_id = ${endpointId} AND state = 'pending' AND due_since <= ${new Date(tx.now.getTime() - giveUpMs)}`.execute(
    tx.db
  )
  return Number(given.numAffectedRows ?? 0n)
}

/** A user who was forgotten while a delivery that names him had to be told: now it need not name him. */
async function forgetWhoWasForgotten(tx: Tx, deliveryId: string): Promise<void> {
  await sql`UPDATE webhook_delivery SET payload = jsonb_set(payload, '{userId}', to_jsonb(forgotten_as::text)), forgotten_as = NULL,
      attempts = (SELECT coalesce(jsonb_agg(attempt || '{"answer": null}'), '[]') FROM jsonb_array_elements(attempts) AS attempt)
    WHERE id = ${deliveryId} AND forgotten_as IS NOT NULL`.execute(tx.db)
}

/** What people and logs see of an endpoint's URL: the rest may hold a secret. */
const nameOf = ({ url }: EndpointRow): string => hostOf(new URL(url))
