/** The QR keys in a backup: all of them when it is sealed, otherwise only those that are no secret. Database passwords never. */
import { existsSync } from 'node:fs'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { readFileOf, writeFileOf } from './files.ts'
import type { Backup, Manifest } from './manifest.ts'
import type { Say } from './progress.ts'

type Jwk = { kid?: string; k?: unknown; d?: unknown }
const NAME = 'qr-keys.json.gz'

const isSecret = ({ k, d }: Jwk) => k !== undefined || d !== undefined

/** Puts the keys of `keysFile` into the backup. A file that is no JWK set stops the backup: it would stop the store's doors too. */
export async function storeKeys(place: { dir: string; key: Buffer | null }, keysFile: string): Promise<Manifest['keys']> {
  if (!existsSync(keysFile)) return { kept: 'none', leftOut: [], file: null }
  const { keys } = JSON.parse(await readFile(keysFile, 'utf8')) as { keys: Jwk[] }
  const kept = place.key ? keys : keys.filter((jwk) => !isSecret(jwk))
  const leftOut = keys.filter((jwk) => !kept.includes(jwk)).map(({ kid }) => kid ?? '(no kid)')
  const source = Readable.from([Buffer.from(`${JSON.stringify({ keys: kept }, null, 2)}\n`)])
  const { file } = await writeFileOf(place, { name: NAME, source })
  return { kept: leftOut.length > 0 ? 'public' : 'all', leftOut, file }
}

/** Puts the backup's keys where this store reads them; other keys that lie there are kept beside them, with `.before-restore`. */
export async function restoreKeys({ manifest: { keys }, ...place }: Backup, keysFile: string, say: Say): Promise<void> {
  if (keys.leftOut.length > 0) say(`QR keys that were left out of this backup, add them again: ${keys.leftOut.join(', ')}`)
  if (!keys.file) return
  const chunks: Buffer[] = []
  const collect = async (content: AsyncIterable<Buffer>) => {
    for await (const chunk of content) chunks.push(chunk)
  }
  await readFileOf(place, { name: keys.file.name, use: collect })
  const wanted = Buffer.concat(chunks)
  await mkdir(dirname(keysFile), { recursive: true })
  const found = existsSync(keysFile) ? await readFile(keysFile) : wanted
  if (!found.equals(wanted)) {
    await rename(keysFile, `${keysFile}.before-restore`)
    say(`the QR keys that were here are now ${keysFile}.before-restore`)
  }
  await writeDurably(keysFile, wanted)
}

async function writeDurably(path: string, content: Buffer): Promise<void> {
  {
    await using file = await open(`${path}.new`, 'w', 0o600)
    await file.writeFile(content)
    await file.sync()
  }
  await rename(`${path}.new`, path)
}
