/** Taking a backup: every table out of one repeatable-read snapshot, one after the other, while the store goes on working. */
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type pg from 'pg'
import { Refused } from '#server/platform/errors.ts'
import { flushFolder } from '#server/platform/flush.ts'
import { copyOut } from './copy.ts'
import { listTables, quoted, type Table, target } from './database.ts'
import { writeFileOf } from './files.ts'
import { storeCamerasKey, storeKeys } from './keys.ts'
import { FORMAT, MANIFEST, type Manifest, manifestText, type StoredSequence, type StoredTable, VERSION } from './manifest.ts'
import { countOf, progressOf, type Say, sizeOf } from './progress.ts'
import { keyOf, newSealing } from './seal.ts'

export type Taking = { dir: string; passphrase: string | null; keysFile: string; camerasKeyFile: string; say: Say }

/** Columns by such a name hold a secret in clear: they go into no backup that is not sealed. */
const SECRET_COLUMN = /(^|_)(secret|password|passphrase|private_key|stream_url)$/

/**
 * Writes a backup into `dir`, which must be empty or not exist: first beside it as `dir`.partial, renamed when all of it is on the
 * disk. Throws Refused, or what the database or the disk says; then nothing is left.
 */
export async function takeSnapshot(client: pg.Client, { dir, ...taking }: Taking): Promise<Manifest> {
  const draft = `${dir}.partial`
  await assertIsFree(dir, draft)
  await mkdir(draft, { recursive: true, mode: 0o700 })
  try {
    const manifest = await inSnapshot(client, () => writeAll(client, { ...taking, dir: draft }))
    await flushFolder(draft)
    await rename(draft, dir)
    await flushFolder(dirname(dir))
    return manifest
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    throw error
  }
}

async function inSnapshot<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  const result = await work()
  await client.query('COMMIT')
  return result
}

async function writeAll(client: pg.Client, { dir, passphrase, keysFile, camerasKeyFile, say }: Taking): Promise<Manifest> {
  const store = await storeOf(client)
  const tables = await listTables(client)
  if (!passphrase) await assertHoldsNoSecrets(client, tables)
  const size = sizeOf(tables.reduce((sum, table) => sum + table.estimatedBytes, 0))
  say(`backup of store ${store.storeId}: ${tables.length} tables, about ${size}${passphrase ? ', encrypted' : ', not encrypted'}`)
  const sealing = passphrase ? newSealing() : null
  const place = { dir, key: sealing ? await keyOf(passphrase!, sealing) : null }
  const stored: StoredTable[] = []
  for (const table of tables) stored.push(await writeTable(client, table, { ...place, say }))
  const manifest: Manifest = {
    ...{ format: FORMAT, version: VERSION, ...store, sealing, tables: stored },
    sequences: await readSequences(client), // after the rows: never behind an id that is in them
    keys: await storeKeys(place, keysFile),
    camerasKey: await storeCamerasKey(place, camerasKeyFile)
  }
  await writeFile(join(dir, MANIFEST), manifestText(manifest, place.key), { mode: 0o600, flush: true })
  return manifest
}

type Placing = { dir: string; key: Buffer | null; say: Say }

async function writeTable(client: pg.Client, { name, columns }: Table, { say, ...place }: Placing): Promise<StoredTable> {
  const rows = copyOut(client, `COPY ${target({ name, columns })} TO STDOUT`)
  const { bytes, sha256, file } = await writeFileOf(place, {
    name: `${name}.copy.gz`,
    source: rows,
    onBytes: progressOf(say, name)
  })
  if (rows.rows > 0) say(`  ${name}: ${countOf(rows.rows)} rows, ${sizeOf(bytes)}`)
  return { name, columns, rows: rows.rows, bytes, sha256, file }
}

/** Who this is and how far its schema is. `takenAt` is the snapshot's own moment. */
async function storeOf(client: pg.Client): Promise<Pick<Manifest, 'storeId' | 'storeName' | 'takenAt' | 'migrations'>> {
  const { rows: known } = await client.query("SELECT to_regclass('public.store') IS NOT NULL AS ok")
  if (!known[0].ok) throw new Refused('no-store', 'there is no store in this database')
  const { rows } = await client.query('SELECT store_id, name, now() AS at FROM store')
  if (!rows[0]) throw new Refused('no-store', 'there is no store in this database')
  const done = await client.query<{ name: string }>('SELECT name FROM kysely_migration ORDER BY name')
  const { store_id: storeId, name: storeName, at } = rows[0]
  return { storeId, storeName, takenAt: at.toISOString(), migrations: done.rows.map((row) => row.name) }
}

async function readSequences(client: pg.Client): Promise<StoredSequence[]> {
  const { rows } = await client.query<{ name: string }>(
    "SELECT sequencename AS name FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1"
  )
  const sequences: StoredSequence[] = []
  for (const { name } of rows) {
    const { rows: state } = await client.query(
      `SELECT last_value::text AS "lastValue", is_called AS "isCalled" FROM ${quoted(name)}`
    )
    sequences.push({ name, ...state[0] })
  }
  return sequences
}

async function assertHoldsNoSecrets(client: pg.Client, tables: Table[]): Promise<void> {
  for (const { name, columns } of tables)
    for (const column of columns.filter((each) => SECRET_COLUMN.test(each))) {
      const { rows } = await client.query(
        `SELECT EXISTS (SELECT FROM ${quoted(name)} WHERE ${quoted(column)}::text <> '') AS found`
      )
      if (rows[0].found)
        throw new Refused(
          'passphrase-missing',
          `${name}.${column} holds secrets, which go into no backup in clear: set BACKUP_PASSPHRASE`
        )
    }
}

async function assertIsFree(dir: string, draft: string): Promise<void> {
  const there = await stat(dir).catch(() => null)
  if (there && (!there.isDirectory() || (await readdir(dir)).length > 0))
    throw new Refused('not-empty', `${dir} is not empty: name a folder that is empty or does not exist`)
  if (await stat(draft).catch(() => null))
    throw new Refused(
      'not-empty',
      `${draft} is there: an earlier backup was interrupted, or one is running; remove it if none is`
    )
}
