/** Webhooks: programs elsewhere that are told of events, and each delivery with its attempts. */
import { type Static, Type } from 'typebox'
import { EVENT_NAMES } from '#contracts/events.ts'
import { Nullable, PageQuery, Time, Uuid, Version } from './shared.ts'

const url = Type.String({
  minLength: 1,
  maxLength: 2000,
  description: 'https://, or http:// to an address of this box or its own network; without user and password'
})
const description = Type.Union([Type.String({ maxLength: 200 }), Type.Null()])
const events = Type.Array(Type.Enum(EVENT_NAMES), {
  maxItems: EVENT_NAMES.length,
  uniqueItems: true,
  description: 'names of the events it is told of; empty: all, also those of later releases'
})
const strict = { additionalProperties: false }

export const WebhookInput = Type.Object(
  {
    url,
    description: Type.Optional(description),
    events: Type.Optional(events),
    enabled: Type.Optional(Type.Boolean({ description: 'false: nothing is told, and what happens meanwhile is not kept for it' }))
  },
  strict
)
export type WebhookInput = Static<typeof WebhookInput>
export const WebhookChange = Type.Object(
  {
    url: Type.Optional(url),
    description: Type.Optional(description),
    events: Type.Optional(events),
    enabled: Type.Optional(Type.Boolean()),
    version: Type.Optional(Version)
  },
  { ...strict, minProperties: 1 }
)
export type WebhookChange = Static<typeof WebhookChange>
export const WebhookQuery = Type.Object({
  ...PageQuery,
  retired: Type.Optional(Type.Boolean({ description: 'retired ones too' }))
})
export type WebhookQuery = Static<typeof WebhookQuery>

/** working: what was sent last was accepted, or nothing was sent yet · failing: it refuses or does not answer, and is asked again · disabled: by staff · gone: it answered 410, which disabled it. */
export const WebhookState = Type.Union([
  Type.Literal('working'),
  Type.Literal('failing'),
  Type.Literal('disabled'),
  Type.Literal('gone')
])
export type WebhookState = Static<typeof WebhookState>

export const Webhook = Type.Object({
  id: Uuid,
  url: Type.String(),
  description: Nullable(Type.String()),
  events: Type.Array(Type.String()),
  enabled: Type.Boolean(),
  state: WebhookState,
  failingSince: Nullable(Time),
  nextAttemptAt: Nullable(Type.String({ format: 'date-time', description: 'while it fails: nothing is sent before' })),
  lastDeliveredAt: Nullable(Time),
  pending: Type.Integer({ description: 'deliveries that wait' }),
  failed: Type.Integer({ description: 'deliveries that were given up, of those that are kept' }),
  oldestPendingAt: Nullable(Time),
  createdAt: Time,
  retiredAt: Nullable(Time),
  version: Version
})
export type Webhook = Static<typeof Webhook>
const secret = Type.String({ description: 'whsec_ and a key of 32 bytes in base64: signs the deliveries; shown this once' })
export const NewWebhook = Type.Object({ ...Webhook.properties, secret })
export type NewWebhook = Static<typeof NewWebhook>
export const WebhookSecret = Type.Object({ webhookId: Uuid, secret })
export type WebhookSecret = Static<typeof WebhookSecret>

export const WebhookAttempt = Type.Object({
  at: Time,
  durationMs: Type.Integer(),
  status: Nullable(Type.Integer({ description: 'null: no answer' })),
  error: Nullable(Type.String({ description: 'for people: why it does not count as delivered' })),
  answer: Nullable(Type.String({ description: 'how the answer began' }))
})
export type WebhookAttempt = Static<typeof WebhookAttempt>
export const DeliveryState = Type.Union([Type.Literal('pending'), Type.Literal('delivered'), Type.Literal('failed')])
export type DeliveryState = Static<typeof DeliveryState>

export const WebhookDelivery = Type.Object({
  id: Type.String({ format: 'uuid', description: 'the header webhook-id: the same in every attempt and replay' }),
  webhookId: Uuid,
  number: Nullable(Type.Integer({ description: 'of the event in the log; null: a test' })),
  name: Type.String({ description: 'of the event' }),
  at: Type.String({ format: 'date-time', description: 'of the event' }),
  data: Type.Record(Type.String(), Type.Unknown(), { description: 'of the event, as it is sent' }),
  state: DeliveryState,
  attemptCount: Type.Integer(),
  attempts: Type.Array(WebhookAttempt, { description: 'the last 30, oldest first' }),
  nextAttemptAt: Nullable(Time),
  createdAt: Time,
  endedAt: Nullable(Type.String({ format: 'date-time', description: 'when it was accepted, or given up' }))
})
export type WebhookDelivery = Static<typeof WebhookDelivery>
export const DeliveryQuery = Type.Object({
  ...PageQuery,
  state: Type.Optional(DeliveryState),
  name: Type.Optional(Type.String({ maxLength: 100, description: 'of the event' })),
  from: Type.Optional(Time),
  to: Type.Optional(Time)
})
export type DeliveryQuery = Static<typeof DeliveryQuery>

export const ReplayInput = Type.Object(
  {
    from: Type.Optional(Type.String({ format: 'date-time', description: 'events that happened at this time or later' })),
    to: Type.Optional(Type.String({ format: 'date-time', description: 'and before this' })),
    failedOnly: Type.Optional(Type.Boolean({ default: true, description: 'false: those that were delivered too' }))
  },
  strict
)
export type ReplayInput = Static<typeof ReplayInput>
export const Replayed = Type.Object({ replayed: Type.Integer({ description: 'deliveries that wait again' }) })
export type Replayed = Static<typeof Replayed>
