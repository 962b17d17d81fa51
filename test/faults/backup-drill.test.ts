/** P13: the drill of every quarter: a store's backup becomes the store of an empty box. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { readConfig } from '#server/config.ts'
import { takeBackup } from '#server/processes/backup.ts'
import { boxEnv, managed, openFolder, startServer } from '#test/support/box.ts'
import { hashesOf, makeBusyStore, manifestIn, proveItWorks } from '#test/support/restored-store.ts'

const PASSPHRASE = 'a box of old keys'

test('a busy store is backed up while it works, and an empty box goes on where it was', async () => {
  using folder = openFolder()
  await using store = await makeBusyStore()
  const [dir, again, box] = ['backup', 'again', 'box'].map((name) => join(folder.path, name)) as [string, string, string]
  const source = { DATABASE_URL: store.databaseUrl, BACKUP_PASSPHRASE: PASSPHRASE, QR_KEYS_FILE: store.qrKeysFile }

  const work = store.keepWorking()
  const said = await managed(store.dataDir, ['backup', dir], source)
  const { acknowledged } = await work.stop()
  assert(acknowledged > 0, 'the store took heartbeats meanwhile')
  assert.match(said, /done: .* holds [\d ]+ rows/)
  const manifest = manifestIn(dir)
  assert.equal(manifest.storeId, store.storeId)
  assert(manifest.tables.find(({ name }) => name === 'weight_change')!.rows > 0)

  const restored = await managed(box, ['restore', dir], { BACKUP_PASSPHRASE: PASSPHRASE })
  assert.match(restored, /all [\d ]+ rows are those of the backup/)
  await takeBackup(readConfig(boxEnv(box)), again, () => {})
  assert.deepEqual(hashesOf(manifestIn(again)), hashesOf(manifest))

  await using server = await startServer(box, { AUTO_REVIEW: 'off' }) // only the follower finds late evidence
  await proveItWorks(server.url, store)
})
