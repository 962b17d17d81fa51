/** Visits: the time between a user's login and logout. */
import { type Static, Type } from 'typebox'
import { Cart } from './carts.ts'
import { Contest } from './contests.ts'
import { Nullable, SpanQuery, Time, Uuid, Version } from './shared.ts'
import { UserRole } from './store.ts'
import { Ticket } from './tickets.ts'

export const Visit = Type.Object({
  id: Uuid,
  userId: Uuid,
  role: UserRole,
  enteredAt: Time,
  exitedAt: Nullable(Time),
  entryScannerId: Nullable(Uuid),
  exitScannerId: Nullable(Uuid),
  version: Version
})
export type Visit = Static<typeof Visit>
export const VisitDetail = Type.Object({
  ...Visit.properties,
  tickets: Type.Array(Ticket),
  cart: Nullable(Cart),
  contests: Type.Array(Contest)
})
export type VisitDetail = Static<typeof VisitDetail>
export const VisitQuery = Type.Object({
  ...SpanQuery,
  open: Type.Optional(Type.Boolean({ description: 'true: who is inside now; false: who has left' })),
  userId: Type.Optional(Uuid)
})
export type VisitQuery = Static<typeof VisitQuery>

export const VisitClosing = Type.Object(
  {
    reason: Type.String({
      minLength: 1,
      maxLength: 500,
      pattern: '\\S',
      description: 'why the visit ends without a code; kept in the audit trail'
    })
  },
  { additionalProperties: false }
)
