/** API tokens: how a program signs in with the role of the account that made it. */
import { type Static, Type } from 'typebox'
import { Nullable, Time, Uuid } from './shared.ts'

export const ApiToken = Type.Object({
  id: Uuid,
  accountId: Uuid,
  username: Type.String(),
  name: Type.String(),
  createdAt: Time,
  lastUsedAt: Nullable(Time),
  expiresAt: Nullable(Time),
  revokedAt: Nullable(Time)
})
export type ApiToken = Static<typeof ApiToken>

export const NewApiToken = Type.Object({ ...ApiToken.properties, token: Type.String({ description: 'shown this once' }) })
export type NewApiToken = Static<typeof NewApiToken>

export const ApiTokenInput = Type.Object(
  { name: Type.String({ minLength: 1, maxLength: 100 }), expiresAt: Type.Optional(Nullable(Time)) },
  { additionalProperties: false }
)
export type ApiTokenInput = Static<typeof ApiTokenInput>
