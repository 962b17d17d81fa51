/** The shoppers' app: signs QR codes with a key whose public half the store knows. */
import { createHash, createPrivateKey, createPublicKey, randomBytes } from 'node:crypto'
import { type JWK, SignJWT } from 'jose'
import type { CodeClaims } from './stage.ts'

export type CodeSigner = (claims: CodeClaims) => Promise<string>
export type CodeKey = { kid: string; publicJwk: JWK; sign: CodeSigner }

/** Key ids of simulated apps begin so. */
export const SIMULATED_KEY = 'simulator-'
/** What stands before the 32 secret bytes of an Ed25519 key in PKCS #8 (RFC 8410, section 7). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')

/** A key that nobody can guess: for a store that runs. */
export const freshKey = (): CodeKey => keyOf(randomBytes(32), `${SIMULATED_KEY}${randomBytes(6).toString('hex')}`)

/** A key that everybody who knows the seed can make: for stories that must come out the same, never for a store that runs. */
export const keyFromSeed = (seed: string | number): CodeKey =>
  keyOf(createHash('sha256').update(`niflr simulated shop ${seed}`).digest(), `${SIMULATED_KEY}seed-${seed}`)

function keyOf(secret: Buffer, kid: string): CodeKey {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, secret]), format: 'der', type: 'pkcs8' })
  const publicJwk: JWK = { ...(createPublicKey(key).export({ format: 'jwk' }) as JWK), kid, alg: 'EdDSA', use: 'sig' }
  const sign: CodeSigner = (claims) => new SignJWT({ ...claims }).setProtectedHeader({ alg: 'EdDSA', kid, typ: 'JWT' }).sign(key)
  return { kid, publicJwk, sign }
}
