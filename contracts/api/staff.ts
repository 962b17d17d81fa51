/** Staff accounts: who signs in to the panel. An account is never deleted, since the audit trail names it; it is disabled. */
import { type Static, Type } from 'typebox'
import { Password, StaffRole, Username } from './auth.ts'
import { Nullable, Time, Uuid, Version } from './shared.ts'

export const StaffAccount = Type.Object({
  id: Uuid,
  username: Type.String(),
  email: Nullable(Type.String()),
  role: StaffRole,
  disabledAt: Nullable(Time),
  createdAt: Time,
  version: Version
})
export type StaffAccount = Static<typeof StaffAccount>

const Email = Nullable(Type.String({ format: 'email', maxLength: 254 }))

export const StaffInput = Type.Object(
  { username: Username, email: Type.Optional(Email), role: StaffRole, password: Password },
  { additionalProperties: false }
)
export type StaffInput = Static<typeof StaffInput>

export const StaffChange = Type.Object(
  {
    email: Type.Optional(Email),
    role: Type.Optional(StaffRole),
    disabled: Type.Optional(Type.Boolean({ description: 'true ends every sign-in and token of the account at once' })),
    password: Type.Optional(Password),
    version: Type.Optional(Version)
  },
  { additionalProperties: false, minProperties: 1 }
)
export type StaffChange = Static<typeof StaffChange>
