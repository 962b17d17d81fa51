/** What the webhook room remembers: endpoints with what waits for them, and their deliveries. */
import { type Selectable, sql } from 'kysely'
import type { DeliveryQuery, Webhook, WebhookAttempt, WebhookDelivery, WebhookQuery } from '#contracts/api/webhooks.ts'
import type { Db } from '#server/context.ts'
import type { DB } from '#server/db/schema.ts'
import { decodeCursor, pageOf } from '#server/platform/paging.ts'

export type EndpointRow = Selectable<DB['webhookEndpoint']>
export type DeliveryRow = Selectable<DB['webhookDelivery']>
type Counted = EndpointRow & { pending: number; failed: number; oldestPendingAt: Date | null }
const iso = (time: Date | null) => time?.toISOString() ?? null

// ── endpoints ──

const COUNTED = sql`
  webhook_endpoint.*, waiting.pending, waiting.oldest AS oldest_pending_at,
    (SELECT count(*) FROM webhook_delivery WHERE endpoint_id = webhook_endpoint.id AND state = 'failed') AS failed
  FROM webhook_endpoint CROSS JOIN LATERAL (
    SELECT count(*) AS pending, min(due_since) AS oldest FROM webhook_delivery
    WHERE endpoint_id = webhook_endpoint.id AND state = 'pending') AS waiting`

/** One page of endpoints, newest first. */
export async function endpointPage(db: Db, { limit = 50, cursor, retired = false }: WebhookQuery) {
  const before = decodeCursor(cursor, ['uuid'])?.[0] ?? null
  const { rows } = await sql<Counted>`SELECT ${COUNTED}
    WHERE (${retired} OR retired_at IS NULL) AND (${before}::uuid IS NULL OR webhook_endpoint.id < ${before}::uuid)
    ORDER BY webhook_endpoint.id DESC LIMIT ${limit + 1}`.execute(db)
  const page = pageOf(rows, limit, (row) => [row.id])
  return { ...page, items: page.items.map(webhookOf) }
}

/** One endpoint, retired or not, as the API shows it. */
export async function webhookById(db: Db, id: string): Promise<Webhook | null> {
  const { rows } = await sql<Counted>`SELECT ${COUNTED} WHERE webhook_endpoint.id = ${id}`.execute(db)
  return rows[0] ? webhookOf(rows[0]) : null
}

/** Endpoints that are not retired, with what the follower and the sender need. */
export const endpointsInService = (db: Db): Promise<EndpointRow[]> =>
  db.selectFrom('webhookEndpoint').selectAll().where('retiredAt', 'is', null).orderBy('id').execute()

/** An endpoint, retired or not. */
export const endpointRow = (db: Db, id: string): Promise<EndpointRow | undefined> =>
  db.selectFrom('webhookEndpoint').selectAll().where('id', '=', id).executeTakeFirst()

/** Holds an endpoint that is not retired until the transaction ends. */
export const lockEndpointRow = (db: Db, id: string): Promise<EndpointRow | undefined> =>
  db.selectFrom('webhookEndpoint').selectAll().where('id', '=', id).where('retiredAt', 'is', null).forUpdate().executeTakeFirst()

function webhookOf(row: Counted): Webhook {
  const { id, url, description, events, enabled, version } = row
  const isFailing = enabled && row.failingSince !== null
  return {
    ...{ id, url, description, events, enabled },
    state: row.goneAt ? 'gone' : !enabled ? 'disabled' : isFailing ? 'failing' : 'working',
    failingSince: isFailing ? iso(row.failingSince) : null,
    nextAttemptAt: isFailing ? iso(row.retryAt) : null,
    lastDeliveredAt: iso(row.lastDeliveredAt),
    ...{ pending: row.pending, failed: row.failed, oldestPendingAt: iso(row.oldestPendingAt) },
    createdAt: row.createdAt.toISOString(),
    retiredAt: iso(row.retiredAt),
    version
  }
}

// ── deliveries ──

/** Endpoints for which something is due, that may be sent to now. */
export async function dueEndpoints(db: Db, now: Date): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`SELECT id FROM webhook_endpoint AS endpoint
    WHERE enabled AND retired_at IS NULL AND (retry_at IS NULL OR retry_at <= ${now})
      AND EXISTS (SELECT FROM webhook_delivery WHERE endpoint_id = endpoint.id AND state = 'pending' AND (retry_at IS NULL OR retry_at <= ${now}))`.execute(
    db
  )
  return rows.map(({ id }) => id)
}

/** The oldest delivery of an endpoint that is due, and the endpoint as it is now; null when nothing is, or it may not be sent to now. */
export async function nextDelivery(db: Db, endpointId: string, now: Date) {
  const endpoint = await endpointRow(db, endpointId)
  if (!endpoint?.enabled || endpoint.retiredAt || (endpoint.retryAt && endpoint.retryAt > now)) return null
  const delivery = await db
    .selectFrom('webhookDelivery')
    .selectAll()
    .where('endpointId', '=', endpointId)
    .where('state', '=', 'pending')
    .where((eb) => eb.or([eb('retryAt', 'is', null), eb('retryAt', '<=', now)]))
    .orderBy('position')
    .limit(1)
    .executeTakeFirst()
  return delivery ? { endpoint, delivery } : null
}

/** One page of an endpoint's deliveries, newest first. */
export async function deliveryPage(
  db: Db,
  endpointId: string,
  { limit = 50, cursor, state, name, from, to }: DeliveryQuery
): Promise<{ items: WebhookDelivery[]; nextCursor: string | null }> {
  const before = decodeCursor(cursor, ['number'])?.[0]
  let query = db.selectFrom('webhookDelivery').selectAll().where('endpointId', '=', endpointId)
  if (state) query = query.where('state', '=', state)
  if (name) query = query.where('name', '=', name)
  if (from) query = query.where('at', '>=', new Date(from))
  if (to) query = query.where('at', '<', new Date(to))
  if (before !== undefined) query = query.where('position', '<', Number(before))
  const rows = await query
    .orderBy('position', 'desc')
    .limit(limit + 1)
    .execute()
  const page = pageOf(rows, limit, (row) => [row.position])
  return { ...page, items: page.items.map(deliveryOf) }
}

/** A delivery as the API shows it. */
export const deliveryOf = (row: DeliveryRow): WebhookDelivery => ({
  ...{ id: row.id, webhookId: row.endpointId, number: row.eventNumber, name: row.name },
  at: row.at.toISOString(),
  data: row.payload as WebhookDelivery['data'],
  state: row.state as WebhookDelivery['state'],
  attemptCount: row.attemptCount,
  attempts: row.attempts as unknown as WebhookAttempt[],
  nextAttemptAt: row.state === 'pending' ? iso(row.retryAt) : null,
  createdAt: row.createdAt.toISOString(),
  endedAt: iso(row.endedAt)
})

/** How many deliveries wait for endpoints that are enabled, and since when the oldest does. */
export async function waitingDeliveries(db: Db): Promise<{ pending: number; oldestAt: Date | null }> {
  const { rows } = await sql<{ pending: number; oldestAt: Date | null }>`
    SELECT count(*) AS pending, min(delivery.due_since) AS oldest_at
    FROM webhook_endpoint AS endpoint JOIN webhook_delivery AS delivery ON delivery.endpoint_id = endpoint.id AND delivery.state = 'pending'
    WHERE endpoint.enabled AND endpoint.retired_at IS NULL`.execute(db)
  return rows[0]!
}
