/** PostgreSQL as a tool: a pool, Kysely over it, forward-only migrations, and which of its errors mean "try again" or "disk full". */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CamelCasePlugin, Kysely, PostgresDialect, sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import pg from 'pg'
import { NoSpace, Unavailable } from './errors.ts'
import { timestampInUtc } from './timestamps.ts'

pg.types.setTypeParser(pg.types.builtins.INT8, Number) // counts and serial numbers stay far below 2^53
const readTimestamp = pg.types.getTypeParser(pg.types.builtins.TIMESTAMPTZ)
/** A page of a list has thousands of times: those in the form that PostgreSQL gives to a session in UTC go past the driver's patterns. */
pg.types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, (text) => timestampInUtc(text) ?? readTimestamp(text))

export type Pool = pg.Pool
export type Database<DB> = { pool: pg.Pool; db: Kysely<DB>; close(): Promise<void> }

/** Opens at most `max` connections to `url`. A request's statement ends after 5 s, a transaction left idle after 10 s. */
export function openDatabase<DB>({ url, max = 12, name }: { url: string; max?: number; name: string }): Database<DB> {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    application_name: name,
    statement_timeout: 5000,
    idle_in_transaction_session_timeout: 10_000,
    connectionTimeoutMillis: 4000,
    idleTimeoutMillis: 60_000,
    keepAlive: true
  })
  outliveConnections(pool)
  const db = new Kysely<DB>({
    dialect: new PostgresDialect({ pool }),
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })]
  })
  return { pool, db, close: () => db.destroy() }
}

const OLDEST = 150_000

/** A connection that dies, idle or between two statements, ends nothing else: the next statement says so where somebody waits for it. */
export function outliveConnections(pool: Pool): void {
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
}

/**
 * Runs every migration of `folder` (NNNN-what.sql, in order) that `url`'s database has not seen, each once and under Kysely's
 * advisory lock, then `grants` if given. Returns the names of those that ran. Throws what the database said.
 */
export async function migrate(url: string, folder: string, grants?: string): Promise<string[]> {
  const pool = new pg.Pool({ connectionString: url, max: 2, application_name: 'niflr-migrate', connectionTimeoutMillis: 10_000 })
  outliveConnections(pool)
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
  try {
    const { rows } = await sql<{ version: number }>`SELECT current_setting('server_version_num')::int AS version`.execute(db)
    if (rows[0]!.version < OLDEST) throw new Error('this PostgreSQL is too old: version 15 or newer is needed')
    const files = readdirSync(folder).filter((name) => name.endsWith('.sql'))
    const ran = (await hasAll(db, files.map(nameOf))) ? [] : await runMissing(db, folder, files)
    if (grants) await sql.raw(grants).execute(db)
    return ran
  } finally {
    await db.destroy()
  }
}

const nameOf = (file: string): string => file.replace('.sql', '')

/** Are these the migrations that ran, neither fewer nor more? The migrator takes longer to say so. */
async function hasAll(db: Kysely<unknown>, names: string[]): Promise<boolean> {
  const { rows: tables } = await sql<{ found: string | null }>`SELECT to_regclass('kysely_migration')::text AS found`.execute(db)
  if (!tables[0]!.found) return false
  const { rows } = await sql<{ name: string }>`SELECT name FROM kysely_migration`.execute(db)
  const ran = new Set(rows.map(({ name }) => name))
  return ran.size === names.length && names.every((name) => ran.has(name))
}

async function runMissing(db: Kysely<unknown>, folder: string, files: string[]): Promise<string[]> {
  const load = (file: string) => ({
    up: async (tx: Kysely<never>) => void (await sql.raw(readFileSync(join(folder, file), 'utf8')).execute(tx))
  })
  const migrations = Object.fromEntries(files.map((file) => [nameOf(file), load(file)]))
  const { error, results } = await new Migrator({ db, provider: { getMigrations: async () => migrations } }).migrateToLatest()
  if (error) throw error
  return (results ?? []).map((result) => result.migrationName)
}

const CONNECTION_LOST = /^(08|57P0[1-5]|53[23]|58|XX|25P0[34])/ // lost, shutting down, starting, too many connections, i/o error, idle too long
const LOST_OUT = /^(57014|40001|40P01|55P03)$/ // took too long, or another transaction was in the way
const SOCKET_LOST = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH'])

/** Turns what PostgreSQL or its socket said into Unavailable or NoSpace where it means that; everything else comes back as it is. */
export function databaseError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const code = String((error as { code?: unknown }).code ?? '')
  if (code === '53100' || code === 'ENOSPC') return new NoSpace('the disk is full', error)
  if (LOST_OUT.test(code)) return new Unavailable('the database is busy', error)
  const isLost =
    CONNECTION_LOST.test(code) ||
    SOCKET_LOST.has(code) ||
    (code === 'ENOENT' && (error as NodeJS.ErrnoException).syscall === 'connect') || // its socket file; any other missing file is another matter
    /Connection terminated|not currently accepting connections|timeout exceeded when trying to connect|Client has encountered a connection error|Cannot use a pool after/.test(
      error.message
    )
  return isLost ? new Unavailable('the database is away', error) : error
}

/** Is it what was to be written that the database (or its driver) could not take, rather than the database that could not? */
export function isUnfit(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' ? /^(22|23|54)...$/.test(code) : error instanceof RangeError
}

/** Is this the violation of the unique index or constraint `name`? */
export function violates(error: unknown, name: string): boolean {
  const { code, constraint } = (error ?? {}) as { code?: string; constraint?: string }
  return code === '23505' && constraint === name
}
