/** The database as its owner, for a command: embedded or external, with settings under which COPY text is the same everywhere. */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import type { Config } from '#server/config.ts'
import { startEmbeddedPostgres } from '#server/platform/embedded-postgres.ts'
import { Refused } from '#server/platform/errors.ts'

/** Set rather than assumed: an external server's role may have others. No timeouts: a large table takes its time. */
const SETTINGS = `SET search_path = public; SET client_encoding = 'UTF8'; SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres';
  SET extra_float_digits = 1; SET bytea_output = 'hex'; SET synchronize_seqscans = off; SET statement_timeout = 0;
  SET idle_in_transaction_session_timeout = 0; SET lock_timeout = '15s'`

/** The owner's address of the store's database. The embedded PostgreSQL is started if it does not run, and left running if others use it. */
export async function openServer(config: Config, stack: AsyncDisposableStack, name: string): Promise<string> {
  if (config.databaseUrl) return config.databaseUrl
  mkdirSync(config.dataDir, { recursive: true })
  const postgres = await startEmbeddedPostgres({ dataDir: config.dataDir, ownName: name })
  stack.defer(async () => void (await postgres.stop()))
  return postgres.ownerUrl
}

/** Throws Refused when there is no store to back up: a command that only reads makes none. */
export function assertThereIsAStore(config: Config): void {
  if (!config.databaseUrl && !existsSync(join(config.dataDir, 'postgres', 'PG_VERSION')))
    throw new Refused('no-store', `there is no store in ${config.dataDir}; set DATA_DIR to the store's own`)
}

/** One connection for one long piece of work. */
export async function connect(url: string, name: string): Promise<pg.Client & AsyncDisposable> {
  const client = new pg.Client({
    connectionString: url,
    application_name: name,
    connectionTimeoutMillis: 10_000,
    keepAlive: true
  })
  client.on('error', () => {}) // the query that waits for it says so
  await client.connect()
  await client.query(SETTINGS)
  return Object.assign(client, { [Symbol.asyncDispose]: async () => void (await client.end().catch(() => {})) })
}

export type Table = { name: string; columns: string[]; estimatedBytes: number }

/** The tables of this database, by name, with the columns that are stored. The migrator's own are not among them: they are made anew. */
export async function listTables(client: pg.Client): Promise<Table[]> {
  const { rows } = await client.query<Table>(`
    SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns, pg_relation_size(c.oid)::float8 AS "estimatedBytes"
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT starts_with(c.relname, 'kysely_migration')
    GROUP BY c.oid, c.relname ORDER BY c.relname`)
  return rows
}

export const quoted = (name: string): string => pg.escapeIdentifier(name)
/** `"table" ("column", …)`, as COPY and INSERT name it. */
export const target = ({ name, columns }: Pick<Table, 'name' | 'columns'>): string =>
  `${quoted(name)} (${columns.map(quoted).join(', ')})`
