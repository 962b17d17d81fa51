/** QR keys as staff handle them: add (one's own or a fresh pair), list without secrets, remove. The file is the truth; each change is audited. */
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'
import type { NewQrKey, QrAlgorithm, QrKey, QrKeyInput } from '#contracts/api/qr-keys.ts'
import { type Actor, type Context, transact } from '#server/context.ts'
import { audit } from '#server/domain/staff/actions.ts'
import { Invalid, NotFound, Refused } from '#server/platform/errors.ts'
import { importKey, type QrJwk, readKeyFile, usableKey, writeKeyFile } from './key-ring.ts'

/** The keys in use, without what is secret. */
export function listQrKeys(ctx: Context): QrKey[] {
  return currentKeys(ctx)
    .flatMap((jwk) => usableKey(jwk) ?? [])
    .map(publicFacts)
}

/**
 * Adds the key of `input.jwk`, or makes a new one (Ed25519 unless `alg` says otherwise) whose private half is in the answer and
 * nowhere else. Throws Invalid for a key that cannot verify, Refused('kid-taken').
 */
export async function addQrKey(ctx: Context, actor: Actor, input: QrKeyInput): Promise<NewQrKey> {
  const { key, privateJwk } = input.jwk ? { key: await givenKey(input.jwk, input), privateJwk: null } : await freshKey(input)
  await transact(
    ctx,
    async (tx) => {
      await audit(tx, actor, { action: 'added', resource: 'qr-key', resourceId: key.kid, after: publicFacts(key) })
      const keys = currentKeys(ctx) // under the audit chain's lock: nobody else writes the file now
      if (keys.some(({ kid }) => kid === key.kid))
        throw new Refused('kid-taken', `there is a key ${key.kid} already; remove it first`)
      await writeKeyFile(ctx.config.qrKeysFile, [...keys, key])
    },
    actor
  )
  return { ...publicFacts(key), privateJwk }
}

/** Ends a key at once: no code it signed is valid any more. */
export async function removeQrKey(ctx: Context, actor: Actor, kid: string): Promise<void> {
  await transact(
    ctx,
    async (tx) => {
      await audit(tx, actor, { action: 'removed', resource: 'qr-key', resourceId: kid })
      const keys = currentKeys(ctx)
      const left = keys.filter((key) => key.kid !== kid)
      if (left.length === keys.length) throw new NotFound('QR key', kid)
      await writeKeyFile(ctx.config.qrKeysFile, left)
    },
    actor
  )
}

const publicFacts = ({ kid, alg, kty }: QrJwk): QrKey => ({ kid, alg, kty: kty! })

function currentKeys({ config }: Context): JWK[] {
  try {
    return readKeyFile(config.qrKeysFile)
  } catch (error) {
    throw new Refused('qr-keys-unreadable', `${config.qrKeysFile} is not a JWK set: ${(error as Error).message}`)
  }
}

async function givenKey(jwk: Record<string, unknown>, { kid, alg }: QrKeyInput): Promise<QrJwk> {
  const wanted = { ...jwk, ...(alg && { alg: jwk.alg ?? alg }), kid: kid ?? jwk.kid ?? 'unnamed' }
  const key = usableKey(wanted)
  if (!key || (alg && key.alg !== alg))
    throw new Invalid(
      'jwk',
      'must be a public key of Ed25519 (OKP) or P-256 (EC), or a secret (oct) of 32 bytes or more, and fit alg and use'
    )
  await importKey(key).catch(() => {
    throw new Invalid('jwk', 'is not a point on its curve')
  })
  return wanted.kid === 'unnamed' ? { ...key, kid: await calculateJwkThumbprint(key) } : key
}

async function freshKey({ alg = 'EdDSA', kid }: QrKeyInput): Promise<{ key: QrJwk; privateJwk: Record<string, unknown> }> {
  const secret = await freshSecret(alg)
  const named = { ...secret, alg, use: 'sig', kid: kid ?? (await calculateJwkThumbprint(secret)) }
  return { key: usableKey(named)!, privateJwk: named }
}

async function freshSecret(alg: QrAlgorithm): Promise<JWK> {
  if (alg === 'HS256') return { kty: 'oct', k: Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url') }
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  return exportJWK(privateKey)
}
