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
    })
  },
  { additionalProperties: false }
)
export type Facing = Static<typeof Facing>

export const Planogram = Type.Object({
  machineId: Type.String(),
  facings: Type.Array(Type.Object({ productId: Uuid, scaleIds: Type.Array(Type.String()) }))
})
export type Planogram = Static<typeof Planogram>

export const PlanogramInput = Type.Object(
  { facings: Type.Array(Facing, { maxItems: 1000, description: 'replaces the whole planogram; in the order they stand' }) },
  { additionalProperties: false }
)
export type PlanogramInput = Static<typeof PlanogramInput>
