/** The embedded PostgreSQL, for real: each test has a data folder of its own, and processes that are killed rather than asked. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { type EmbeddedPostgres, type EmbeddedPostgresOptions, startEmbeddedPostgres } from '#server/platform/embedded-postgres.ts'

/** A data folder that goes, with the PostgreSQL on it, when the test ends. */
async function folder(t: TestContext) {
  const parent = await mkdtemp(join(tmpdir(), 'niflr-postgres-'))
  const dataDir = join(parent, 'data')
  const started: EmbeddedPostgres[] = []
  t.after(async () => {
    for (const postgres of started) await postgres.stop()
    await rm(parent, { recursive: true, force: true })
  })
  const start = async (options: Partial<EmbeddedPostgresOptions> = {}) => {
    const postgres = await startEmbeddedPostgres({ dataDir, log: (message) => t.diagnostic(message), ...options })
    started.push(postgres)
    return postgres
  }
  return { parent, dataDir, start }
}

/** Another process that starts PostgreSQL on `dataDir`, says which, and stays. `kill` ends its whole process group, as closing a terminal would. */
function otherProcess(t: TestContext, dataDir: string): { child: ChildProcess; report: Promise<string>; kill(): Promise<void> } {
  const code = `import { startEmbeddedPostgres } from ${JSON.stringify(import.meta.resolve('#server/platform/embedded-postgres.ts'))}
    const { pid, adopted } = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)} })
    console.log(pid, adopted)
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const ended = once(child, 'exit')
  const kill = async () => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL')
    await ended
  }
  t.after(kill)
  const report = (async () => {
    for await (const line of createInterface({ input: child.stdout! })) return line
    throw new Error('the other process ended without a word')
  })()
  return { child, report, kill }
}

async function query(url: string, sql: string, name = 'test'): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, application_name: name })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

/** Waits until `work` goes well; resolves to the milliseconds it took. */
async function untilWell(work: () => Promise<unknown>, patienceMs: number): Promise<number> {
  const startedAt = performance.now()
  for (;;) {
    const failure = await work().then(
      () => null,
      (error: unknown) => error
    )
    const tookMs = performance.now() - startedAt
    if (!failure) return tookMs
    if (tookMs > patienceMs) throw failure
    await delay(20)
  }
}

test('a first start makes a checked, private cluster with an owner and a role that can only work with rows', async (t) => {
  const { dataDir, start } = await folder(t)
  const postgres = await start()
  assert.equal(postgres.adopted, false)
  const [settings] = await query(
    postgres.ownerUrl,
    `SELECT current_setting('data_checksums') sums, current_setting('listen_addresses') address, current_setting('synchronous_commit') sync,
      current_setting('timezone') zone, (SELECT datlocale || ' ' || pg_encoding_to_char(encoding) FROM pg_database WHERE datname = 'niflr') locale`
  )
  assert.deepEqual(settings, { sums: 'on', address: '127.0.0.1', sync: 'on', zone: 'UTC', locale: 'C.UTF-8 UTF8' })
  for (const sql of [
    'CREATE TABLE t (a int)',
    'CREATE SCHEMA s',
    'CREATE DATABASE d',
    'CREATE ROLE r',
    'CREATE TEMP TABLE t (a int)'
  ])
    await assert.rejects(query(postgres.appUrl, sql), { code: '42501' }, sql)
  await assert.rejects(query(postgres.appUrl.replace(/:[^:@]+@/, ':wrong@'), 'SELECT 1'), { code: '28P01' })
  assert.equal((await stat(join(dataDir, 'keys/postgres.json'))).mode & 0o777, 0o600)
  assert.equal((await stat(join(dataDir, 'logs/postgres.log'))).mode & 0o777, 0o600)
  assert.equal((await stat(join(dataDir, 'postgres'))).mode & 0o777, 0o700)
})

test('stopped and started at once, it keeps its rows and its port', async (t) => {
  const { start } = await folder(t)
  const first = await start()
  await query(first.ownerUrl, 'CREATE TABLE t AS SELECT 42 AS a')
  assert.deepEqual(await first.stop(), { left: false })
  const second = await start()
  assert.equal(second.ownerUrl, first.ownerUrl)
  assert.notEqual(second.pid, first.pid)
  assert.deepEqual(await query(second.ownerUrl, 'SELECT a FROM t'), [{ a: 42 }])
})

test('when the last port is taken it takes another', async (t) => {
  const { start } = await folder(t)
  const first = await start()
  await first.stop()
  const squatter = createServer().listen(Number(new URL(first.ownerUrl).port), '127.0.0.1')
  await once(squatter, 'listening')
  t.after(() => squatter.close())
  const second = await start()
  assert.notEqual(new URL(second.ownerUrl).port, new URL(first.ownerUrl).port)
  await query(second.appUrl, 'SELECT 1')
})

test('kept alive, it is back on its port within 10 s of kill -9, with a query that still ran and all rows', async (t) => {
  const { start } = await folder(t)
  const postgres = await start({ keepAlive: true })
  const reasons: string[] = []
  postgres.onExit((why) => reasons.push(why))
  await query(postgres.ownerUrl, 'CREATE TABLE t AS SELECT 42 AS a')
  const endless = query(postgres.ownerUrl, 'SELECT count(*) FROM generate_series(1, 1e12::bigint)')
  endless.catch(() => {})
  const isBusy = async () =>
    assert.notEqual((await query(postgres.ownerUrl, "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT count%'")).length, 0)
  await untilWell(isBusy, 5000)
  const killed = postgres.pid
  process.kill(killed, 'SIGKILL')
  const backMs = await untilWell(
    async () => assert.deepEqual(await query(postgres.ownerUrl, 'SELECT a FROM t'), [{ a: 42 }]),
    10_000
  )
  t.diagnostic(`back after ${Math.round(backMs)} ms`)
  await assert.rejects(endless)
  await untilWell(async () => assert.notEqual(postgres.pid, killed), 1000)
  assert.equal(reasons.length, 1)
})

test('an orphan of a killed process group is adopted, and stopped like any other', async (t) => {
  const { dataDir, start } = await folder(t)
  const other = otherProcess(t, dataDir)
  const [pid] = (await other.report).split(' ')
  await other.kill()
  const postgres = await start({ keepAlive: true })
  assert.deepEqual([postgres.pid, postgres.adopted], [Number(pid), true])
  await query(postgres.ownerUrl, 'CREATE TABLE t AS SELECT 42 AS a')
  process.kill(postgres.pid, 'SIGKILL')
  await untilWell(async () => assert.deepEqual(await query(postgres.ownerUrl, 'SELECT a FROM t'), [{ a: 42 }]), 10_000)
  await postgres.stop()
  await assert.rejects(query(postgres.ownerUrl, 'SELECT 1'), { code: 'ECONNREFUSED' })
})

test('of two processes that start at the same moment one starts it and the other adopts it', async (t) => {
  const { dataDir, start } = await folder(t)
  const reports = (await Promise.all([otherProcess(t, dataDir).report, otherProcess(t, dataDir).report])).map((line) =>
    line.split(' ')
  )
  assert.equal(reports[0]?.[0], reports[1]?.[0])
  assert.deepEqual(reports.map((report) => report[1]).sort(), ['false', 'true'])
  assert.equal(String((await start()).pid), reports[0]?.[0])
})

test('it is left running while another niflr process is connected, not for connections of its own name', async (t) => {
  const { start } = await folder(t)
  const [first, second, third] = [await start(), await start({ ownName: 'niflr-store' }), await start()]
  const client = new pg.Client({ connectionString: first.appUrl, application_name: 'niflr-store-1' })
  client.on('error', () => {})
  await client.connect()
  t.after(() => client.end())
  assert.deepEqual(await first.stop(), { left: true })
  await client.query('SELECT 1')
  assert.deepEqual(await second.stop(), { left: false })
  assert.deepEqual(await third.stop(), { left: false })
})

test('a process killed while it makes the cluster leaves nothing that disturbs the next', async (t) => {
  const { dataDir, start } = await folder(t)
  const other = otherProcess(t, dataDir)
  other.report.catch(() => {})
  const drafts = async () => (await readdir(dataDir)).filter((name) => name.startsWith('postgres.new-'))
  await untilWell(
    async () => assert.ok((await readdir(join(dataDir, (await drafts())[0]!, 'data'))).includes('PG_VERSION')),
    10_000
  )
  await other.kill()
  const postgres = await start()
  await query(postgres.appUrl, 'SELECT 1')
  assert.deepEqual(await drafts(), [])
})

test('a folder that holds something else is refused, and so is a cluster without its passwords', async (t) => {
  const { dataDir, start } = await folder(t)
  await mkdir(join(dataDir, 'postgres'), { recursive: true })
  await writeFile(join(dataDir, 'postgres/holiday.jpg'), '')
  await assert.rejects(start(), /holds no PostgreSQL cluster/)
  await rm(join(dataDir, 'postgres'), { recursive: true })
  await (await start()).stop()
  await rm(join(dataDir, 'keys/postgres.json'))
  await assert.rejects(start(), /restore it from a backup/)
})

const isRoot = process.getuid?.() === 0
test('root may keep the data where only root can go', { skip: isRoot ? false : 'needs root' }, async (t) => {
  const { parent, dataDir, start } = await folder(t)
  await mkdir(dataDir, { mode: 0o700 })
  await chmod(parent, 0o700)
  const first = await start()
  await query(first.appUrl, 'SELECT 1')
  assert.notEqual((await stat(join(dataDir, 'postgres'))).uid, 0)
  await first.stop()
  await query((await start()).appUrl, 'SELECT 1')
})
