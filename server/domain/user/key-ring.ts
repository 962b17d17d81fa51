/**
 * The keys that may sign QR tokens, read from the JWK set file (QR_KEYS_FILE) and read again when it changes. A file that is
 * half-written or wrong leaves the last good keys in place; without a file no code is valid.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type CryptoKey, importJWK, type JWK } from 'jose'
import type { Context } from '#server/context.ts'
import type { KeyRing, QrAlgorithm } from './token.ts'

export type QrJwk = JWK & { kid: string; alg: QrAlgorithm }
type Loaded = { mark: string; keys: Map<string, { alg: QrAlgorithm; key: CryptoKey }> }
const MIN_SECRET_BYTES = 32 // RFC 7518, 3.2: not shorter than the hash
const NO_FILE = 'none'

const rings = new WeakMap<Context, Promise<Loaded>>()

/** The keys as the file has them now. Asks for the file's state each time, reads it only when that changed. */
export async function keyRing(ctx: Context): Promise<KeyRing> {
  const last = rings.get(ctx)
  const mark = markOf(ctx.config.qrKeysFile)
  const loaded = last?.then((old) => (old.mark === mark ? old : load(ctx, mark, old))) ?? load(ctx, mark, null)
  rings.set(ctx, loaded)
  const { keys } = await loaded
  return { has: (kid) => keys.has(kid), find: (kid, alg) => (keys.get(kid)?.alg === alg ? keys.get(kid)!.key : null) }
}

/** Every key of the file as it stands there, secrets included: for those who write it. Throws what is wrong with the file. */
export function readKeyFile(path: string): JWK[] {
  if (markOf(path) === NO_FILE) return []
  const set = JSON.parse(readFileSync(path, 'utf8')) as { keys?: unknown }
  if (!Array.isArray(set?.keys)) throw new SyntaxError('a JWK set has a member "keys"')
  return set.keys
}

/** Replaces the file in one step: whoever reads it sees the old set or the new one. Readable by its owner alone. */
export async function writeKeyFile(path: string, keys: JWK[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.new`
  const file = openSync(temporary, 'w', 0o600)
  try {
    writeSync(file, `${JSON.stringify({ keys }, null, 2)}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(temporary, path)
  const folder = openSync(dirname(path), 'r') // the new name, too, must outlive a power cut
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** What of a JWK verifies: the public part, or the secret of HS256. Null for a key this store cannot use. */
export function usableKey(jwk: unknown): QrJwk | null {
  if (typeof jwk !== 'object' || jwk === null) return null
  const { kty, crv, x, y, k, kid, alg, use, key_ops } = jwk as JWK
  const fits =
    typeof kid === 'string' &&
    kid.length > 0 &&
    (use === undefined || use === 'sig') &&
    (!key_ops || !Array.isArray(key_ops) || key_ops.some((op) => op === 'verify' || op === 'sign'))
  if (!fits) return null
  const as = (own: QrAlgorithm, part: JWK): QrJwk | null =>
    alg === undefined || alg === own ? { ...part, kid, alg: own, use: 'sig' } : null
  if (kty === 'OKP' && crv === 'Ed25519' && typeof x === 'string') return as('EdDSA', { kty, crv, x })
  if (kty === 'EC' && crv === 'P-256' && typeof x === 'string' && typeof y === 'string') return as('ES256', { kty, crv, x, y })
  const isSecret = kty === 'oct' && typeof k === 'string' && Buffer.from(k, 'base64url').length >= MIN_SECRET_BYTES
  return isSecret ? as('HS256', { kty, k }) : null
}

/** The key as the platform's own crypto has it. Throws for a point that is not on the curve. */
export async function importKey({ alg, ...jwk }: QrJwk): Promise<CryptoKey> {
  if (jwk.k === undefined) return (await importJWK({ ...jwk, alg }, alg)) as CryptoKey
  return crypto.subtle.importKey('raw', Buffer.from(jwk.k, 'base64url'), { name: 'HMAC', hash: 'SHA-256' }, false, ['verify'])
}

async function load(ctx: Context, mark: string, last: Loaded | null): Promise<Loaded> {
  const file = ctx.config.qrKeysFile
  if (mark === NO_FILE) {
    ctx.log.warn({ file }, 'there is no file of QR keys: no code is valid; add one with: npm run manage -- qr-key add')
    return { mark, keys: new Map() }
  }
  try {
    const set = readKeyFile(file)
    const keys: Loaded['keys'] = new Map()
    for (const jwk of set) {
      const usable = usableKey(jwk)
      const key = usable && (await importKey(usable).catch(() => null))
      if (usable && key) keys.set(usable.kid, { alg: usable.alg, key })
    }
    ctx.log.info({ file, kids: [...keys.keys()], ignored: set.length - keys.size }, 'QR keys read')
    return { mark, keys }
  } catch (error) {
    ctx.log.warn({ file, reason: (error as Error).message }, 'the file of QR keys is wrong; the last good keys stay in use')
    return { mark, keys: last?.keys ?? new Map() }
  }
}

/** Changes whenever the file does: its place on disk, size and time of last change. */
function markOf(path: string): string {
  try {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false })
    return stat ? `${stat.ino} ${stat.size} ${stat.mtimeNs}` : NO_FILE
  } catch (error) {
    return String((error as { code?: string }).code) // there, but not to be looked at: reading it says why
  }
}
