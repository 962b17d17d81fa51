/** A scratch store for a replay: a database that is dropped again, a clock that the file moves, the same code as live. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { Config } from '#server/config.ts'
import { openContext } from '#server/context.ts'
import { openShelves } from '#server/domain/iot/actions.ts'
import { replayClock } from '#server/platform/clock.ts'
import { startEmbeddedPostgres } from '#server/platform/embedded-postgres.ts'
import { newId } from '#server/platform/ids.ts'
import { openLogger } from '#server/platform/logger.ts'

/** Where the scratch database is made: DATABASE_URL's server, the box's own PostgreSQL, or a temporary one. `home`: the store's real database, if there is one. */
export async function openScratchServer(
  config: Config,
  stack: AsyncDisposableStack
): Promise<{ url: string; home: string | null }> {
  if (config.databaseUrl) return { url: config.databaseUrl, home: config.databaseUrl }
  const isHome = existsSync(join(config.dataDir, 'postgres', 'PG_VERSION'))
  const dataDir = isHome ? config.dataDir : mkdtempSync(join(tmpdir(), 'niflr-replay-'))
  if (!isHome) stack.defer(() => rmSync(dataDir, { recursive: true, force: true }))
  const postgres = await startEmbeddedPostgres({ dataDir, ownName: 'niflr-replay' })
  stack.defer(async () => void (await postgres.stop()))
  return { url: postgres.ownerUrl, home: isHome ? postgres.ownerUrl : null }
}

/** Opens a scratch store whose clock starts at `start`. Disposal drops its database and folder. */
export async function openScratchStore(config: Config, { url, start }: { url: string; start: Date }) {
  await using stack = new AsyncDisposableStack()
  const name = `niflr_replay_${newId().replaceAll('-', '')}`
  await onServer(url, `CREATE DATABASE ${name}`)
  stack.defer(() => onServer(url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))
  await onServer(url, `ALTER DATABASE ${name} SET synchronous_commit = off`) // what is thrown away need not survive a power cut
  const dataDir = mkdtempSync(join(tmpdir(), 'niflr-replay-'))
  stack.defer(() => rmSync(dataDir, { recursive: true, force: true }))
  const scratch = new URL(url)
  scratch.pathname = `/${name}`
  const clock = replayClock(start)
  const qrKeysFile = join(dataDir, 'keys', 'qr.json') // never that of the real store
  const settings = { ...config, databaseUrl: scratch.href, dataDir, qrKeysFile }
  const { ctx, close } = await openContext(settings, { log: openLogger('warn', 2), clock, name: 'niflr-replay' })
  stack.defer(close)
  stack.defer(await openShelves(ctx))
  const resources = stack.move()
  return { ctx, clock, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}
export type ScratchStore = Awaited<ReturnType<typeof openScratchStore>>

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'niflr-replay' })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
