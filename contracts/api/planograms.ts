/** The planogram of a machine: which product stands on which of its scales. */
import { type Static, Type } from 'typebox'
import { DeviceId, Uuid } from './shared.ts'

export const Facing = Type.Object(
  {
    productId: Uuid,
    scaleIds: Type.Array(DeviceId, {
      minItems: 1,
      maxItems: 64,
      uniqueItems: true,
      description: 'one or more neighbouring scales'
    }),
    capacity: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10_000, description: 'units when full; without it the most that was counted since' })
    ),
    lowAt: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 10_000, description: 'low at so many units or fewer; without it a quarter of full' })
    ),
    emptyGrams: Type.Optional(
      Type.Integer({
        minimum: -100_000,
        maximum: 1_000_000,
        description: 'what its scales show together when nothing stands there; 0 without it'
      })
    )
  },
  { additionalProperties: false }
)
export type Facing = Static<typeof Facing>

export const Planogram = Type.Object({
  machineId: Type.String(),
  facings: Type.Array(
    Type.Object({
      productId: Uuid,
      scaleIds: Type.Array(Type.String()),
      capacity: Type.Optional(Type.Integer()),
      lowAt: Type.Optional(Type.Integer()),
      emptyGrams: Type.Optional(Type.Integer())
    })
  )
})
export type Planogram = Static<typeof Planogram>

export const PlanogramInput = Type.Object(
  { facings: Type.Array(Facing, { maxItems: 1000, description: 'replaces the whole planogram; in the order they stand' }) },
  { additionalProperties: false }
)
export type PlanogramInput = Static<typeof PlanogramInput>
