/** A backup's files: compressed, sealed when there is a key, hashed on the way, and on the disk before anybody hears that they are. */
import { createHash, type Hash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { Refused } from '#server/platform/errors.ts'
import type { Backup, StoredFile } from './manifest.ts'
import { seal, unseal } from './seal.ts'

const GZIP_LEVEL = 3
const READ_BYTES = 256 * 1024

export type Place = { dir: string; key: Buffer | null }
type Told = { bytes: number; sha256: string }
type Counter = { bytes: number; hash: Hash }

/** Writes `source` as `name` in `dir`. Answers with what went in and with the file it made. `onBytes` hears of each chunk that went in. */
export async function writeFileOf(
  { dir, key }: Place,
  { name, source, onBytes }: { name: string; source: AsyncIterable<Buffer>; onBytes?: (bytes: number) => void }
): Promise<Told & { file: StoredFile }> {
  const content = counter()
  const stored = counter()
  await pipeline(
    source,
    (chunks: AsyncIterable<Buffer>) => counting(content, chunks, onBytes),
    createGzip({ level: GZIP_LEVEL, chunkSize: READ_BYTES }),
    (chunks: AsyncIterable<Buffer>) => (key ? seal(key, name, chunks) : chunks),
    (chunks: AsyncIterable<Buffer>) => counting(stored, chunks),
    createWriteStream(join(dir, name), { flags: 'wx', mode: 0o600, flush: true })
  )
  return { ...told(content), file: { name, ...told(stored) } }
}

/** Hands the content of a file to `use` as a stream, and answers with what came out of it. */
export async function readFileOf(
  { dir, key }: Place,
  {
    name,
    use,
    onBytes
  }: { name: string; use: (content: AsyncIterable<Buffer>) => Promise<void>; onBytes?: (bytes: number) => void }
): Promise<Told> {
  const content = counter()
  await pipeline(
    createReadStream(join(dir, name), { highWaterMark: READ_BYTES }),
    (chunks: AsyncIterable<Buffer>) => (key ? unseal(key, name, chunks) : chunks),
    createGunzip({ chunkSize: READ_BYTES }),
    (chunks: AsyncIterable<Buffer>) => use(counting(content, chunks, onBytes))
  )
  return told(content)
}

/** Hashes a stream without keeping it. */
export async function hashOf(source: AsyncIterable<Buffer>): Promise<Told> {
  const count = counter()
  for await (const _ of counting(count, source)) {
    // the counting is all there is to do
  }
  return told(count)
}

/** Throws Refused('backup-damaged') unless the file lies there as it was written. */
export async function verifyFile({ dir }: Pick<Backup, 'dir'>, { name, bytes, sha256 }: StoredFile): Promise<void> {
  const found = await hashOf(createReadStream(join(dir, name), { highWaterMark: READ_BYTES })).catch(
    (error: NodeJS.ErrnoException) => {
      throw new Refused('backup-damaged', error.code === 'ENOENT' ? `${name} is missing in ${dir}` : `${name}: ${error.message}`)
    }
  )
  if (found.sha256 !== sha256 || found.bytes !== bytes)
    throw new Refused(
      'backup-damaged',
      `${name} is not as it was written: its checksum differs; take another backup of the store`
    )
}

const counter = (): Counter => ({ bytes: 0, hash: createHash('sha256') })
const told = ({ bytes, hash }: Counter): Told => ({ bytes, sha256: hash.digest('hex') })

async function* counting(
  count: Counter,
  source: AsyncIterable<Buffer>,
  onBytes?: (bytes: number) => void
): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    count.bytes += chunk.length
    count.hash.update(chunk)
    onBytes?.(chunk.length)
    yield chunk
  }
}
