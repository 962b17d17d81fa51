/** User sessions: each login and logout of each user. */
import { type Static, Type } from 'typebox'
import { Nullable, PageQuery, Time, Uuid } from './shared.ts'

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
  ...PageQuery,
  userId: Type.Optional(Uuid),
  from: Type.Optional(Time),
  to: Type.Optional(Time)
})
