/** Sign-in of staff: by password into a cookie, or by API token. */
import { type Static, Type } from 'typebox'
import { Nullable, Uuid } from './shared.ts'

export const StaffRole = Type.Union([Type.Literal('admin'), Type.Literal('operations'), Type.Literal('reviewer')])
export type StaffRole = Static<typeof StaffRole>
export const Username = Type.String({ pattern: '^[A-Za-z0-9._@+-]{1,64}$', description: 'unique whatever its case' })
export const Password = Type.String({
  minLength: 8,
  maxLength: 200,
  description: 'at least 8 characters, none of the common ones; no further rules'
})

export const LoginInput = Type.Object(
  { username: Type.String({ minLength: 1, maxLength: 64 }), password: Type.String({ minLength: 1, maxLength: 200 }) },
  { additionalProperties: false }
)
export type LoginInput = Static<typeof LoginInput>

export const PasswordChange = Type.Object(
  { currentPassword: Type.String({ minLength: 1, maxLength: 200 }), password: Password },
  { additionalProperties: false }
)
export type PasswordChange = Static<typeof PasswordChange>

export const OwnAccount = Type.Object({
  id: Uuid,
  username: Type.String(),
  email: Nullable(Type.String()),
  role: StaffRole,
  rights: Type.Array(Type.String(), { description: 'what the role may do, as in each operation’s x-access' })
})
export type OwnAccount = Static<typeof OwnAccount>
