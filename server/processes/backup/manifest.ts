/** What a backup says of itself: manifest.json, written last, so that a folder with one is whole. */
import { timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Refused } from '#server/platform/errors.ts'
import { keyOf, macOf, type Sealing } from './seal.ts'

export type StoredFile = { name: string; bytes: number; sha256: string }
/** `sha256` and `bytes` are those of the rows as COPY writes them; `file` is how they lie on the disk. */
export type StoredTable = { name: string; columns: string[]; rows: number; bytes: number; sha256: string; file: StoredFile }
export type StoredSequence = { name: string; lastValue: string; isCalled: boolean }
export type Manifest = {
  format: typeof FORMAT
  version: number
  takenAt: string
  storeId: string
  storeName: string
  migrations: string[]
  sealing: Sealing | null
  tables: StoredTable[]
  sequences: StoredSequence[]
  /** The QR keys: all of them, only those that are no secret, or there were none. */
  keys: { kept: 'all' | 'public' | 'none'; leftOut: string[]; file: StoredFile | null }
  /** What opens the stream URLs of cameras; only in sealed backups, absent in those of older releases. */
  camerasKey?: StoredFile | null
  mac?: string
}
/** A backup opened: `key` is null when it is not sealed. */
export type Backup = { dir: string; manifest: Manifest; key: Buffer | null }

export const FORMAT = 'niflr-edge-store backup'
export const VERSION = 1
export const MANIFEST = 'manifest.json'
const SAFE_NAME = /^[a-z0-9_-]+(\.[a-z0-9]+)+$/

/** The text of manifest.json; sealed backups are signed with their key. */
export function manifestText({ mac: _, ...manifest }: Manifest, key: Buffer | null): string {
  const signed = key ? { ...manifest, mac: macOf(key, JSON.stringify(manifest)) } : manifest
  return `${JSON.stringify(signed, null, 2)}\n`
}

/** Reads a backup's manifest and, with the passphrase, its key. Throws Refused with what to do about it. */
export async function openBackup(dir: string, passphrase: string | null): Promise<Backup> {
  const text = await readFile(join(dir, MANIFEST), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
    throw new Refused('no-backup', `${dir} holds no backup: there is no ${MANIFEST} in it`)
  })
  const manifest = readManifest(text)
  if (!manifest.sealing) return { dir, manifest, key: null }
  if (!passphrase) throw new Refused('passphrase-missing', 'this backup is encrypted: set BACKUP_PASSPHRASE to its passphrase')
  const key = await keyOf(passphrase, manifest.sealing)
  const { mac = '', ...rest } = manifest
  const expected = Buffer.from(macOf(key, JSON.stringify(rest)))
  const found = Buffer.from(mac)
  if (found.length !== expected.length || !timingSafeEqual(found, expected))
    throw new Refused('passphrase-wrong', `BACKUP_PASSPHRASE is not this backup's passphrase, or ${MANIFEST} was changed`)
  return { dir, manifest, key }
}

function readManifest(text: string): Manifest {
  let manifest: Manifest
  try {
    manifest = JSON.parse(text) as Manifest
  } catch {
    throw new Refused('backup-damaged', `${MANIFEST} cannot be read`)
  }
  if (manifest?.format !== FORMAT) throw new Refused('no-backup', `${MANIFEST} is not one of this store's backups`)
  if (manifest.version !== VERSION)
    throw new Refused(
      'backup-newer',
      `this backup has format ${manifest.version}, this release reads format ${VERSION}: use a newer release`
    )
  if (filesOf(manifest).some(({ name }) => !SAFE_NAME.test(name)))
    throw new Refused('backup-damaged', `${MANIFEST} names a strange file`)
  return manifest
}

/** Every file beside the manifest. */
export const filesOf = ({ tables, keys, camerasKey }: Manifest): StoredFile[] => [
  ...tables.map((table) => table.file),
  ...(keys.file ? [keys.file] : []),
  ...(camerasKey ? [camerasKey] : [])
]
