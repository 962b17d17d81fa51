/**
 * Loading a backup, in one transaction: the schema as it was, the rows, the proof that they are the same rows, then what a life in a new
 * database asks for, and the migrations since. Whatever fails, the database is as it was before.
 */
import type pg from 'pg'
import { Refused } from '#server/platform/errors.ts'
import { copyIn, copyOut } from './copy.ts'
import { listTables, quoted, target } from './database.ts'
import { hashOf, readFileOf } from './files.ts'
import type { Backup, StoredTable } from './manifest.ts'
import { countOf, progressOf, type Say, secondsSince, sizeOf } from './progress.ts'
import { dropAll, inTransaction, loosen, migrateTo } from './schema.ts'

/** Replaces everything in the database with the backup. Answers with the migrations that ran on top of it. */
export async function load(client: pg.Client, backup: Backup, say: Say): Promise<string[]> {
  const { tables, migrations } = backup.manifest
  let since: string[] = []
  await inTransaction(client, async (tx) => {
    await client.query("SET LOCAL maintenance_work_mem = '256MB'")
    await dropAll(client)
    await migrateTo(tx, migrations.at(-1)!)
    const names = await assertFits(client, tables)
    await client.query(`TRUNCATE ${names.map(quoted).join(', ')}`) // what migrations put in is in the backup too
    const tighten = await loosen(client, names)
    for (const table of tables) await loadTable(client, backup, { table, say })
    for (const { name, lastValue, isCalled } of backup.manifest.sequences)
      await client.query('SELECT setval($1::regclass, $2::bigint, $3)', [quoted(name), lastValue, isCalled])
    const startedMs = performance.now()
    for (const command of tighten) await client.query(command)
    say(`indexes and references made in ${secondsSince(startedMs)}`)
    for (const table of tables) await assertSame(client, table)
    say(`checked: all ${countOf(tables.reduce((sum, table) => sum + table.rows, 0))} rows are those of the backup`)
    await moveEvents(client)
    await client.query('UPDATE staff_session SET ended_at = now() WHERE ended_at IS NULL') // one that was ended since may not come back
    since = await migrateTo(tx, null)
  })
  await client.query('ANALYZE')
  return since
}

/** Throws unless the schema has just the backup's tables and columns. Answers with the tables' names. */
async function assertFits(client: pg.Client, stored: StoredTable[]): Promise<string[]> {
  const made = await listTables(client)
  const shape = (tables: { name: string; columns: string[] }[]) =>
    JSON.stringify(tables.map(({ name, columns }) => [name, columns.toSorted()]).toSorted())
  if (shape(made) !== shape(stored))
    throw new Refused('backup-newer', 'this backup has tables or columns that its migrations do not make here')
  return made.map(({ name }) => name)
}

async function loadTable(client: pg.Client, backup: Backup, { table, say }: { table: StoredTable; say: Say }): Promise<void> {
  const startedMs = performance.now()
  let rows = 0
  const command = `COPY ${target(table)} FROM STDIN`
  const use = async (lines: AsyncIterable<Buffer>) => {
    rows = await copyIn(client, command, lines)
  }
  const { sha256 } = await readFileOf(backup, { name: table.file.name, use, onBytes: progressOf(say, table.name) })
  if (rows !== table.rows || sha256 !== table.sha256)
    throw new Refused('backup-damaged', `${table.file.name} holds ${rows} rows that are not the ${table.rows} of the backup`)
  if (rows > 0) say(`  ${table.name}: ${countOf(rows)} rows, ${sizeOf(table.bytes)} in ${secondsSince(startedMs)}`)
}

/** Reads the table back: what the database now holds hashes to what the old one held. */
async function assertSame(client: pg.Client, table: StoredTable): Promise<void> {
  const rows = copyOut(client, `COPY ${target(table)} TO STDOUT`)
  const { sha256 } = await hashOf(rows)
  if (rows.rows !== table.rows || sha256 !== table.sha256)
    throw new Refused(
      'restore-differs',
      `${table.name} came back with ${rows.rows} rows that differ from the ${table.rows} of the backup`
    )
}

/**
 * Events carry the number of the transaction that wrote them, and followers read them in the order (transaction, id) below the oldest that
 * still runs. The numbers of another cluster mean nothing here: larger than this one's, they would hide the events until it has counted as
 * far. So each event gets this very transaction's number, less one for each follower that has read it: with the last place of a follower
 * moved behind what it has read, every one goes on exactly where it was. Ids stay what they are.
 */
async function moveEvents(client: pg.Client): Promise<void> {
  const number = (less: string) => `(pg_current_xact_id()::text::numeric - (${less}))::text::xid8`
  await client.query(`CREATE TEMPORARY TABLE place ON COMMIT DROP AS SELECT follower, transaction_id, id FROM event_cursor`)
  await client.query(`UPDATE event_log AS event SET transaction_id =
    ${number('SELECT count(*) FROM place WHERE (place.transaction_id, place.id) >= (event.transaction_id, event.id)')}`)
  await client.query(`UPDATE event_cursor AS own SET id = coalesce((SELECT max(id) FROM event_log), 0), transaction_id =
    ${number('SELECT count(*) FROM place WHERE (place.transaction_id, place.id) >= (own.transaction_id, own.id)')}`)
}
