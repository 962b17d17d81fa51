/** Backup and restore: what is refused, and what must come back to the bit (trust.md, P13). */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { readConfig } from '#server/config.ts'
import { copyIn, copyOut } from '#server/processes/backup/copy.ts'
import { connect } from '#server/processes/backup/database.ts'
import { hashOf, verifyFile } from '#server/processes/backup/files.ts'
import { load } from '#server/processes/backup/load.ts'
import { filesOf, openBackup } from '#server/processes/backup/manifest.ts'
import { assertKnown, dropAll, inTransaction, knownMigrations, migrateTo } from '#server/processes/backup/schema.ts'
import { takeBackup } from '#server/processes/backup.ts'
import { manage, managed, openFolder } from '#test/support/box.ts'
import { openTestDatabase } from '#test/support/database.ts'
import { until } from '#test/support/devices.ts'
import { hashesOf } from '#test/support/restored-store.ts'

const silent = () => {}
const PASSPHRASE = 'a box of old keys'

test('every type comes back to the bit, sealed or not, and the backup of an older schema is brought up to date', async () => {
  using folder = openFolder()
  for (const passphrase of [null, PASSPHRASE]) {
    await using from = await openTestDatabase()
    await using to = await openTestDatabase()
    await fillWithOddities(from.ownerUrl)
    const config = (url: string) =>
      readConfig({ DATA_DIR: folder.path, DATABASE_URL: url, ...(passphrase && { BACKUP_PASSPHRASE: passphrase }) })
    const [dir, again] = [join(folder.path, `first-${passphrase !== null}`), join(folder.path, `second-${passphrase !== null}`)]
    const manifest = await takeBackup(config(from.ownerUrl), dir, silent)
    const isReadable = readdirSync(dir).some((name) =>
      readFileSync(join(dir, name))
        .subarray(0, 2)
        .equals(Buffer.from([0x1f, 0x8b]))
    )
    assert.equal(isReadable, passphrase === null, 'gzip shows only where nothing is sealed')
    {
      await using client = await connect(to.ownerUrl, 'test')
      const since = await load(client, await openBackup(dir, passphrase), silent)
      assert.deepEqual(since, knownMigrations().slice(2), 'the migrations after the backup ran')
      const { rows } = await client.query('INSERT INTO event_log (name, payload, at) VALUES ($1, $2, now()) RETURNING id', [
        'x',
        {}
      ])
      assert.equal(rows[0].id, 4, 'numbers go on where they were')
      await client.query('DELETE FROM event_log WHERE id = 4')
    }
    const found = await takeBackup(config(to.ownerUrl), again, silent)
    const [had, has] = [hashesOf(manifest), hashesOf(found)]
    delete had.machine_session_scale // a migration gave it a column
    delete has.machine_session_scale
    const made = Object.keys(has).filter((name) => !(name in had)) // tables that migrations since have made
    assert.ok(made.length > 0 && made.every((name) => has[name]!.rows === 0), `${made}`)
    assert.deepEqual(Object.fromEntries(Object.keys(had).map((name) => [name, has[name]])), had)
    assert.equal(found.tables.find(({ name }) => name === 'machine_session_scale')!.rows, 1)
  }
})

/** A database as it was two migrations in, with rows that a careless text form would bend. */
async function fillWithOddities(url: string): Promise<void> {
  await using client = await connect(url, 'test')
  await inTransaction(client, async (tx) => {
    await dropAll(client)
    await migrateTo(tx, '0002-ticket-evidence')
  })
  const at = '2026-03-01 08:00:00.123456+05:30'
  const text = 'tab\t newline\n return\r backslash\\ \\N "quotes" \'single\' {brace} ₹ 🥤 \u0001'
  await client.query('INSERT INTO store (store_id, name, mode_since, created_at) VALUES ($1, $2, $3, $3)', ['odd', text, at])
  await client.query(
    `INSERT INTO machine (machine_id, display_name, kind, device_key_hash, created_at, past_boot_ids, boot_id)
     VALUES ('m1', $1, 'shelf', '\\x00ff0a5c27', $2, $3, ''), ('m2', '', 'shelf', '', $2, '{}', NULL)`,
    [text, at, [text, '', 'NULL', '{a,"b"}']]
  )
  await client.query(
    `INSERT INTO scale (machine_id, scale_id, baseline_grams, noise_grams, threshold_grams, detector, created_at)
     VALUES ('m1', '1', 0.1::float8 + 0.2::float8, 1e-300, 30, $1, $2), ('m1', '2', 'NaN', 5e-324, 30, '{}', 'infinity')`,
    [JSON.stringify({ text, deep: [[{ n: 1e308, tiny: 1.0000000000000002 }], null] }), at]
  )
  await client.query(
    `INSERT INTO machine_session (id, machine_id, started_at, store_mode) VALUES (gen_random_uuid(), 'm1', $1, 'CUSTOMER_MODE')`,
    [at]
  )
  await client.query(`INSERT INTO machine_session_scale (machine_session_id, scale_id) SELECT id, '1' FROM machine_session`)
  for (const name of ['a', 'b', 'c'])
    await client.query('INSERT INTO event_log (name, payload, at) VALUES ($1, $2, $3)', [name, { text }, at])
}

test('a slow reader holds the rows back, and the connection serves again whatever came last', async () => {
  await using database = await openTestDatabase()
  await using client = await connect(database.ownerUrl, 'test')
  for (const rows of [0, 1, ...Array.from({ length: 40 }, (_, n) => 500 + n * 6), 20_000]) {
    const lines = copyOut(client, `COPY (SELECT repeat('x', 1023) FROM generate_series(1, ${rows})) TO STDOUT`)
    await until(() => lines.readableLength >= Math.min(rows * 1024, 512 * 1024), 'the buffer is full, or holds all')
    assert(lines.readableLength < 2_000_000, 'memory is bounded')
    assert.equal((await hashOf(lines)).bytes, rows * 1024)
    assert.equal(lines.rows, rows)
    const answer = await Promise.race([client.query('SELECT 1 AS one'), sleep(5000, null, { ref: false })])
    assert(answer, `the connection hangs after ${rows} rows`)
  }
  await assert.rejects(hashOf(copyOut(client, 'COPY nothing TO STDOUT')), /does not exist/)
  const wrong = copyIn(client, 'COPY alarm FROM STDIN', Readable.from([Buffer.from('a\tb\n'), Buffer.from('c\n')]))
  await assert.rejects(wrong, { code: '22P02' })
  assert.equal((await client.query('SELECT 1')).rowCount, 1)
})

test('followers go on exactly where they were, in a database that counts from anew', async () => {
  using folder = openFolder()
  await using from = await openTestDatabase()
  await using to = await openTestDatabase()
  const config = readConfig({ DATA_DIR: folder.path, DATABASE_URL: from.ownerUrl })
  const dir = join(folder.path, 'backup')
  {
    await using client = await connect(from.ownerUrl, 'test')
    const event = 'INSERT INTO event_log (transaction_id, name, payload, at) VALUES ($1::text::xid8, $2, $3, now())'
    // ids and transactions in contrary order, in numbers this cluster will not reach in years
    for (const [n, transaction] of [9_000_000_000, 9_000_000_300, 9_000_000_200, 9_000_000_100, 9_000_000_400].entries())
      await client.query(event, [String(transaction), `e${n + 1}`, {}])
    // in order: e1 (id 1), e4 (id 4), e3 (id 3), e2 (id 2), e5 (id 5)
    const cursor = 'INSERT INTO event_cursor VALUES ($1, $2::text::xid8, $3)'
    await client.query(cursor, ['none', '0', 0])
    await client.query(cursor, ['after e4', '9000000100', 4])
    await client.query(cursor, ['also after e4', '9000000100', 4])
    await client.query(cursor, ['after e2', '9000000300', 2])
    await client.query(cursor, ['all', '9000000400', 5])
  }
  await takeBackup(config, dir, silent)
  await using client = await connect(to.ownerUrl, 'test')
  await load(client, await openBackup(dir, null), silent)
  await client.query("INSERT INTO event_log (name, payload, at) VALUES ('new', '{}', now())")
  const unread = async (follower: string) => {
    const { rows } = await client.query(
      `SELECT event.id, name FROM event_log AS event JOIN event_cursor AS own ON own.follower = $1
       WHERE (event.transaction_id, event.id) > (own.transaction_id, own.id) AND event.transaction_id < pg_snapshot_xmin(pg_current_snapshot())
       ORDER BY event.transaction_id, event.id`,
      [follower]
    )
    return rows.map(({ name }) => name)
  }
  // an event is shown once no older transaction of this PostgreSQL is open, and other tests have theirs
  await until(async () => (await unread('none')).includes('new'), 'the new event is shown')
  assert.deepEqual((await unread('none')).toSorted(), ['e1', 'e2', 'e3', 'e4', 'e5', 'new'])
  assert.deepEqual((await unread('after e4')).toSorted(), ['e2', 'e3', 'e5', 'new'])
  assert.deepEqual((await unread('also after e4')).toSorted(), ['e2', 'e3', 'e5', 'new'])
  assert.deepEqual(await unread('after e2'), ['e5', 'new'])
  assert.deepEqual(await unread('all'), ['new'])
  const { rows } = await client.query("SELECT id FROM event_log WHERE name = 'e4'")
  assert.equal(rows[0].id, 4, 'an event keeps its number')
})

test('a backup that is damaged, cut, swapped, newer or under another passphrase is refused before anything is touched', async () => {
  using folder = openFolder()
  await using database = await openTestDatabase()
  {
    await using client = await connect(database.ownerUrl, 'test')
    await client.query(
      "INSERT INTO alarm SELECT gen_random_uuid(), 'k', n::text, repeat('m', 100), now() FROM generate_series(1, 2000) AS n"
    )
  }
  const config = readConfig({ DATA_DIR: folder.path, DATABASE_URL: database.ownerUrl, BACKUP_PASSPHRASE: PASSPHRASE })
  const dir = join(folder.path, 'backup')
  const manifest = await takeBackup(config, dir, silent)
  const backup = await openBackup(dir, PASSPHRASE)
  const verifyAll = async () => {
    for (const file of filesOf(backup.manifest)) await verifyFile(backup, file)
  }
  await verifyAll()
  await assert.rejects(openBackup(dir, null), { code: 'passphrase-missing' })
  await assert.rejects(openBackup(dir, 'another'), { code: 'passphrase-wrong' })
  assert.throws(() => assertKnown({ ...manifest, migrations: [...knownMigrations(), '9999-later'] }), { code: 'backup-newer' })
  assert.throws(() => assertKnown({ ...manifest, migrations: knownMigrations().slice(1) }), { code: 'backup-newer' })

  const file = join(dir, 'alarm.copy.gz')
  const good = readFileSync(file)
  const bent = Buffer.from(good)
  bent[100]! ^= 1
  for (const bad of [bent, good.subarray(0, -1), Buffer.alloc(0)]) {
    writeFileSync(file, bad)
    await assert.rejects(verifyAll(), { code: 'backup-damaged' })
  }
  await using client = await connect(database.ownerUrl, 'test')
  await assert.rejects(load(client, backup, silent), { code: 'backup-damaged' })
  const { rows } = await client.query('SELECT count(*)::int AS n FROM alarm')
  assert.equal(rows[0].n, 2000, 'a load that fails leaves everything as it was')
  writeFileSync(file, good)

  const text = readFileSync(join(dir, 'manifest.json'), 'utf8')
  writeFileSync(join(dir, 'manifest.json'), text.replace('"rows": 2000', '"rows": 1999'))
  await assert.rejects(openBackup(dir, PASSPHRASE), { code: 'passphrase-wrong' })
})

test('what would lose data is refused in one line', async () => {
  using folder = openFolder()
  await using database = await openTestDatabase()
  const env = { DATABASE_URL: database.ownerUrl }
  const dir = join(folder.path, 'backup')
  const refused = async (args: string[], words: RegExp) => {
    const { code, err } = await manage(folder.path, args, env)
    assert.equal(code, 1)
    assert.match(err, words)
    assert.equal(err.trim().split('\n').length, 1, err)
  }
  await using client = await connect(database.ownerUrl, 'test')
  await client.query('DELETE FROM store')
  await refused(['backup', dir], /there is no store in this database/)
  assert(!existsSync(`${dir}.partial`), 'nothing is left')
  await client.query("INSERT INTO store (store_id, name, mode_since, created_at) VALUES ('mine', 'm', now(), now())")
  await client.query('CREATE TABLE webhook (id int, secret text)')
  await client.query("INSERT INTO webhook VALUES (1, 'hidden')")
  await refused(['backup', dir], /webhook.secret holds secrets.*BACKUP_PASSPHRASE/)
  await client.query('DROP TABLE webhook')
  assert.match(await managed(folder.path, ['backup', dir], env), /phone numbers lie in this backup in clear/)
  assert.equal(statSync(dir).mode & 0o777, 0o700)
  await refused(['backup', dir], /is not empty/)
  await refused(['restore', dir], /this store \(.*\) is not empty.*--replace mine/) // the backup left its line in the audit trail
  await refused(['restore', dir, '--replace', 'theirs'], /--replace names theirs, but this store is mine/)
  const holder = new pg.Client({ connectionString: database.ownerUrl })
  await holder.connect()
  await holder.query('SELECT pg_advisory_lock(7316000)')
  await refused(['restore', dir, '--replace', 'mine'], /a server works on this database: stop it first/)
  await holder.end()
  await managed(folder.path, ['restore', dir, '--replace', 'mine'], env)
  const { rows } = await client.query('SELECT action FROM audit_entry ORDER BY id')
  assert.deepEqual(rows, [{ action: 'restored' }])
  await client.query('DROP TABLE store CASCADE')
  await refused(['restore', dir], /holds something else than a store/)
})
