/** A store with a webhook in tests: events that happen, what was told of them, and a sender that need not be waited for. */
import assert from 'node:assert/strict'
import type { NewWebhook, Webhook, WebhookDelivery } from '#contracts/api/webhooks.ts'
import { type Context, transact } from '#server/context.ts'
import type { Waits } from '#server/domain/webhook/actions.ts'
import { newId } from '#server/platform/ids.ts'
import { startWebhooks } from '#server/webhooks/index.ts'
import { until } from './devices.ts'
import type { Caller } from './http.ts'

/** Makes a webhook as an admin does. */
export async function newWebhook(admin: Caller, url: string, events: string[] = []): Promise<NewWebhook> {
  const answer = await admin.send('POST', '/api/v1/webhooks', { url, events })
  assert.equal(answer.status, 201, answer.text)
  return answer.body
}

/** What the API says of a webhook, and of its deliveries, oldest first. */
export const webhookOf = async (admin: Caller, { id }: { id: string }): Promise<Webhook> =>
  (await admin.send('GET', `/api/v1/webhooks/${id}`)).body
export async function deliveriesOf(admin: Caller, { id }: { id: string }): Promise<WebhookDelivery[]> {
  const answer = await admin.send('GET', `/api/v1/webhooks/${id}/deliveries?limit=200`)
  assert.equal(answer.status, 200, answer.text)
  return answer.body.items.toReversed()
}
export const untilDelivered = (admin: Caller, webhook: { id: string }, count: number): Promise<WebhookDelivery[]> =>
  until(async () => {
    const deliveries = await deliveriesOf(admin, webhook)
    return deliveries.filter(({ state }) => state === 'delivered').length === count ? deliveries : null
  }, `${count} deliveries are accepted`)

/** Visits that settle, each in a transaction of its own, as the ticket room tells of them; answers with their users. */
export async function settle(ctx: Context, count: number): Promise<string[]> {
  const users: string[] = []
  for (let n = 0; n < count; n++) {
    const [visitId, userId, cartId] = [newId(), newId(), newId()]
    const bill = { cartId, idempotencyKey: `visit-${visitId}`, currency: 'INR', totalMinor: 2000, lines: [] }
    await transact(ctx, async (tx) => tx.emit('visit.settled', { visitId, userId, role: 'customer', ...bill }))
    users.push(userId)
  }
  return users
}

/** The sender, looking often; stopped at disposal. */
export function sending(ctx: Context, waits: Partial<Waits> & { lookEveryMs?: number } = {}) {
  const sender = startWebhooks(ctx, { lookEveryMs: 10, ...waits })
  return { ...sender, stop: () => sender.stop(), look: () => sender.look(), [Symbol.asyncDispose]: () => sender.stop() }
}
