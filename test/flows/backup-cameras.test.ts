/** What is kept encrypted, after a restore: cameras' passwords and webhooks' secrets only from a sealed backup; videos that are not on the new box marked. */
import assert from 'node:assert/strict'
import { copyFileSync, existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { camerasToRecord, openClip } from '#server/domain/camera/actions.ts'
import { startRecorder } from '#server/recorder/index.ts'
import { managed, openFolder } from '#test/support/box.ts'
import { openTestDatabase } from '#test/support/database.ts'
import { until } from '#test/support/devices.ts'
import { newWebhook } from '#test/support/hooking.ts'
import { openTestStore, type TestStore } from '#test/support/store.ts'
import { isSigned, openReceiver } from '#test/support/webhook-receiver.ts'

const STREAM_URL = 'rtsp://bob:pa55-w0rd@127.0.0.1:1/live'
const AT = new Date('2026-03-01T08:00:00Z')
const CLIPS = 15

/** A camera with closed clips and one that is being recorded; no file of them is on the next box. */
async function film({ ctx, admin }: TestStore): Promise<string> {
  const { id: cameraId } = (await admin.send('POST', '/api/v1/cameras', { name: 'x', tag: 'ENTRY', streamUrl: STREAM_URL })).body
  for (let n = 0; n <= CLIPS; n++) {
    const file = `${cameraId}/${n}.mp4`
    const [startedAt, endedAt] = [0, 1000].map((ms) => new Date(AT.getTime() + n * 1000 + ms)) as [Date, Date]
    const videoId = await openClip(ctx, { cameraId, tag: 'ENTRY', file, startedAt })
    if (n < CLIPS) await ctx.db.updateTable('video').set({ endedAt }).where('id', '=', videoId).execute()
  }
  return cameraId
}

/** What is restored into a box of its own, whose cameras have another key already. */
async function restored(dir: string, passphrase: string | null, look: (store: TestStore, said: string) => Promise<void>) {
  using box = openFolder()
  await using database = await openTestDatabase()
  const env = { DATABASE_URL: database.ownerUrl, ...(passphrase && { BACKUP_PASSPHRASE: passphrase }) }
  const said = await managed(box.path, ['restore', dir], env)
  await using store = await openTestStore({ on: { dataDir: box.path, databaseUrl: database.ownerUrl } })
  await look(store, said)
}

test('a sealed backup holds the key of the cameras’ passwords; after a restore videos that are not here are marked', async () => {
  using folder = openFolder()
  await using store = await openTestStore()
  await using receiver = await openReceiver()
  const cameraId = await film(store)
  const webhook = await newWebhook(store.admin, receiver.url)
  const tellIt = async ({ admin }: TestStore) => (await admin.send('POST', `/api/v1/webhooks/${webhook.id}/test`)).body
  const backUp = (dir: string, env: Record<string, string> = {}) =>
    managed(store.dataDir, ['backup', dir], { DATABASE_URL: store.databaseUrl, ...env })
  const [sealed, clear] = [join(folder.path, 'sealed'), join(folder.path, 'clear')]
  await backUp(sealed, { BACKUP_PASSPHRASE: 'a box of old keys' })
  assert.match(await backUp(clear), /left out, since it is secret: keys\/cameras.key/)
  assert.deepEqual([existsSync(join(sealed, 'cameras-key.gz')), existsSync(join(clear, 'cameras-key.gz'))], [true, false])

  await restored(sealed, 'a box of old keys', async (restoredStore, said) => {
    const { ctx, admin, dataDir } = restoredStore
    assert.match(said, new RegExp(`${CLIPS} videos are not on this box: they are marked as missing`))
    assert.equal((await camerasToRecord(ctx))[0]!.streamUrl, STREAM_URL)
    assert.equal((await tellIt(restoredStore)).state, 'delivered')
    assert(isSigned(receiver.heard[0]!, webhook.secret))
    assert.equal(statSync(join(dataDir, 'keys', 'cameras.key')).mode & 0o777, 0o600)
    const videos = async () => (await admin.send('GET', '/api/v1/videos')).body.items as { isMissing: boolean; endTime: string }[]
    assert.equal((await videos()).filter(({ isMissing }) => isMissing).length, CLIPS)
    const recorder = startRecorder(ctx, { runDir: '/nowhere' })
    await until(async () => (await videos()).length === CLIPS, 'the clip that was being recorded is no more')
    await recorder.stop()
    const { items } = (await admin.send('GET', '/api/v1/alarms?open=true')).body
    assert.deepEqual(items, [])
  })

  await restored(clear, null, async (restoredStore, said) => {
    const { ctx, admin, dataDir } = restoredStore
    assert.match(said, /the key of the cameras' passwords is not in this backup/)
    assert.equal((await camerasToRecord(ctx))[0]!.streamUrl, null)
    assert.match((await tellIt(restoredStore)).attempts[0].error, /secret cannot be read any more.*make a new one/)
    assert.equal(receiver.heard.length, 1, 'nothing is sent that is not signed')
    const recorder = startRecorder(ctx, { runDir: '/nowhere' })
    const camera = async () => (await admin.send('GET', `/api/v1/cameras/${cameraId}`)).body
    await until(async () => (await camera()).state === 'not-possible', 'it says so')
    await recorder.stop()
    copyFileSync(join(store.dataDir, 'keys', 'cameras.key'), join(dataDir, 'keys', 'cameras.key'))
    await using again = await openTestStore({ on: { dataDir, databaseUrl: ctx.config.databaseUrl! } })
    assert.equal((await camerasToRecord(again.ctx))[0]!.streamUrl, STREAM_URL)
  })
})

test('another key that lies on the box is kept beside the one of the backup', async () => {
  using folder = openFolder()
  await using store = await openTestStore()
  await film(store)
  const env = { DATABASE_URL: store.databaseUrl, BACKUP_PASSPHRASE: 'a box of old keys' }
  await managed(store.dataDir, ['backup', join(folder.path, 'backup')], env)
  const key = join(store.dataDir, 'keys', 'cameras.key')
  writeFileSync(key, Buffer.alloc(32, 7))
  const { storeId } = store.ctx.store
  const said = await managed(store.dataDir, ['restore', join(folder.path, 'backup'), '--replace', storeId], env)
  assert.match(said, /cameras\.key is now cameras\.key\.before-restore/)
  assert.equal(statSync(`${key}.before-restore`).size, 32)
  await using again = await openTestStore({ on: { dataDir: store.dataDir, databaseUrl: store.databaseUrl } })
  assert.equal((await camerasToRecord(again.ctx))[0]!.streamUrl, STREAM_URL)
})
