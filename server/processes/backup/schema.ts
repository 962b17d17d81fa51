/** The structure around the rows, during a restore: made as it was at the backup, loosened while rows are loaded, then brought up to date. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely'
import { Migrator } from 'kysely/migration'
import type pg from 'pg'
import { Refused } from '#server/platform/errors.ts'
import { quoted } from './database.ts'
import type { Manifest } from './manifest.ts'

const FOLDER = join(import.meta.dirname, '..', '..', 'db', 'migrations')

/** The migrations this release knows, in order. */
export const knownMigrations = (folder = FOLDER): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .map((name) => name.replace('.sql', ''))
    .toSorted()

/** Throws Refused when the backup is of a schema that this release cannot make. */
export function assertKnown({ migrations }: Manifest, known = knownMigrations()): void {
  const strange = migrations.filter((name, n) => known[n] !== name)
  if (strange.length > 0)
    throw new Refused(
      'backup-newer',
      `this backup is of a newer or another release (${strange.join(', ')} is not known here): restore it with that release`
    )
}

/** One transaction over `client`, which Kysely's migrator and plain queries share. */
export async function inTransaction(client: pg.Client, work: (tx: Transaction<unknown>) => Promise<void>): Promise<void> {
  const held = Object.assign(client, { release: () => {} })
  const pool = { connect: async () => held, end: async () => {} } as never
  await new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) }).transaction().execute(work)
}

/** Runs the migrations up to `last`, or all there are. */
export async function migrateTo(tx: Transaction<unknown>, last: string | null, folder = FOLDER): Promise<string[]> {
  const load = (name: string) => ({
    up: async (db: Kysely<never>) => void (await sql.raw(readFileSync(join(folder, `${name}.sql`), 'utf8')).execute(db))
  })
  const migrations = Object.fromEntries(knownMigrations(folder).map((name) => [name, load(name)]))
  const migrator = new Migrator({ db: tx, provider: { getMigrations: async () => migrations } })
  const { error, results } = last ? await migrator.migrateTo(last) : await migrator.migrateToLatest()
  if (error) throw error
  return (results ?? []).map((result) => result.migrationName)
}

/** Drops everything that migrations made, and nothing that belongs to an extension or to the server. */
export async function dropAll(client: pg.Client): Promise<void> {
  await client.query(`DO $$ DECLARE command text; BEGIN
    FOR command IN
      SELECT format('DROP %s IF EXISTS public.%I CASCADE', CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, relname)
        FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
          AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype IN ('e', 'i', 'a') AND refclassid <> 'pg_namespace'::regclass)
      UNION ALL SELECT format('DROP ROUTINE IF EXISTS %s CASCADE', oid::regprocedure) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
          AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
      UNION ALL SELECT format('DROP TYPE IF EXISTS public.%I CASCADE', typname) FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')
          AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_type.oid AND deptype = 'e')
    LOOP EXECUTE command; END LOOP; END $$`)
}

/** Takes away what would slow or order the loading (foreign keys, indexes, triggers); answers with the commands that bring it back. */
export async function loosen(client: pg.Client, tables: string[]): Promise<string[]> {
  const { rows: keys } =
    await client.query(`SELECT conrelid::regclass::text AS on, quote_ident(conname) AS name, pg_get_constraintdef(oid) AS is
    FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace ORDER BY 1, 2`)
  for (const key of keys) await client.query(`ALTER TABLE ${key.on} DROP CONSTRAINT ${key.name}`)
  const { rows: indexes } =
    await client.query(`SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS is FROM pg_index
    JOIN pg_class ON pg_class.oid = indexrelid WHERE relnamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid) ORDER BY 1`)
  for (const index of indexes) await client.query(`DROP INDEX ${index.name}`)
  for (const table of tables) await client.query(`ALTER TABLE ${quoted(table)} DISABLE TRIGGER USER`)
  return [
    ...indexes.map((index) => index.is as string),
    ...keys.map((key) => `ALTER TABLE ${key.on} ADD CONSTRAINT ${key.name} ${key.is}`),
    ...tables.map((table) => `ALTER TABLE ${quoted(table)} ENABLE TRIGGER USER`)
  ]
}
