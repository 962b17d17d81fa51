/** Weight changes: weight that left a scale (PICKED) or came (PLACED). */
import { type Static, Type } from 'typebox'
import { DeviceId, Nullable, SpanQuery, Time, Uuid, Version } from './shared.ts'

export const WeightChange = Type.Object({
  id: Uuid,
  machineId: DeviceId,
  scaleId: DeviceId,
  status: Type.Union([Type.Literal('PICKED'), Type.Literal('PLACED')]),
  grams: Type.Integer({ minimum: 0 }),
  weightBefore: Nullable(Type.Integer()),
  weightAfter: Nullable(Type.Integer()),
  occurredAt: Time,
  occurredFrom: Type.Union([Time], { description: 'with foundLate: it happened between this and occurredAt; else equal' }),
  receivedAt: Time,
  machineSessionId: Nullable(Uuid),
  source: Type.Union([Type.Literal('heartbeat'), Type.Literal('samples'), Type.Literal('device')]),
  settled: Type.Boolean({ description: 'false: recorded at once, still to be confirmed by the next reading' }),
  version: Version,
  foundLate: Type.Boolean(),
  visitIds: Type.Array(Uuid, { description: 'visits open at that moment' }),
  roles: Type.Array(Type.String(), { description: 'their roles, each once' }),
  movementId: Nullable(Uuid)
})
export type WeightChange = Static<typeof WeightChange>

export const WeightChangeQuery = Type.Object({
  machineId: Type.Optional(DeviceId),
  scaleId: Type.Optional(DeviceId),
  visitId: Type.Optional(Uuid),
  ...SpanQuery
})
export type WeightChangeQuery = Static<typeof WeightChangeQuery>
