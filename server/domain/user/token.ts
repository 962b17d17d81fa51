/**
 * QR tokens: what a code says and whether the store believes it. A token is a compact JWS; which algorithms are allowed is decided
 * here and by the key, never by the token alone (RFC 8725, 3.1). Whether it was used before is known to the database only.
 */
import { type CryptoKey, compactVerify } from 'jose'
import type { RefusalReason } from '#contracts/api/entry.ts'
import type { UserRole } from '#contracts/api/store.ts'
import type { Clock } from '#server/platform/clock.ts'

export type QrAlgorithm = 'EdDSA' | 'ES256' | 'HS256'
/** What a token claims; times in seconds since the epoch. */
export type Code = { userId: string; role: UserRole; phoneNumber: string; jti: string; iat: number; exp: number }
/** The keys that may sign: `find` gives the key of a kid for an algorithm that fits it, null where it has none. */
export type KeyRing = { has(kid: string): boolean; find(kid: string, alg: QrAlgorithm): CryptoKey | null }
export type TokenRules = { storeId: string; nowMs: number; maxAgeSeconds: number }
export type Unverified = { alg: QrAlgorithm; kid: string | null; code: Code }

export const SKEW_SECONDS = 30
const ALGORITHMS: readonly string[] = ['EdDSA', 'ES256', 'HS256'] satisfies QrAlgorithm[]
const ROLES: readonly string[] = ['customer', 'operations', 'admin'] satisfies UserRole[]
const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/
const MAX_TOKEN = 8192
const MAX_JTI = 200
const MAX_PHONE_NUMBER = 64
const USER_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Used codes are kept for a day after they expired (forgetUsedCodes): an older time could make one good again. */
const LONGEST_APART_MS = 86_400_000

/**
 * The times at which a code may be good, in ms: the store's own, and what the clock of the box says where it was set and the two are
 * apart. Either may be the right one, and nobody is to stand before a closed door because of that (docs/decisions/0009-clock.md).
 */
export function codeTimes(clock: Clock): number[] {
  const own = clock.now().getTime()
  const box = clock.source?.now().getTime() ?? own
  const apartMs = Math.abs(box - own)
  return apartMs > 1000 && apartMs < LONGEST_APART_MS ? [own, box] : [own]
}

/** The code of a token that is signed by one of `keys` and valid now, or the first reason against it. */
export async function verifyToken(token: string, keys: KeyRing, rules: TokenRules): Promise<Code | RefusalReason> {
  const unverified = readToken(token, rules)
  if (!unverified) return 'bad-token'
  const { alg, kid, code } = unverified
  if (kid === null || !keys.has(kid)) return 'unknown-key'
  const key = keys.find(kid, alg)
  const isSigned =
    key !== null &&
    (await compactVerify(token, key, { algorithms: [alg] }).then(
      () => true,
      () => false
    ))
  if (!isSigned) return 'bad-signature'
  return ageRefusal(code, rules) ?? code
}

/** Takes a token apart without believing it; null where it is no token of this store. */
export function readToken(token: string, { storeId, nowMs }: TokenRules): Unverified | null {
  if (token.length > MAX_TOKEN || !COMPACT.test(token)) return null
  const [head, body] = token.split('.')
  const header = jsonObject(head!)
  const claims = jsonObject(body!)
  if (!header || !claims || !ALGORITHMS.includes(header.alg as string) || 'crit' in header || 'b64' in header) return null
  const code = readClaims(claims)
  if (!code || !isFor(storeId, claims.aud) || code.iat > nowMs / 1000 + SKEW_SECONDS || code.exp <= code.iat) return null
  return { alg: header.alg as QrAlgorithm, kid: typeof header.kid === 'string' ? header.kid : null, code }
}

/** Is a signed code too old, or was it made to live too long? */
export function ageRefusal({ iat, exp }: Code, { nowMs, maxAgeSeconds }: TokenRules): 'expired' | 'too-long-lived' | null {
  if (nowMs / 1000 >= exp + SKEW_SECONDS) return 'expired'
  return exp - iat > maxAgeSeconds ? 'too-long-lived' : null
}

function readClaims({ id, role, phoneNumber, jti, iat, exp }: Record<string, unknown>): Code | null {
  const isCode =
    isText(id, 36) &&
    USER_ID.test(id) &&
    isText(phoneNumber, MAX_PHONE_NUMBER) &&
    isText(jti, MAX_JTI) &&
    ROLES.includes(role as string) &&
    isTime(iat) &&
    isTime(exp)
  return isCode ? { userId: id.toLowerCase(), role: role as UserRole, phoneNumber, jti, iat, exp } : null
}

/** Text that PostgreSQL can keep and a log line can hold. */
function isText(value: unknown, maxLength: number): value is string {
  return (
    typeof value === 'string' && value.length > 0 && value.length <= maxLength && value.isWellFormed() && !/\p{Cc}/u.test(value)
  )
}

/** A NumericDate (RFC 7519) that a Date can hold too. */
const isTime = (value: unknown): value is number => typeof value === 'number' && value >= 0 && value < 8.64e12

/** Absent, or naming this store among others. */
function isFor(storeId: string, audience: unknown): boolean {
  return audience === undefined || audience === storeId || (Array.isArray(audience) && audience.includes(storeId))
}

function jsonObject(base64url: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(base64url, 'base64url')))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}
