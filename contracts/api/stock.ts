/** Stock: what stands on each facing, counted by weight, what is low, and what to bring. */
import { type Static, Type } from 'typebox'
import { DeviceId, Nullable, PageQuery, Time, Uuid } from './shared.ts'

/** Why a count is not sure. */
export const StockDoubt = Type.Union(
  [
    Type.Literal('no-reading'),
    Type.Literal('scale-disabled'),
    Type.Literal('shared-scale'),
    Type.Literal('below-empty'),
    Type.Literal('not-whole'),
    Type.Literal('unit-too-light'),
    Type.Literal('machine-offline')
  ],
  { description: 'why the count is not sure; with the first three there is none' }
)
export type StockDoubt = Static<typeof StockDoubt>

const Level = {
  onHand: Nullable(Type.Integer({ minimum: 0, description: 'units, by weight; null: weight cannot tell' })),
  full: Nullable(
    Type.Integer({ minimum: 1, description: 'its capacity, or else the most that was counted; null: nothing was counted yet' })
  ),
  missing: Nullable(Type.Integer({ minimum: 0, description: 'to full' })),
  low: Type.Boolean(),
  sure: Type.Boolean({ description: 'no doubt about the count' })
}

export const Stock = Type.Object({
  machineId: DeviceId,
  scaleIds: Type.Array(Type.String()),
  productId: Uuid,
  sku: Type.String(),
  name: Type.String(),
  ...Level,
  lowAt: Type.Integer({ minimum: 0, description: 'low at so many units or fewer' }),
  doubts: Type.Array(StockDoubt),
  asOf: Nullable(Type.String({ format: 'date-time', description: 'when its machine was last heard' })),
  refilledAt: Nullable(Time)
})
export type Stock = Static<typeof Stock>

export const StockQuery = Type.Object({
  ...PageQuery,
  machineId: Type.Optional(DeviceId),
  productId: Type.Optional(Uuid),
  low: Type.Optional(Type.Boolean())
})
export type StockQuery = Static<typeof StockQuery>

const Place = Type.Object({ machineId: DeviceId, scaleIds: Type.Array(Type.String()), ...Level })
/** One product to bring: how many in all, and where to. */
export const RefillLine = Type.Object({
  productId: Uuid,
  sku: Type.String(),
  name: Type.String(),
  missing: Type.Integer({ minimum: 1 }),
  places: Type.Array(Place)
})
export type RefillLine = Static<typeof RefillLine>
export const RefillQuery = Type.Object({
  machineId: Type.Optional(DeviceId),
  low: Type.Optional(Type.Boolean({ description: 'true: only what is low' }))
})
export type RefillQuery = Static<typeof RefillQuery>
