/** manage backup DIR: everything the store knows, in one folder, while it goes on working. */

import { mkdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { type Config, readConfig } from '#server/config.ts'
import { SYSTEM, transact } from '#server/context.ts'
import { camerasKeyFile } from '#server/domain/camera/actions.ts'
import { audit } from '#server/domain/staff/actions.ts'
import { assertThereIsAStore, connect, openServer } from './backup/database.ts'
import type { Manifest } from './backup/manifest.ts'
import { countOf, type Say, secondsSince, sizeOf } from './backup/progress.ts'
import { takeSnapshot } from './backup/snapshot.ts'
import { withStore } from './offline.ts'
import { say } from './run.ts'

const NAME = 'niflr-backup'
const actor = { ...SYSTEM, id: 'command-line', name: 'command line' }

/** Takes a backup of the store that the settings name into `folder`, and notes it in the audit trail. Throws Refused. */
export async function backUp(folder: string): Promise<void> {
  const config = readConfig()
  const startedMs = performance.now()
  const manifest = await takeBackup(config, resolve(folder), say)
  const bytes = manifest.tables.reduce((sum, table) => sum + table.file.bytes, 0)
  const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0)
  const facts = { at: manifest.takenAt, rows, bytes, encrypted: manifest.sealing !== null }
  await withStore((ctx) =>
    transact(ctx, (tx) =>
      audit(tx, actor, { action: 'backed-up', resource: 'store', resourceId: manifest.storeId, after: facts })
    )
  )
  if (!config.backupPassphrase)
    say('BACKUP_PASSPHRASE is not set: phone numbers lie in this backup in clear; keep it where only you can read it')
  if (manifest.keys.leftOut.length > 0) say(`left out, since they are secret: QR keys ${manifest.keys.leftOut.join(', ')}`)
  const hasSealed = manifest.tables.some(({ name, rows: n }) => ['camera', 'webhook_endpoint'].includes(name) && n > 0)
  if (hasSealed && !manifest.camerasKey)
    say('left out, since it is secret: keys/cameras.key, which opens the cameras’ passwords and the webhooks’ secrets')
  say('not in it: video clips, logs, the settings, TLS keys')
  say(
    `done: ${resolve(folder)} holds ${countOf(rows)} rows as of ${manifest.takenAt}, ${sizeOf(bytes)}, taken in ${secondsSince(startedMs)}`
  )
}

/** The backup itself, without a word to the store. */
export async function takeBackup(config: Config, dir: string, tell: Say): Promise<Manifest> {
  assertThereIsAStore(config)
  await mkdir(dirname(dir), { recursive: true })
  await using stack = new AsyncDisposableStack()
  const client = stack.use(await connect(await openServer(config, stack, NAME), NAME))
  const keys = { keysFile: config.qrKeysFile, camerasKeyFile: camerasKeyFile(config) }
  return await takeSnapshot(client, { dir, passphrase: config.backupPassphrase, ...keys, say: tell })
}
