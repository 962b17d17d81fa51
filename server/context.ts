/** Builds each shared tool once and closes them in reverse; `transact` is the only way to write: rows, events and audit together or not at all. */
import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Kysely, sql } from 'kysely'
import type { EventName, Events } from '#contracts/events.ts'
import { type Config, ConfigError } from '#server/config.ts'
import type { DB } from '#server/db/schema.ts'
import { type Clock, storeClock } from '#server/platform/clock.ts'
import { databaseError, migrate, openDatabase, type Pool } from '#server/platform/database.ts'
import { DeviceLink } from '#server/platform/device-link.ts'
import { startEmbeddedPostgres } from '#server/platform/embedded-postgres.ts'
import { Unavailable } from '#server/platform/errors.ts'
import { moveCursor, nextPage } from '#server/platform/event-cursor.ts'
import { EventLog, type EventRow } from '#server/platform/event-log.ts'
import { newId } from '#server/platform/ids.ts'
import type { Logger } from '#server/platform/logger.ts'
import { type Metrics, openMetrics } from '#server/platform/metrics.ts'
import { Precedence } from '#server/platform/precedence.ts'
import { Refusals } from '#server/platform/refusals.ts'

export type Db = Kysely<DB>
export type Context = {
  config: Config
  clock: Clock
  log: Logger
  db: Db
  pool: Pool
  events: EventLog
  metrics: Metrics
  link: DeviceLink
  refusals: Refusals
  precedence: Precedence
  store: { storeId: string; name: string }
}

/** Who does it: a staff account, a device, or the box itself. `idempotencyKey` is set by the http room while it answers a keyed POST. */
export type Actor = {
  kind: 'staff' | 'device' | 'system'
  id: string
  name: string
  role?: 'admin' | 'operations' | 'reviewer'
  requestId?: string
  idempotencyKey?: string
}
export const SYSTEM: Actor = { kind: 'system', id: 'system', name: 'system' }

/** A transaction as the domain sees it. `now` is one moment for all of it; events go to the log just before the commit. */
export type Tx = {
  db: Db
  now: Date
  emit<N extends EventName>(name: N, payload: Events[N]): void
  /** Calls `listener` once the transaction is over, with whether it was committed: for what lives in memory beside the rows. */
  onEnd(listener: (committed: boolean) => void): void
}

/**
 * Runs `run` in one transaction and commits it with its events. Throws Unavailable or NoSpace where the database means that;
 * then nothing happened. With `actor.idempotencyKey` the key is marked as carried out in the same commit.
 */
export async function transact<T>(ctx: Context, run: (tx: Tx) => Promise<T>, actor?: Actor): Promise<T> {
  const events: { name: string; payload: string }[] = []
  const listeners: ((committed: boolean) => void)[] = []
  const end = (committed: boolean) => listeners.forEach((listener) => void listener(committed))
  const now = ctx.clock.now()
  try {
    const result = await ctx.db.transaction().execute(async (db) => {
      const value = await run({
        db,
        now,
        emit: (name, payload) => void events.push({ name, payload: JSON.stringify(payload) }),
        onEnd: (listener) => void listeners.push(listener)
      })
      if (actor?.idempotencyKey) await markCarriedOut(db, actor.id, actor.idempotencyKey)
      if (events.length > 0) await writeEvents(db, events, now)
      return value
    })
    end(true)
    if (events.length > 0) ctx.events.nudge()
    return result
  } catch (error) {
    end(false)
    throw databaseError(error)
  }
}

/** Events in a full page. */
export const EVENTS_PAGE = 1000

type Follower = {
  follower: string
  /** Asked first: do these events ask for anything? Most pages of most followers do not, and cost one statement, not a transaction. */
  concerns: (events: EventRow[]) => boolean | Promise<boolean>
  take: (tx: Tx, events: EventRow[]) => Promise<void>
}

/**
 * Takes a follower's next page of the event log: `take` runs in the transaction that moves the follower's cursor, so that its effects are
 * there once, whatever crashes. Whoever passes a door goes first. Returns how many events there were, 0 at the end of the log.
 */
export async function takeEvents(ctx: Context, { follower, concerns, take }: Follower): Promise<number> {
  await ctx.precedence.giveWay()
  const page = await nextPage(ctx.db, follower, EVENTS_PAGE)
  if (!page) return 0
  if (await concerns(page.events)) {
    await ctx.precedence.giveWay()
    await transact(ctx, async (tx) => {
      if (await moveCursor(tx, follower, page)) await take(tx, page.events) // else another process took this page
    })
  } else await moveCursor(ctx, follower, page)
  return page.events.length
}

async function writeEvents(db: Db, events: { name: string; payload: string }[], now: Date): Promise<void> {
  await sql`INSERT INTO event_log (name, payload, at)
    SELECT name, payload, ${now} FROM unnest(${events.map((e) => e.name)}::text[], ${events.map((e) => e.payload)}::jsonb[])
      WITH ORDINALITY AS event (name, payload, n) ORDER BY n`.execute(db)
}

async function markCarriedOut(db: Db, accountId: string, key: string): Promise<void> {
  await db
    .updateTable('idempotencyKey')
    .set({ carriedOut: true })
    .where('accountId', '=', accountId)
    .where('key', '=', key)
    .execute()
}

const MIGRATIONS = join(import.meta.dirname, 'db', 'migrations')
/** What the server's own role may do: no DDL, and the audit trail only grows. */
const GRANTS = `DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'niflr_app') THEN
  GRANT USAGE ON SCHEMA public TO niflr_app;
  GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO niflr_app;
  GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO niflr_app;
  REVOKE UPDATE, DELETE ON audit_entry FROM niflr_app;
END IF; END $$`

export type OpenOptions = { log: Logger; clock?: Clock; name?: string; progress?: (line: string) => void }

/** Opens the database (embedded unless DATABASE_URL says otherwise), brings it up to date, and hands out the tools; `close` undoes it all. */
export async function openContext(config: Config, { log, clock: given, name = 'niflr', progress }: OpenOptions) {
  await using stack = new AsyncDisposableStack()
  makeFolders(config)
  const urls = await openPostgres(config, { log, name, stack, ...(progress && { progress }) })
  const migrated = await migrate(urls.owner, MIGRATIONS, GRANTS).catch((error) => explainDatabase(config, error))
  if (migrated.length > 0) log.info({ migrated }, 'database brought up to date')
  const { pool, db, close } = openDatabase<DB>({ url: urls.app, name })
  stack.defer(close)
  const clock = given ?? storeClock(await recordedLast(db))
  const store = await ensureStore(db, config, clock)
  const ctx: Context = {
    config,
    clock,
    log,
    db,
    pool,
    store,
    events: new EventLog(pool),
    metrics: openMetrics(),
    link: new DeviceLink(),
    refusals: new Refusals(clock.now),
    precedence: new Precedence()
  }
  const resources = stack.move()
  return { ctx, urls, close: () => resources.disposeAsync() }
}

function makeFolders({ dataDir }: Config): void {
  try {
    for (const folder of ['logs', 'keys']) makeFolder(join(dataDir, folder))
  } catch (error) {
    throw new ConfigError(`setting DATA_DIR: ${dataDir} cannot be written: ${(error as Error).message}`)
  }
}

/** One folder after the other: Node's recursive mkdir never returns where a file system takes none, such as /proc. */
function makeFolder(path: string): void {
  if (existsSync(path)) return
  makeFolder(dirname(path))
  try {
    mkdirSync(path, { mode: 0o750 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error // another start was faster
  }
}

/** An external database that does not answer, or is none we can work with, is a setting to put right. */
function explainDatabase({ databaseUrl }: Config, error: unknown): never {
  const isReachable =
    !(databaseError(error) instanceof Unavailable) && !/password|authentication|does not exist|too old/.test(String(error))
  if (!databaseUrl || isReachable) throw error
  throw new ConfigError(`setting DATABASE_URL: ${(error as Error).message || 'the server does not answer'}`)
}

type Opening = { log: Logger; name: string; stack: AsyncDisposableStack; progress?: (line: string) => void }

async function openPostgres(config: Config, { log, name, stack, progress }: Opening): Promise<{ owner: string; app: string }> {
  if (config.databaseUrl) return { owner: config.databaseUrl, app: config.databaseUrl }
  progress?.('starting the embedded PostgreSQL')
  const postgres = await startEmbeddedPostgres({
    dataDir: config.dataDir,
    keepAlive: true,
    ownName: name,
    log: (line) => log.info({ postgres: line }, 'embedded postgres')
  })
  stack.defer(async () => void (await postgres.stop()))
  return { owner: postgres.ownerUrl, app: postgres.appUrl }
}

/** The latest time that anything was recorded at; null in a new store. */
async function recordedLast(db: Db): Promise<Date | null> {
  const { rows } = await sql<{ at: Date | null }>`SELECT greatest((SELECT max(at) FROM event_log),
    (SELECT max(started_at) FROM machine_session), (SELECT mode_since FROM store)) AS at`.execute(db)
  return rows[0]!.at
}

/** The one row of `store`: its id is made once (or taken from STORE_ID) and never changes by itself. */
async function ensureStore(db: Db, config: Config, clock: Clock): Promise<Context['store']> {
  const now = clock.now()
  const values = { storeId: config.storeId ?? newId(), name: config.storeName, modeSince: now, createdAt: now }
  await db
    .insertInto('store')
    .values(values)
    .onConflict((c) => c.doNothing())
    .execute()
  const name = { name: config.storeName, ...(config.storeId && { storeId: config.storeId }) }
  return db.updateTable('store').set(name).returning(['storeId', 'name']).executeTakeFirstOrThrow()
}
