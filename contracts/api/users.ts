/** User details: the box's own record of everybody who came in. */
import { type Static, Type } from 'typebox'
import { Nullable, SpanQuery, Time, Uuid, Version } from './shared.ts'
import { UserRole } from './store.ts'

export const UserDetail = Type.Object({
  id: Uuid,
  phoneNumber: Type.String({ description: 'all but the last three digits masked for roles that do not need it' }),
  role: UserRole,
  blocked: Type.Boolean(),
  blockedAt: Nullable(Time),
  firstSeenAt: Time,
  lastSeenAt: Time,
  version: Version
})
export type UserDetail = Static<typeof UserDetail>
export const UserQuery = Type.Object({ ...SpanQuery, role: Type.Optional(UserRole), blocked: Type.Optional(Type.Boolean()) })
export type UserQuery = Static<typeof UserQuery>
export const UserPatch = Type.Object(
  {
    blocked: Type.Boolean({ description: 'a blocked user cannot come in; who is inside can still leave' }),
    version: Type.Optional(Version)
  },
  { additionalProperties: false }
)
export type UserPatch = Static<typeof UserPatch>
