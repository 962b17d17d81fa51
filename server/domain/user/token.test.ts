/** Which codes the store believes, and the first reason against the others. */
import assert from 'node:assert/strict'
import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { base64url, CompactSign, type CryptoKey } from 'jose'
import { codeTimes, type KeyRing, type QrAlgorithm, readToken, SKEW_SECONDS, verifyToken } from './token.ts'

const NOW = 1_800_000_000
const RULES = { storeId: 'store-1', nowMs: NOW * 1000, maxAgeSeconds: 300 }
const CLAIMS = {
  id: '018f0000-0000-7000-8000-00000000000a',
  role: 'customer',
  phoneNumber: '+911234567890',
  jti: 'code-1',
  iat: NOW,
  exp: NOW + 60
}
const ed25519 = generateKeyPairSync('ed25519')
const other = generateKeyPairSync('ed25519')
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const secret = createSecretKey(Buffer.alloc(32, 7))
const HMAC = { name: 'HMAC', hash: 'SHA-256' }
const keys = new Map<string, { alg: QrAlgorithm; key: CryptoKey }>([
  ['ed', { alg: 'EdDSA', key: ed25519.publicKey.toCryptoKey('Ed25519', false, ['verify']) }],
  ['ec', { alg: 'ES256', key: p256.publicKey.toCryptoKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']) }],
  ['hs', { alg: 'HS256', key: secret.toCryptoKey(HMAC, false, ['verify']) }]
])
const RING: KeyRing = {
  has: (kid) => keys.has(kid),
  find: (kid, alg) => (keys.get(kid)?.alg === alg ? keys.get(kid)!.key : null)
}

type Making = { claims?: Record<string, unknown>; header?: Record<string, unknown>; key?: KeyObject; body?: string | Buffer }
function sign({ claims = {}, header = {}, key = ed25519.privateKey, body }: Making = {}): Promise<string> {
  const all = Object.fromEntries(Object.entries({ ...CLAIMS, ...claims }).filter(([, value]) => value !== undefined))
  return new CompactSign(Buffer.from(body ?? JSON.stringify(all)))
    .setProtectedHeader({ alg: 'EdDSA', kid: 'ed', ...header })
    .sign(key)
}
const verdict = async (making: Making, rules = RULES) => {
  const answer = await verifyToken(await sign(making), RING, rules)
  return typeof answer === 'string' ? answer : 'valid'
}

test('a code signed with each allowed algorithm says who it is for', async () => {
  const { id: userId, ...claims } = CLAIMS
  const table: Making[] = [
    {},
    { header: { alg: 'ES256', kid: 'ec' }, key: p256.privateKey },
    { header: { alg: 'HS256', kid: 'hs' }, key: secret }
  ]
  for (const making of table) assert.deepEqual(await verifyToken(await sign(making), RING, RULES), { userId, ...claims })
})

test('a claim that is missing, of the wrong type or out of its range makes a bad token', async () => {
  const wrong: Record<string, unknown>[] = [
    ...['id', 'role', 'phoneNumber', 'jti', 'iat', 'exp'].map((name) => ({ [name]: undefined })),
    ...['id', 'role', 'phoneNumber', 'jti', 'iat', 'exp'].flatMap((name) => [
      { [name]: null },
      { [name]: {} },
      { [name]: [] },
      { [name]: true }
    ]),
    { id: 'somebody' },
    { id: 7 },
    { role: 'owner' },
    { role: 'Customer' },
    { role: '' },
    { phoneNumber: 911234567890 },
    { phoneNumber: '' },
    { phoneNumber: '9'.repeat(65) },
    { jti: '' },
    { jti: 5 },
    { jti: 'x'.repeat(201) },
    { jti: 'a\u0000b' },
    { phoneNumber: '12\u00003' },
    { iat: String(NOW) },
    { exp: `${NOW + 60}` },
    { iat: -1 },
    { exp: 1e300 },
    { exp: 8.64e12 },
    { iat: NOW + SKEW_SECONDS + 1, exp: NOW + 90 },
    { exp: NOW },
    { exp: NOW - 1 },
    { aud: 'store-2' },
    { aud: ['store-2'] },
    { aud: [] },
    { aud: 5 },
    { aud: null },
    { aud: { 'store-1': true } }
  ]
  for (const claims of wrong) assert.equal(await verdict({ claims }), 'bad-token', JSON.stringify(claims))
})

test('what is no compact JWS of a JSON object is a bad token', async () => {
  const [head, body, signature] = (await sign()).split('.') as [string, string, string]
  const none = base64url.encode(JSON.stringify({ alg: 'none', kid: 'ed' }))
  const texts = [
    '',
    'x',
    'a.b',
    `${head}.${body}`,
    `${head}.${body}.`,
    `${head}..${signature}`,
    `.${body}.${signature}`,
    `${head}.${body}.${signature}.x`,
    `${head}.${body}.${signature} `,
    `${none}.${body}.`,
    `${none}.${body}.${signature}`,
    'Bearer x.y.z',
    `${head}.${body}.${'x'.repeat(9000)}`,
    '…',
    '\u0000'
  ]
  for (const text of texts) assert.equal(await verifyToken(text, RING, RULES), 'bad-token', text.slice(0, 40))
  const phone = Buffer.from(JSON.stringify({ ...CLAIMS, phoneNumber: '+91 ÿ' }), 'latin1') // not UTF-8
  assert.equal(await verdict({ body: phone }), 'bad-token')
  for (const bad of ['[]', 'null', '7', '"x"', '{', 'ÿ']) assert.equal(await verdict({ body: bad }), 'bad-token', bad)
})

test('a token may be 8192 characters long, and not one more', async () => {
  const bare = { header: { typ: 'jwt+x' }, claims: { spare: '' } }
  const most = Math.floor(((8192 - (await sign(bare)).length) * 3) / 4)
  const longest: Making = { ...bare, claims: { spare: 'x'.repeat(most) } }
  const longer: Making = { ...bare, claims: { spare: 'x'.repeat(most + 1) } }
  assert.equal((await sign(longest)).length, 8192)
  assert.deepEqual([await verdict(longest), await verdict(longer)], ['valid', 'bad-token'])
})

test('no algorithm but the three is looked at, and no header that changes what is signed', async () => {
  for (const alg of ['none', 'None', 'HS512', 'RS256', 'ES384', '', null, 5]) {
    const head = base64url.encode(JSON.stringify({ alg, kid: 'ed' }))
    const [, body, signature] = (await sign()).split('.')
    assert.equal(await verifyToken(`${head}.${body}.${signature}`, RING, RULES), 'bad-token', String(alg))
  }
  for (const extra of [{ crit: ['x'], x: 1 }, { b64: false }]) {
    const head = base64url.encode(JSON.stringify({ alg: 'EdDSA', kid: 'ed', ...extra }))
    const [, body, signature] = (await sign()).split('.')
    assert.equal(await verifyToken(`${head}.${body}.${signature}`, RING, RULES), 'bad-token', JSON.stringify(extra))
  }
})

test('a key that is not in the set is unknown, and so is a code that names none', async () => {
  assert.equal(await verdict({ header: { kid: 'stranger' } }), 'unknown-key')
  assert.equal(await verdict({ header: { kid: undefined } }), 'unknown-key')
})

test('a key is used with its own algorithm only: the public key is no secret', async () => {
  const publicBytes = createSecretKey(ed25519.publicKey.export({ format: 'der', type: 'spki' }))
  const pem = createSecretKey(Buffer.from(p256.publicKey.export({ format: 'pem', type: 'spki' })))
  assert.equal(await verdict({ header: { alg: 'HS256', kid: 'ed' }, key: publicBytes }), 'bad-signature')
  assert.equal(await verdict({ header: { alg: 'HS256', kid: 'ec' }, key: pem }), 'bad-signature')
  assert.equal(await verdict({ header: { alg: 'EdDSA', kid: 'ec' } }), 'bad-signature')
})

test('another key’s signature, and a code changed by one bit, are refused', async () => {
  assert.equal(await verdict({ key: other.privateKey }), 'bad-signature')
  const [head, , signature] = (await sign()).split('.')
  const changed = base64url.encode(JSON.stringify({ ...CLAIMS, role: 'admin' }))
  assert.equal(await verifyToken(`${head}.${changed}.${signature}`, RING, RULES), 'bad-signature')
})

test('a code is valid from half a minute before it was made to half a minute after its end', async () => {
  const at = (seconds: number) => ({ ...RULES, nowMs: (NOW + seconds) * 1000 })
  assert.equal(await verdict({}, at(-SKEW_SECONDS - 1)), 'bad-token')
  assert.equal(await verdict({}, at(-SKEW_SECONDS)), 'valid')
  assert.equal(await verdict({}, at(60 + SKEW_SECONDS - 1)), 'valid')
  assert.equal(await verdict({}, at(60 + SKEW_SECONDS)), 'expired')
})

test('a code from the first second there is has expired, and one for the last a clock can name lives too long', async () => {
  assert.equal(await verdict({ claims: { iat: 0, exp: 60 } }), 'expired')
  assert.equal(await verdict({ claims: { exp: 8.64e12 - 1 } }), 'too-long-lived')
})

test('a code may live as long as the store allows, and no second longer', async () => {
  assert.equal(await verdict({ claims: { exp: NOW + 300 } }), 'valid')
  assert.equal(await verdict({ claims: { exp: NOW + 301 } }), 'too-long-lived')
})

test('of several reasons the first in the contract’s order is given', async () => {
  const stranger = { header: { kid: 'stranger' }, key: other.privateKey, claims: { iat: NOW - 9000, exp: NOW - 100 } }
  assert.equal(await verdict({ ...stranger, claims: { ...stranger.claims, role: 'owner' } }), 'bad-token')
  assert.equal(await verdict(stranger), 'unknown-key')
  assert.equal(await verdict({ ...stranger, header: {} }), 'bad-signature')
  assert.equal(await verdict({ claims: { iat: NOW - 9000, exp: NOW - 100 } }), 'expired')
})

test('an audience that names this store among others is fine', async () => {
  for (const aud of ['store-1', ['store-1'], ['store-2', 'store-1'], undefined])
    assert.equal(await verdict({ claims: { aud } }), 'valid')
})

test('no text whatever makes reading a token throw', () => {
  const part = fc.oneof(
    fc.string(),
    fc.json().map((text) => base64url.encode(text)),
    fc.constant(base64url.encode('{"alg":"EdDSA","kid":"ed"}'))
  )
  fc.assert(fc.property(part, part, part, (a, b, c) => void readToken(`${a}.${b}.${c}`, RULES)))
})

test('a code may be good by the store’s time or by the clock of the box, where they are apart by more than a second and less than a day', () => {
  const clockAt = (ms: number) => ({ now: () => new Date(ms), monotonicMs: () => 0 })
  const DAY = 86_400_000
  const table: [string, number, boolean][] = [
    ['together', 0, false],
    ['a second apart', 1000, false],
    ['a second behind', -1000, false],
    ['set forward', 1001, true],
    ['set back by an hour', -3_600_000, true],
    ['a moment less than a day', DAY - 1, true],
    ['a moment less than a day, behind', 1 - DAY, true],
    ['a day', DAY, false],
    ['a day behind', -DAY, false]
  ]
  for (const [what, offMs, isEither] of table) {
    const box = RULES.nowMs + offMs
    const times = codeTimes({ ...clockAt(RULES.nowMs), source: clockAt(box) })
    assert.deepEqual(times, isEither ? [RULES.nowMs, box] : [RULES.nowMs], what)
  }
  assert.deepEqual(codeTimes(clockAt(RULES.nowMs)), [RULES.nowMs], 'there is no other clock')
})
