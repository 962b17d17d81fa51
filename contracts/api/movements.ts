/** Movements: what inference makes of weight changes, each one action of one shopper. */
import { type Static, Type } from 'typebox'
import { DeviceId, Nullable, SpanQuery, Time, Uuid, Version } from './shared.ts'

/** Why a movement is not surer. */
export const MovementReason = Type.Union(
  [
    Type.Literal('two-products-alike'),
    Type.Literal('several-shoppers'),
    Type.Literal('off-planogram'),
    Type.Literal('weight-off'),
    Type.Literal('nobody-holds-it'),
    Type.Literal('many-units'),
    Type.Literal('unbalanced-session')
  ],
  { description: 'why it is not surer' }
)
export type MovementReason = Static<typeof MovementReason>
const Share = Type.Number({ minimum: 0, maximum: 1 })

export const Movement = Type.Object({
  id: Uuid,
  machineId: DeviceId,
  visitId: Nullable(Type.String({ format: 'uuid', description: 'who most likely did it; null: nobody was inside' })),
  productId: Nullable(Type.String({ format: 'uuid', description: 'null: something, nobody knows what' })),
  quantity: Type.Integer({ description: 'negative = put back' }),
  returned: Type.Integer({ minimum: 0, description: 'how many of those taken were put back later' }),
  occurredAt: Time,
  confidence: Type.Number({ minimum: 0, maximum: 1, description: 'that product, quantity and visit are right' }),
  shares: Type.Record(Uuid, Share, { description: 'how likely each visit is to have done it' }),
  candidates: Type.Array(Type.Object({ productId: Uuid, quantity: Type.Integer(), confidence: Share })),
  weightChangeIds: Type.Array(Uuid),
  reasons: Type.Array(MovementReason),
  version: Version
})
export type Movement = Static<typeof Movement>

export const MovementQuery = Type.Object({
  ...SpanQuery,
  visitId: Type.Optional(Uuid),
  machineId: Type.Optional(DeviceId)
})
export type MovementQuery = Static<typeof MovementQuery>
