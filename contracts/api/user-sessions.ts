/** User sessions: each login and logout of each user. */
import { type Static, Type } from 'typebox'
import { Nullable, SpanQuery, Time, Uuid } from './shared.ts'

export const UserSessionType = Type.Union([Type.Literal('ENTRY_AUTHENTICATED'), Type.Literal('EXIT_AUTHENTICATED')])
export const UserSession = Type.Object({
  id: Uuid,
  userId: Uuid,
  visitId: Uuid,
  type: UserSessionType,
  scannerId: Nullable(Uuid),
  at: Time
})
export type UserSession = Static<typeof UserSession>
export const UserSessionQuery = Type.Object({
  ...SpanQuery,
  userId: Type.Optional(Uuid)
})
export type UserSessionQuery = Static<typeof UserSessionQuery>
