/** The file of QR keys: what is read from it, and what it survives. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { CompactSign, compactVerify } from 'jose'
import type { Context } from '#server/context.ts'
import { keyRing, readKeyFile, usableKey, writeKeyFile } from './key-ring.ts'

const edPair = generateKeyPairSync('ed25519')
const ecPair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const SECRET = Buffer.alloc(32, 1)
const ed = { ...edPair.publicKey.export({ format: 'jwk' }), kid: 'ed' }
const ec = { ...ecPair.publicKey.export({ format: 'jwk' }), kid: 'ec' }
const secret = { kty: 'oct', k: SECRET.toString('base64url'), kid: 'hs' }

function keyFile() {
  const folder = mkdtempSync(join(tmpdir(), 'keys-'))
  const path = join(folder, 'keys', 'qr.json')
  const warnings: string[] = []
  const read: unknown[] = []
  const log = {
    info: (fields: unknown) => void read.push(fields),
    warn: (fields: unknown, text: string) => void warnings.push(`${text} ${JSON.stringify(fields)}`)
  }
  const ctx = { config: { qrKeysFile: path }, log } as unknown as Context
  return { path, warnings, read, ctx, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
}
const kids = async (ctx: Context, ...names: string[]) => {
  const ring = await keyRing(ctx)
  return names.filter((kid) => ring.has(kid))
}

test('without a file no code is valid, and that is said once', async () => {
  using file = keyFile()
  assert.deepEqual(await kids(file.ctx, 'ed'), [])
  assert.deepEqual(await kids(file.ctx, 'ed'), [])
  assert.equal(file.warnings.length, 1)
  assert.match(file.warnings[0]!, /no file of QR keys.*qr-key add/)
  assert(file.warnings[0]!.includes(file.path))
  assert.deepEqual(readKeyFile(file.path), [])
})

test('whoever reads the file is told what is wrong with it', () => {
  using file = keyFile()
  mkdirSync(dirname(file.path))
  for (const text of ['null', '7', '[]', '{"keys":{}}']) {
    writeFileSync(file.path, text)
    assert.throws(() => readKeyFile(file.path), { name: 'SyntaxError', message: 'a JWK set has a member "keys"' }, text)
  }
})

test('the file is read again as soon as it changes, and every key serves its own algorithm alone', async () => {
  using file = keyFile()
  await writeKeyFile(file.path, [ed])
  assert.deepEqual(await kids(file.ctx, 'ed', 'ec'), ['ed'])
  await writeKeyFile(file.path, [ed, ec, secret])
  assert.deepEqual(await kids(file.ctx, 'ed', 'ec', 'hs'), ['ed', 'ec', 'hs'])
  const ring = await keyRing(file.ctx)
  const found = (['EdDSA', 'ES256', 'HS256'] as const).map((alg) => ['ed', 'ec', 'hs'].filter((kid) => ring.find(kid, alg)))
  assert.deepEqual(found, [['ed'], ['ec'], ['hs']])
  assert.equal(ring.find('stranger', 'EdDSA'), null)
  await writeKeyFile(file.path, [])
  assert.deepEqual(await kids(file.ctx, 'ed', 'ec', 'hs'), [])
})

test('a file that was changed in place is read again, however alike the two are', async () => {
  using file = keyFile()
  await writeKeyFile(file.path, [ed])
  assert.deepEqual(await kids(file.ctx, 'ed', 'de'), ['ed'])
  writeFileSync(file.path, readFileSync(file.path, 'utf8').replace('"ed"', '"de"'))
  utimesSync(file.path, new Date(), Date.now() / 1000 + 60)
  assert.deepEqual(await kids(file.ctx, 'ed', 'de'), ['de'])
})

test('writing the file leaves nothing open', async () => {
  using file = keyFile()
  const open = () => readdirSync('/proc/self/fd').length
  await writeKeyFile(file.path, [ed])
  const before = open()
  for (let n = 0; n < 20; n++) await writeKeyFile(file.path, [ed])
  assert(open() < before + 20, `${open() - before} more`)
})

test('a half-written or wrong file leaves the last good keys in place', async () => {
  using file = keyFile()
  await writeKeyFile(file.path, [ed])
  await kids(file.ctx)
  const whole = readFileSync(file.path, 'utf8')
  for (const text of [whole.slice(0, 30), '', '[]', '{"keys":7}', 'null']) {
    writeFileSync(file.path, text)
    assert.deepEqual(await kids(file.ctx, 'ed'), ['ed'], text)
  }
  rmSync(file.path)
  symlinkSync(file.path, file.path)
  assert.deepEqual(await kids(file.ctx, 'ed'), ['ed'], 'a link that leads nowhere')
  assert.equal(file.warnings.length, 6)
  for (const warning of file.warnings) {
    assert.match(warning, /the last good keys stay in use/)
    const { file: path, reason } = JSON.parse(warning.slice(warning.indexOf('{')))
    assert.deepEqual([path, typeof reason, reason.length > 0], [file.path, 'string', true])
  }
  await writeKeyFile(file.path, [ec])
  assert.deepEqual(await kids(file.ctx, 'ed', 'ec'), ['ec'])
})

test('a file that was wrong from the start gives no key', async () => {
  using file = keyFile()
  mkdirSync(dirname(file.path))
  writeFileSync(file.path, '{')
  assert.deepEqual(await kids(file.ctx, 'ed'), [])
  assert.equal(file.warnings.length, 1)
})

test('what the private key signs, the key in the file verifies; a secret cannot be taken out again', async () => {
  using file = keyFile()
  await writeKeyFile(file.path, [ed, ec, secret])
  const ring = await keyRing(file.ctx)
  const signers = { EdDSA: ['ed', edPair.privateKey], ES256: ['ec', ecPair.privateKey], HS256: ['hs', SECRET] } as const
  for (const alg of ['EdDSA', 'ES256', 'HS256'] as const) {
    const [kid, key] = signers[alg]
    const code = await new CompactSign(Buffer.from('a code')).setProtectedHeader({ alg }).sign(key)
    const { payload } = await compactVerify(code, ring.find(kid, alg)!)
    assert.equal(Buffer.from(payload).toString(), 'a code')
  }
  assert.equal(ring.find('hs', 'HS256')!.extractable, false)
})

test('one key that is of no use does not take the others with it', async () => {
  using file = keyFile()
  const offCurve = { kty: 'EC', crv: 'P-256', x: ec.x, y: ed.x, kid: 'off' }
  const badOps = { ...offCurve, key_ops: 'verify' as unknown as string[] }
  await writeKeyFile(file.path, [{ kty: 'RSA', n: 'x', e: 'AQAB', kid: 'rsa' }, offCurve, badOps, ed])
  assert.deepEqual(await kids(file.ctx, 'rsa', 'off', 'ed'), ['ed'])
  assert.deepEqual(file.read, [{ file: file.path, kids: ['ed'], ignored: 3 }])
})

test('the file is for its owner’s eyes alone', async () => {
  using file = keyFile()
  await writeKeyFile(file.path, [secret])
  assert.equal(statSync(file.path).mode & 0o777, 0o600)
  assert.deepEqual(readKeyFile(file.path), [secret])
})

test('of a private key only the public part is used, and of a secret the secret', () => {
  const { d: _, ...edPublic } = { ...edPair.privateKey.export({ format: 'jwk' }), kid: 'a' }
  const { d: __, ...ecPublic } = { ...ecPair.privateKey.export({ format: 'jwk' }), kid: 'b' }
  const table = [
    [
      { ...edPair.privateKey.export({ format: 'jwk' }), kid: 'a' },
      { ...edPublic, alg: 'EdDSA', use: 'sig' }
    ],
    [
      { ...ecPair.privateKey.export({ format: 'jwk' }), kid: 'b' },
      { ...ecPublic, alg: 'ES256', use: 'sig' }
    ],
    [
      { ...secret, note: 'mine' },
      { ...secret, alg: 'HS256', use: 'sig' }
    ]
  ] as const
  for (const [jwk, used] of table) assert.deepEqual(usableKey(jwk), used)
})

test('keys for other ends, of other kinds, or too weak are of no use', () => {
  const useless: unknown[] = [
    { ...ed, use: 'enc' },
    { ...ed, alg: 'ES256' },
    { ...ec, alg: 'EdDSA' },
    { ...secret, alg: 'HS512' },
    { ...ed, kid: undefined },
    { ...ed, kid: 7 },
    { ...ed, kid: '' },
    { ...ed, key_ops: ['encrypt'] },
    { ...ed, key_ops: [] },
    { ...ed, kty: 'EC' },
    { ...ed, crv: 'X25519' },
    { ...ed, x: undefined },
    { ...ec, kty: 'OKP' },
    { ...ec, crv: 'P-384' },
    { ...ec, x: undefined },
    { ...ec, y: undefined },
    { ...secret, kty: 'RSA' },
    { ...secret, k: undefined },
    { ...secret, k: Buffer.alloc(31, 1).toString('base64url') },
    null,
    'x',
    7
  ]
  for (const key of useless) assert.equal(usableKey(key), null, JSON.stringify(key))
  for (const key of [
    { ...ed, use: 'sig' },
    { ...ed, alg: 'EdDSA' },
    { ...ed, key_ops: ['verify'] },
    { ...ed, key_ops: ['encrypt', 'sign'] },
    { ...ec, alg: 'ES256' },
    { ...secret, alg: 'HS256' }
  ])
    assert(usableKey(key), JSON.stringify(key))
})
