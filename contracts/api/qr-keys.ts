/** QR keys: the public keys (or shared secrets) that may sign QR tokens. Secrets are never listed. */
import { type Static, Type } from 'typebox'
import { Nullable } from './shared.ts'

export const QrAlgorithm = Type.Union([Type.Literal('EdDSA'), Type.Literal('ES256'), Type.Literal('HS256')])
export type QrAlgorithm = Static<typeof QrAlgorithm>
const Kid = Type.String({ minLength: 1, maxLength: 128, pattern: '^[!-~]+$', description: 'the `kid` of the tokens it signed' })

export const QrKey = Type.Object({ kid: Kid, alg: QrAlgorithm, kty: Type.String() })
export type QrKey = Static<typeof QrKey>
export const QrKeyList = Type.Object({ items: Type.Array(QrKey), nextCursor: Nullable(Type.String()) })

/** With `jwk`: that key, of which only what verifying needs is kept. Without: a new key pair is made. */
export const QrKeyInput = Type.Object(
  {
    kid: Type.Optional(Kid),
    alg: Type.Optional(QrAlgorithm),
    jwk: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: 'JWK: OKP Ed25519, EC P-256 or oct (32 bytes or more)' })
    )
  },
  { additionalProperties: false }
)
export type QrKeyInput = Static<typeof QrKeyInput>
export const NewQrKey = Type.Object({
  ...QrKey.properties,
  privateJwk: Nullable(Type.Record(Type.String(), Type.Unknown(), { description: 'what signs; shown this once' }))
})
export type NewQrKey = Static<typeof NewQrKey>
