/** The keys in a backup: all of them when it is sealed, otherwise only QR keys that are no secret. Database passwords never. */
import { existsSync } from 'node:fs'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { Readable } from 'node:stream'
import { type Place, readFileOf, writeFileOf } from './files.ts'
import type { Backup, Manifest, StoredFile } from './manifest.ts'
import type { Say } from './progress.ts'

type Jwk = { kid?: string; k?: unknown; d?: unknown }
const QR_KEYS = 'qr-keys.json.gz'
const CAMERAS_KEY = 'cameras-key.gz'

const isSecret = ({ k, d }: Jwk) => k !== undefined || d !== undefined

/** Puts the QR keys of `keysFile` into the backup. A file that is no JWK set stops the backup: it would stop the store's doors too. */
export async function storeKeys(place: Place, keysFile: string): Promise<Manifest['keys']> {
  if (!existsSync(keysFile)) return { kept: 'none', leftOut: [], file: null }
  const { keys } = JSON.parse(await readFile(keysFile, 'utf8')) as { keys: Jwk[] }
  const kept = place.key ? keys : keys.filter((jwk) => !isSecret(jwk))
  const leftOut = keys.filter((jwk) => !kept.includes(jwk)).map(({ kid }) => kid ?? '(no kid)')
  const file = await store(place, QR_KEYS, Buffer.from(`${JSON.stringify({ keys: kept }, null, 2)}\n`))
  return { kept: leftOut.length > 0 ? 'public' : 'all', leftOut, file }
}

/** Puts the key of the cameras' stream URLs and the webhooks' secrets into a sealed backup; into no other, since it opens what lies in their rows. */
export async function storeCamerasKey(place: Place, keyFile: string): Promise<StoredFile | null> {
  return place.key && existsSync(keyFile) ? store(place, CAMERAS_KEY, await readFile(keyFile)) : null
}

async function store(place: Place, name: string, content: Buffer): Promise<StoredFile> {
  return (await writeFileOf(place, { name, source: Readable.from([content]) })).file
}

/** Puts the backup's QR keys where this store reads them; other keys that lie there are kept beside them, with `.before-restore`. */
export async function restoreKeys(backup: Backup, keysFile: string, say: Say): Promise<void> {
  const { leftOut, file } = backup.manifest.keys
  if (leftOut.length > 0) say(`QR keys that were left out of this backup, add them again: ${leftOut.join(', ')}`)
  if (file) await putBack(backup, { file, path: keysFile, say })
}

/** The same with the key of the cameras' stream URLs and the webhooks' secrets; says what is to do where a backup with any came without it. */
export async function restoreCamerasKey(backup: Backup, keyFile: string, say: Say): Promise<void> {
  const { camerasKey, tables } = backup.manifest
  if (camerasKey) await putBack(backup, { file: camerasKey, path: keyFile, say })
  else if (tables.some(({ name, rows }) => ['camera', 'webhook_endpoint'].includes(name) && rows > 0))
    say(
      `the key of the cameras' passwords is not in this backup: put ${basename(keyFile)} of the box that it was taken on at ${keyFile}, or enter each camera's stream URL anew and make each webhook a new secret`
    )
}

async function putBack(place: Place, { file, path, say }: { file: StoredFile; path: string; say: Say }): Promise<void> {
  const chunks: Buffer[] = []
  const collect = async (content: AsyncIterable<Buffer>) => {
    for await (const chunk of content) chunks.push(chunk)
  }
  await readFileOf(place, { name: file.name, use: collect })
  const wanted = Buffer.concat(chunks)
  await mkdir(dirname(path), { recursive: true })
  const found = existsSync(path) ? await readFile(path) : wanted
  if (!found.equals(wanted)) {
    await rename(path, `${path}.before-restore`)
    say(`what was ${path} is now ${basename(path)}.before-restore`)
  }
  await writeDurably(path, wanted)
}

async function writeDurably(path: string, content: Buffer): Promise<void> {
  {
    await using file = await open(`${path}.new`, 'w', 0o600)
    await file.writeFile(content)
    await file.sync()
  }
  await rename(`${path}.new`, path)
}
