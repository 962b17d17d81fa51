/** A machine's heartbeat: the weight of all its scales, plain or in the envelope of older firmware; with the grammar of device topics and presence. */
import { type Static, Type } from 'typebox'
import { DeviceId } from '#contracts/api/shared.ts'

/** The columns of a row where `headers` is absent. Weights are kilograms on this wire. */
export const HEARTBEAT_HEADERS = ['scaleId', 'minWeight', 'maxWeight', 'currentWeight'] as const
export const MAX_WEIGHT_KG = 10_000
/** Larger bodies are refused unread (413 over HTTP, dropped over MQTT). */
export const MAX_DEVICE_BODY_BYTES = 256 * 1024

/** A scale's id as sent: text, or a whole number that stands for its decimal text. */
export const WireScaleId = Type.Union([DeviceId, Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })])
/** A weight as sent, in kilograms: a number or its text. Text is still to be held against MAX_WEIGHT_KG. */
export const WireWeightKg = Type.Union([
  Type.Number({ minimum: -MAX_WEIGHT_KG, maximum: MAX_WEIGHT_KG }),
  Type.String({ pattern: '^ *[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]{1,3})? *$', maxLength: 32 })
])
/** One scale. Which cell is a WireScaleId and which a WireWeightKg is said by `headers`; cells of unknown columns are ignored. */
export const HeartbeatRow = Type.Array(Type.Unknown(), { maxItems: 32, examples: [['001', '0.805', '0.805', '1.805']] })
export type HeartbeatRow = Static<typeof HeartbeatRow>

/** Who says it and in which order: `seq` grows within one `bootId`; the pair makes a message count once. */
export const MessageOrder = {
  bootId: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'new at each start of the device' })),
  seq: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'grows within one bootId' }))
}
/** A device's own clock, RFC 3339; without zone it is the store's local time. Never trusted for order. */
export const DeviceTime = Type.String({ maxLength: 64, examples: ['2026-01-09T16:18:13.250Z'] })

export const Heartbeat = Type.Object(
  {
    machineId: DeviceId,
    scales: Type.Array(HeartbeatRow, { minItems: 1, maxItems: 4096 }),
    headers: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { minItems: 2, maxItems: 32 })),
    eventTime: Type.Optional(DeviceTime),
    ...MessageOrder
  },
  { description: 'kilograms; unknown fields are ignored' }
)
export type Heartbeat = Static<typeof Heartbeat>

/** The form of older firmware: `payload` is a Heartbeat as a JSON string. `id` and `eventTime` say nothing: real machines repeat both. */
export const HeartbeatEnvelope = Type.Object({
  id: Type.Optional(Type.String({ maxLength: 128 })),
  eventType: Type.Optional(Type.String({ maxLength: 128, examples: ['machine.heartbeat.logs'] })),
  source: Type.Optional(Type.String({ maxLength: 128 })),
  eventTime: Type.Optional(DeviceTime),
  payload: Type.String({ maxLength: MAX_DEVICE_BODY_BYTES })
})
export type HeartbeatEnvelope = Static<typeof HeartbeatEnvelope>

export const HeartbeatBody = Type.Union([Heartbeat, HeartbeatEnvelope])
export type HeartbeatBody = Static<typeof HeartbeatBody>
/** The answer over HTTP: whatever the heartbeat changed is durable. */
export const HeartbeatAccepted = Type.Object({ status: Type.Literal('success') })
export type HeartbeatAccepted = Static<typeof HeartbeatAccepted>

export const DeviceKind = Type.Union([Type.Literal('machine'), Type.Literal('scanner'), Type.Literal('tracker')])
export type DeviceKind = Static<typeof DeviceKind>
/** Retained on the status topic, plain text; `offline` is the last will. */
export const Presence = Type.Union([Type.Literal('online'), Type.Literal('offline')])
export type Presence = Static<typeof Presence>
export type DeviceTopic = { storeId: string; kind: DeviceKind; deviceId: string; channel: string }

export const heartbeatTopic = (storeId: string, machineId: string) => `store/${storeId}/machine/${machineId}/heartbeat`
export const statusTopic = (storeId: string, kind: DeviceKind, deviceId: string) => `store/${storeId}/${kind}/${deviceId}/status`

const TOPIC = /^store\/([A-Za-z0-9._-]{1,64})\/(machine|scanner|tracker)\/([A-Za-z0-9._-]{1,64})\/([a-z]+(?:\/[a-z]+)?)$/
/** Takes a device's topic apart; `channel` is what follows the device id (`heartbeat`, `command/ack`, …). Null when it is no device's topic. */
export function parseDeviceTopic(topic: string): DeviceTopic | null {
  const [, storeId, kind, deviceId, channel] = TOPIC.exec(topic) ?? []
  return storeId && kind && deviceId && channel ? { storeId, kind: kind as DeviceKind, deviceId, channel } : null
}
