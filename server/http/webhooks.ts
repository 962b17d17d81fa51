/** Webhooks: endpoints that are told of events, what they were told, telling them again. */
import { Type } from 'typebox'
import { Page, Uuid } from '#contracts/api/shared.ts'
import {
  DeliveryQuery,
  NewWebhook,
  Replayed,
  ReplayInput,
  Webhook,
  WebhookChange,
  WebhookDelivery,
  WebhookInput,
  WebhookQuery,
  WebhookSecret
} from '#contracts/api/webhooks.ts'
import {
  addWebhook,
  changeWebhook,
  findWebhook,
  listDeliveries,
  listWebhooks,
  replayDelivery,
  replaySpan,
  retireWebhook,
  rotateWebhookSecret,
  testWebhook
} from '#server/domain/webhook/actions.ts'
import type { App, Resource } from './app.ts'

const tags = ['webhooks']
const params = Type.Object({ id: Uuid })
const secretFields = ['secret']

export const webhooks: Resource = (app, ctx) => {
  const list = { summary: 'Webhooks', tags, querystring: WebhookQuery, response: { 200: Page(Webhook) } }
  app.get('/webhooks', { schema: list, config: { access: 'webhooks:read' } }, async (req) => listWebhooks(ctx, req.query))

  const add = {
    summary: 'Make a webhook: it is told of what happens from now on; its secret is shown this once',
    tags,
    body: WebhookInput,
    response: { 201: NewWebhook }
  }
  app.post(
    '/webhooks',
    { schema: add, config: { access: 'webhooks:write', idempotent: true, secretFields } },
    async (req, reply) => reply.code(201).send(await addWebhook(ctx, req.actor, req.body))
  )

  const one = { summary: 'One webhook', tags, params, response: { 200: Webhook } }
  app.get('/webhooks/:id', { schema: one, config: { access: 'webhooks:read' } }, async (req) => findWebhook(ctx, req.params.id))

  const change = { summary: 'Change a webhook', tags, params, body: WebhookChange, response: { 200: Webhook } }
  app.patch('/webhooks/:id', { schema: change, config: { access: 'webhooks:write' } }, async (req) =>
    changeWebhook(ctx, req.actor, { id: req.params.id, change: req.body })
  )

  const retire = {
    summary: 'Retire a webhook: what waits for it is given up',
    tags,
    params,
    response: { 204: Type.Null() }
  }
  app.delete('/webhooks/:id', { schema: retire, config: { access: 'webhooks:write' } }, async (req, reply) => {
    await retireWebhook(ctx, req.actor, req.params.id)
    return reply.code(204).send(null)
  })

  const rotate = { summary: 'A new secret; the old one ends at once', tags, params, response: { 201: WebhookSecret } }
  app.post(
    '/webhooks/:id/secret',
    { schema: rotate, config: { access: 'webhooks:write', idempotent: true, secretFields } },
    async (req, reply) => reply.code(201).send(await rotateWebhookSecret(ctx, req.actor, req.params.id))
  )

  deliveries(app, ctx)
}

const deliveries: Resource = (app: App, ctx) => {
  const tryOut = { summary: 'Send a webhook.test now: what came back', tags, params, response: { 200: WebhookDelivery } }
  app.post('/webhooks/:id/test', { schema: tryOut, config: { access: 'webhooks:write' } }, async (req) =>
    testWebhook(ctx, req.params.id)
  )

  const told = {
    summary: 'What a webhook was told, and is to be: newest first, with each attempt; kept for 30 days',
    tags,
    params,
    querystring: DeliveryQuery,
    response: { 200: Page(WebhookDelivery) }
  }
  app.get('/webhooks/:id/deliveries', { schema: told, config: { access: 'webhooks:read' } }, async (req) =>
    listDeliveries(ctx, req.params.id, req.query)
  )

  const again = {
    summary: 'Send one delivery again, under the same webhook-id',
    tags,
    params: Type.Object({ id: Uuid, deliveryId: Uuid }),
    response: { 200: WebhookDelivery }
  }
  app.post(
    '/webhooks/:id/deliveries/:deliveryId/replay',
    { schema: again, config: { access: 'webhooks:write', idempotent: true } },
    async (req) => replayDelivery(ctx, req.actor, req.params)
  )

  const span = {
    summary: 'Send the failed deliveries of a span again, or all of them, in their order',
    tags,
    params,
    body: ReplayInput,
    response: { 200: Replayed }
  }
  app.post('/webhooks/:id/replay', { schema: span, config: { access: 'webhooks:write', idempotent: true } }, async (req) =>
    replaySpan(ctx, req.actor, { id: req.params.id, span: req.body })
  )
}
