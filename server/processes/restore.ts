/** manage restore DIR: a backup becomes this store, whole or not at all. */
import { resolve } from 'node:path'
import type pg from 'pg'
import { readConfig } from '#server/config.ts'
import { type Context, SYSTEM, transact } from '#server/context.ts'
import { camerasKeyFile, checkClips } from '#server/domain/camera/actions.ts'
import { audit } from '#server/domain/staff/actions.ts'
import { Refused } from '#server/platform/errors.ts'
import { becomeSingleOwner } from '#server/platform/single-owner.ts'
import { connect, listTables, openServer, quoted } from './backup/database.ts'
import { verifyFile } from './backup/files.ts'
import { restoreCamerasKey, restoreKeys } from './backup/keys.ts'
import { load } from './backup/load.ts'
import { filesOf, openBackup } from './backup/manifest.ts'
import { secondsSince, sizeOf } from './backup/progress.ts'
import { assertKnown } from './backup/schema.ts'
import { withStore } from './offline.ts'
import { say } from './run.ts'

const NAME = 'niflr-restore'
const actor = { ...SYSTEM, id: 'command-line', name: 'command line' }
/** Rows that a store has before anybody used it. */
const BORN_WITH = new Set(['store', 'job_run'])

/**
 * Restores the backup in `folder` into the store that the settings name. `replace` names the store that it may replace; without it the
 * store must be empty. With `checkOnly` it ends after the backup was checked. Throws Refused; then nothing was changed.
 */
export async function restore(
  folder: string,
  { replace, checkOnly }: { replace: string | null; checkOnly: boolean }
): Promise<void> {
  const config = readConfig()
  const startedMs = performance.now()
  const backup = await openBackup(resolve(folder), config.backupPassphrase)
  const { storeId, takenAt } = backup.manifest
  const files = filesOf(backup.manifest)
  say(
    `backup of store ${storeId} as of ${takenAt}: checking ${files.length} files, ${sizeOf(files.reduce((sum, file) => sum + file.bytes, 0))}`
  )
  for (const file of files) await verifyFile(backup, file)
  assertKnown(backup.manifest)
  say(`every file is as it was written (${secondsSince(startedMs)})`)
  if (checkOnly) return
  await using stack = new AsyncDisposableStack()
  const url = await openServer(config, stack, NAME)
  stack.defer(await lock(url))
  const client = stack.use(await connect(url, NAME))
  await assertMayReplace(client, replace)
  const since = await load(client, backup, say)
  if (since.length > 0) say(`brought up to this release: ${since.join(', ')}`)
  await restoreKeys(backup, config.qrKeysFile, say)
  await restoreCamerasKey(backup, camerasKeyFile(config), say)
  const facts = { takenAt, replaced: replace }
  const work = async (ctx: Context) => {
    const gone = await checkClips(ctx, { isSure: true })
    if (gone > 0) say(`${gone} videos are not on this box: they are marked as missing`)
    await transact(ctx, (tx) => audit(tx, actor, { action: 'restored', resource: 'store', resourceId: storeId, after: facts }))
  }
  await withStore(work)
  say(`done in ${secondsSince(startedMs)}: this is store ${storeId} as of ${takenAt}; everybody signs in again`)
}

function lock(url: string): Promise<() => Promise<void>> {
  return becomeSingleOwner(url, { waitMs: 0, name: NAME, onLost: () => {} }).catch((error: Error) => {
    if (!error.message.startsWith('another server')) throw error
    throw new Refused('server-runs', 'a server works on this database: stop it first')
  })
}

async function assertMayReplace(client: pg.Client, replace: string | null): Promise<void> {
  const tables = await listTables(client)
  if (tables.length === 0) return
  if (!tables.some(({ name }) => name === 'store'))
    throw new Refused('not-a-store', 'this database holds something else than a store: name an empty one in DATABASE_URL')
  const { rows } = await client.query('SELECT store_id AS id, name FROM store')
  const used: string[] = []
  for (const { name } of tables.filter((table) => !BORN_WITH.has(table.name)))
    if ((await client.query(`SELECT FROM ${quoted(name)} LIMIT 1`)).rowCount) used.push(name)
  const { id, name } = rows[0] ?? { id: null, name: '' }
  if (replace !== null && replace !== id)
    throw new Refused('another-store', `--replace names ${replace}, but this store is ${id}: nothing was changed`)
  if (used.length > 0 && replace === null)
    throw new Refused(
      'not-empty',
      `this store (${name}, ${id}) is not empty: to lose everything in it for the backup, add --replace ${id}`
    )
}
