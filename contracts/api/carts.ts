/** Carts: what a visit comes to once all its tickets are complete. */
import { type Static, Type } from 'typebox'
import { Nullable, SpanQuery, Time, Uuid, Version } from './shared.ts'

export const CartStatus = Type.Union([Type.Literal('OPEN'), Type.Literal('SETTLED'), Type.Literal('REOPENED')])
export const CartLine = Type.Object({
  productId: Uuid,
  sku: Type.String(),
  name: Type.String(),
  quantity: Type.Integer({ minimum: 1 }),
  unitPriceMinor: Type.Integer({ minimum: 0 }),
  totalMinor: Type.Integer({ minimum: 0 })
})
/** A settled cart was settled anew: what there is to give back or to charge beyond what was charged. */
export const CartCorrection = Type.Object({
  version: Type.Integer({ description: 'the cart’s, with this settlement' }),
  totalMinor: Type.Integer({ minimum: 0 }),
  differenceMinor: Type.Integer({ description: 'to the settlement before; negative: a refund' }),
  idempotencyKey: Nullable(Type.String({ description: 'of the refund or the extra charge; null when there is neither' })),
  correctedAt: Time
})
export type CartCorrection = Static<typeof CartCorrection>
export const Cart = Type.Object({
  id: Uuid,
  visitId: Uuid,
  userId: Uuid,
  status: CartStatus,
  currency: Type.String(),
  totalMinor: Type.Integer({ minimum: 0, description: 'as last settled' }),
  lines: Type.Array(CartLine, { description: 'prices of when things were picked, names of when the cart was settled' }),
  corrections: Type.Array(CartCorrection, {
    description: 'oldest first; their differences and the first total add up to totalMinor'
  }),
  firstSettledAt: Nullable(Time),
  settledAt: Nullable(Time),
  createdAt: Time,
  version: Version
})
export type Cart = Static<typeof Cart>
/** What a visit has in its hands by inference: doubtful things too, with how sure each is. */
export const ProposedCartLine = Type.Object({
  ...CartLine.properties,
  confidence: Type.Number({ minimum: 0, maximum: 1, description: 'of the least sure movement behind it' })
})
/** A visit's cart at any time: built by inference while people shop, settled by review. `id` and `createdAt` are null until the exit. */
export const VisitCart = Type.Object({
  ...Cart.properties,
  id: Nullable(Uuid),
  createdAt: Nullable(Time),
  proposedLines: Type.Array(ProposedCartLine),
  proposedTotalMinor: Type.Integer({ minimum: 0 })
})
export type VisitCart = Static<typeof VisitCart>
export const CartQuery = Type.Object({ ...SpanQuery, userId: Type.Optional(Uuid), status: Type.Optional(CartStatus) })
export type CartQuery = Static<typeof CartQuery>
