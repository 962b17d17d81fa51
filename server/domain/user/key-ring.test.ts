/** The file of QR keys: what is read from it, and what it survives. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Context } from '#server/context.ts'
import { keyRing, readKeyFile, usableKey, writeKeyFile } from './key-ring.ts'

const ed = { ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }), kid: 'ed' }
const ec = { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }), kid: 'ec' }
const secret = { kty: 'oct', k: Buffer.alloc(32, 1).toString('base64url'), kid: 'hs' }

function keyFile() {
  const folder = mkdtempSync(join(tmpdir(), 'keys-'))
  const path = join(folder, 'keys', 'qr.json')
  const warnings: string[] = []
  const log = { info: () => {}, warn: (_: unknown, text: string) => void warnings.push(text) }
  const ctx = { config: { qrKeysFile: path }, log } as unknown as Context
  return { path, warnings, ctx, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
}
const kids = async (ctx: Context, ...names: string[]) => {
  const ring = await keyRing(ctx)
  return names.filter((kid) => ring.has(kid))
}

test('without a file no code is valid, and that is said once', async () => {
  using file = keyFile()
  assert.deepEqual(await kids(file.ctx, 'ed'), [])
  assert.deepEqual(await kids(file.ctx, 'ed'), [])
  assert.deepEqual(file.warnings.length, 1)
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
  await writeKeyFile(file.path, [])
  assert.deepEqual(await kids(file.ctx, 'ed', 'ec', 'hs'), [])
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
  assert.equal(file.warnings.length, 5)
  await writeKeyFile(file.path, [ec])
  assert.deepEqual(await kids(file.ctx, 'ed', 'ec'), ['ec'])
})

test('one key that is of no use does not take the others with it', async () => {
  using file = keyFile()
  const offCurve = { kty: 'EC', crv: 'P-256', x: ec.x, y: ed.x, kid: 'off' }
  await writeKeyFile(file.path, [{ kty: 'RSA', n: 'x', e: 'AQAB', kid: 'rsa' }, offCurve, ed])
  assert.deepEqual(await kids(file.ctx, 'rsa', 'off', 'ed'), ['ed'])
})

test('the file is for its owner’s eyes alone', async () => {
  using file = keyFile()
  await writeKeyFile(file.path, [secret])
  assert.equal(statSync(file.path).mode & 0o777, 0o600)
  assert.deepEqual(readKeyFile(file.path), [secret])
})

test('of a private key only the public part is used; keys for other ends, or too weak, are not', () => {
  const own = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  assert.deepEqual(Object.keys(usableKey({ ...own, kid: 'a' })!).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x'])
  const useless = [
    { ...ed, use: 'enc' },
    { ...ed, alg: 'ES256' },
    { ...ed, kid: undefined },
    { ...ed, kid: '' },
    { ...secret, k: 'short' },
    { ...ed, key_ops: ['encrypt'] },
    { ...secret, alg: 'HS512' },
    null,
    'x',
    7
  ]
  for (const key of useless) assert.equal(usableKey(key), null, JSON.stringify(key))
  for (const key of [
    { ...ed, use: 'sig' },
    { ...ed, alg: 'EdDSA' },
    { ...ed, key_ops: ['verify'] }
  ])
    assert(usableKey(key))
})
