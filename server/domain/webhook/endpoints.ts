/** Endpoints as people make, change and retire them. What deliveries are signed with is kept encrypted and shown once. */
import { sql } from 'kysely'
import type { NewWebhook, Webhook, WebhookChange, WebhookInput, WebhookQuery, WebhookSecret } from '#contracts/api/webhooks.ts'
import { type Actor, type Context, type Db, type Tx, transact } from '#server/context.ts'
import { camerasKeyFile } from '#server/domain/camera/actions.ts'
import { audit, endAlarm } from '#server/domain/staff/actions.ts'
import { NotFound, Refused } from '#server/platform/errors.ts'
import { startFollower } from '#server/platform/event-cursor.ts'
import { newId } from '#server/platform/ids.ts'
import { openSecretBox, type SecretBox } from '#server/platform/secret-box.ts'
import { type EndpointRow, endpointPage, lockEndpointRow, webhookById } from './queries.ts'
import { FOLLOWER, tellQueued } from './queue.ts'
import { newSigningSecret } from './signature.ts'
import { checkUrl } from './url.ts'

/** Each is told of each event by itself: a bound on what one event may cost. */
const MOST_ENDPOINTS = 50
export const alarmOf = (id: string) => ({ kind: 'webhook-failing', subject: id })

const boxes = new WeakMap<Context, SecretBox>()

/** The same key as for cameras' passwords: what a backup must keep apart is one file. */
function boxOf(ctx: Context): SecretBox {
  const box = boxes.get(ctx) ?? openSecretBox(camerasKeyFile(ctx.config))
  boxes.set(ctx, box)
  return box
}

const ownerOf = (id: string) => `webhook ${id}`
/** What deliveries of an endpoint are signed with; null when the key it was sealed with is gone. Never shown, never logged. */
export const signingSecretOf = (ctx: Context, { id, sealedKey }: EndpointRow): string | null =>
  boxOf(ctx).open(sealedKey, ownerOf(id))

/** Makes an endpoint: it is told of what happens from now on. Its secret is in this answer and never again. Throws Invalid `url`, Refused `too-many-webhooks`. */
export async function addWebhook(ctx: Context, actor: Actor, input: WebhookInput): Promise<NewWebhook> {
  const { url, description = null, enabled = true } = input
  checkUrl(url)
  const events = input.events ?? []
  const id = newId()
  const secret = newSigningSecret()
  const work = async (tx: Tx) => {
    await startFollower(tx, FOLLOWER)
    await assertRoom(tx.db)
    const sealedKey = boxOf(ctx).seal(secret, ownerOf(id))
    const values = { id, url, description, events, enabled, sealedKey, createdAt: tx.now }
    await tx.db.insertInto('webhookEndpoint').values(values).execute()
    const after = { url, description, events, enabled }
    await audit(tx, actor, { action: 'added', resource: 'webhook', resourceId: id, after })
  }
  await transact(ctx, work, actor)
  return { ...(await findWebhook(ctx, id)), secret }
}

/** Changes what is given; whatever it is, the next attempt is due at once. Throws NotFound, Invalid `url`, Refused `stale-version`. */
export async function changeWebhook(
  ctx: Context,
  actor: Actor,
  { id, change: { version, ...change } }: { id: string; change: WebhookChange }
): Promise<Webhook> {
  if (change.url !== undefined) checkUrl(change.url)
  const work = async (tx: Tx) => {
    await startFollower(tx, FOLLOWER) // what it is to hear from now on, no page that is being taken passes over
    const before = await lockEndpoint(tx, id)
    if (version !== undefined && version !== before.version)
      throw new Refused('stale-version', 'somebody changed this webhook since', { version: before.version })
    const after = { ...audited(before), ...change }
    await tx.db
      .updateTable('webhookEndpoint')
      .set({ ...after, goneAt: after.enabled ? null : before.goneAt, ...FRESH, version: sql`version + 1` })
      .where('id', '=', id)
      .execute()
    await hasten(tx.db, id)
    await endAlarm(tx, alarmOf(id))
    await audit(tx, actor, { action: 'changed', resource: 'webhook', resourceId: id, before: audited(before), after })
  }
  await transact(ctx, work, actor)
  tellQueued(ctx)
  return findWebhook(ctx, id)
}

/** Ends an endpoint for good: what waits for it is given up, what it was told stays in the list as long as any. Throws NotFound. */
export async function retireWebhook(ctx: Context, actor: Actor, id: string): Promise<void> {
  const work = async (tx: Tx) => {
    const before = await lockEndpoint(tx, id)
    await tx.db
      .updateTable('webhookEndpoint')
      .set({ retiredAt: tx.now, ...FRESH, version: sql`version + 1` })
      .where('id', '=', id)
      .execute()
    await tx.db
      .updateTable('webhookDelivery')
      .set({ state: 'failed', endedAt: tx.now })
      .where('endpointId', '=', id)
      .where('state', '=', 'pending')
      .execute()
    await endAlarm(tx, alarmOf(id))
    await audit(tx, actor, { action: 'retired', resource: 'webhook', resourceId: id, before: audited(before) })
  }
  await transact(ctx, work, actor)
}

/** A new secret; every attempt from now on is signed with it, also of what waits. */
export async function rotateWebhookSecret(ctx: Context, actor: Actor, id: string): Promise<WebhookSecret> {
  const secret = newSigningSecret()
  const work = async (tx: Tx) => {
    await lockEndpoint(tx, id)
    const sealedKey = boxOf(ctx).seal(secret, ownerOf(id))
    await tx.db.updateTable('webhookEndpoint').set({ sealedKey, version: sql`version + 1` }).where('id', '=', id).execute()
    await audit(tx, actor, { action: 'key-rotated', resource: 'webhook', resourceId: id })
  }
  await transact(ctx, work, actor)
  return { webhookId: id, secret }
}

/** Endpoints, newest first; retired ones only on request. */
export const listWebhooks = (ctx: Context, query: WebhookQuery) => endpointPage(ctx.db, query)

/** One endpoint, retired or not. Throws NotFound. */
export async function findWebhook(ctx: Context, id: string): Promise<Webhook> {
  const webhook = await webhookById(ctx.db, id)
  if (!webhook) throw new NotFound('webhook', id)
  return webhook
}

/** Holds an endpoint that is not retired until the transaction ends. Throws NotFound. */
export async function lockEndpoint(tx: Tx, id: string): Promise<EndpointRow> {
  const row = await lockEndpointRow(tx.db, id)
  if (!row) throw new NotFound('webhook', id)
  return row
}

/** What an endpoint is like that has not failed. */
export const FRESH = { failures: 0, failingSince: null, retryAt: null }

/** What waits for an endpoint need wait no longer. */
export async function hasten(db: Db, endpointId: string): Promise<void> {
  await db
    .updateTable('webhookDelivery')
    .set({ retryAt: null })
    .where('endpointId', '=', endpointId)
    .where('state', '=', 'pending')
    .where('retryAt', 'is not', null)
    .execute()
}

/** Held by the follower's row, which every creation locks first: two at once cannot pass the bound together. */
async function assertRoom(db: Db): Promise<void> {
  const { count } = await db
    .selectFrom('webhookEndpoint')
    .select(sql<number>`count(*)`.as('count'))
    .where('retiredAt', 'is', null)
    .executeTakeFirstOrThrow()
  if (count >= MOST_ENDPOINTS)
    throw new Refused('too-many-webhooks', `a store has ${MOST_ENDPOINTS} webhooks at most: retire one that nobody needs`)
}

const audited = ({ url, description, events, enabled }: EndpointRow) => ({ url, description, events, enabled })
