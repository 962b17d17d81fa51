/**
 * A backup under a passphrase: scrypt makes one key of it, every file gets a key of its own (HKDF), and is sealed in segments with
 * AES-256-GCM. The nonce counts the segments and marks the last: what was cut off, swapped or changed does not open.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import { Refused } from '#server/platform/errors.ts'

export type Sealing = { cipher: 'aes-256-gcm'; kdf: 'scrypt'; salt: string; cost: number }

const COST = 2 ** 17 // with blocks of 8: 128 MiB for a moment, as OWASP advises
const SEGMENT_BYTES = 64 * 1024
const TAG_BYTES = 16
const CIPHER = 'aes-256-gcm'

/** How a new backup is sealed. */
export const newSealing = (): Sealing => ({ cipher: CIPHER, kdf: 'scrypt', salt: randomBytes(16).toString('base64'), cost: COST })

/** The backup's key; takes about half a second. */
export async function keyOf(passphrase: string, { salt, cost }: Sealing): Promise<Buffer> {
  const derive = promisify<string, Buffer, number, object, Buffer>(scrypt)
  return derive(passphrase.normalize('NFKC'), Buffer.from(salt, 'base64'), 32, { N: cost, r: 8, p: 1, maxmem: 256 * cost * 8 })
}

/** Proof that `text` was written by who knew the passphrase. */
export const macOf = (key: Buffer, text: string): string =>
  createHmac('sha256', fileKey(key, 'manifest.json')).update(text).digest('base64')

/** Seals a stream as the file `name`. */
export async function* seal(key: Buffer, name: string, source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const own = fileKey(key, name)
  let count = 0
  for await (const { segment, isLast } of segments(source, SEGMENT_BYTES)) {
    const cipher = createCipheriv(CIPHER, own, nonce(count++, isLast))
    yield Buffer.concat([cipher.update(segment), cipher.final(), cipher.getAuthTag()])
  }
}

/** Opens what `seal` made of the file `name`. Throws Refused('backup-damaged') at the first segment that is not as it was. */
export async function* unseal(key: Buffer, name: string, source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const own = fileKey(key, name)
  let count = 0
  for await (const { segment, isLast } of segments(source, SEGMENT_BYTES + TAG_BYTES)) {
    const decipher = createDecipheriv(CIPHER, own, nonce(count++, isLast), { authTagLength: TAG_BYTES })
    const end = Math.max(0, segment.length - TAG_BYTES)
    try {
      decipher.setAuthTag(segment.subarray(end))
      yield Buffer.concat([decipher.update(segment.subarray(0, end)), decipher.final()])
    } catch {
      throw new Refused('backup-damaged', `${name} does not open: it was changed, or belongs to another backup`)
    }
  }
}

const fileKey = (key: Buffer, name: string) => Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), `niflr backup ${name}`, 32))

function nonce(count: number, isLast: boolean): Buffer {
  const bytes = Buffer.alloc(12)
  bytes.writeUIntBE(count, 0, 6)
  bytes[11] = isLast ? 1 : 0
  return bytes
}

async function* segments(source: AsyncIterable<Buffer>, size: number): AsyncGenerator<{ segment: Buffer; isLast: boolean }> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of source) {
    rest = Buffer.concat([rest, chunk])
    let at = 0
    for (; rest.length - at > size; at += size) yield { segment: rest.subarray(at, at + size), isLast: false }
    rest = rest.subarray(at)
  }
  yield { segment: rest, isLast: true }
}
