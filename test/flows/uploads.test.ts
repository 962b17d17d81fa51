/** Upload: videos of tickets go to an S3 store, oldest first, whole or not at all, from where it broke off, whatever the line and the store do. */
import assert from 'node:assert/strict'
import { existsSync, truncateSync } from 'node:fs'
import { test } from 'node:test'
import { pino } from 'pino'
import { ConfigError, readConfig } from '#server/config.ts'
import { openContext } from '#server/context.ts'
import { removeVideosNobodyNeeds, videosToRemove } from '#server/domain/ticket/actions.ts'
import { openLogger } from '#server/platform/logger.ts'
import { startUploader } from '#server/upload/index.ts'
import { openFolder } from '#test/support/box.ts'
import { selfSigned } from '#test/support/certificate.ts'
import { until } from '#test/support/devices.ts'
import { reviewing } from '#test/support/review-desk.ts'
import { BUCKET, openS3 } from '#test/support/s3-server.ts'
import { openUploadingStore, PART_BYTES, uploadSettings } from '#test/support/uploading.ts'
import { eventsOf } from '#test/support/visiting.ts'

const SECOND = 1000
const DAY = 86_400 * SECOND
const MB = 1_000_000

test('videos of tickets are uploaded, oldest first, byte for byte, and then say so; videos that no ticket shows stay', async () => {
  await using store = await openUploadingStore()
  const clips = [await store.record(), await store.record(), await store.record()]
  store.clock.forward(60 * SECOND)
  await store.shopper.leave()
  store.clock.forward(60 * SECOND)
  const unseen = await store.record()
  await using _uploader = store.upload()
  const ids = clips.map(({ videoId }) => videoId)
  assert.deepEqual(await store.untilUploaded(...ids), ids)
  for (const { key, content } of clips) assert(store.s3.objects.get(key)!.content.equals(content))
  assert.deepEqual(store.s3.parts(), clips.map(({ key }) => `${key}#1`)) // biome-ignore format: one thought
  assert.deepEqual([store.s3.objects.size, store.s3.uploads.size], [3, 0])
  const admin = await store.staff('admin')
  const { uploadedAt } = (await admin.send('GET', `/api/v1/videos/${ids[0]}`)).body
  assert.equal(uploadedAt, store.clock.now().toISOString())
  assert.equal((await admin.send('GET', `/api/v1/videos/${unseen.videoId}`)).body.uploadedAt, null)
  assert.deepEqual((await eventsOf(store.ctx, 'video.uploaded')).map(({ videoId }) => videoId), ids) // biome-ignore format: one thought
})

test('what a broken line interrupted goes on with the part that was open: none is sent twice', async () => {
  await using store = await openUploadingStore()
  const clip = await store.record(3 * PART_BYTES + 1234)
  await store.shopper.leave()
  store.s3.faults.hangUpAfter = PART_BYTES - 1
  await using uploader = store.upload()
  await until(() => store.s3.requests.filter(({ query }) => query.partNumber === '1').length > 2, 'the line breaks')
  store.s3.faults.hangUpAfter = null
  await until(() => store.s3.parts().length === 2, 'two parts are there')
  await uploader.stop()
  await using _next = store.upload()
  await store.untilUploaded(clip.videoId)
  assert.deepEqual(new Set(store.s3.parts()).size, 4)
  assert(store.s3.parts().length <= 5, 'at most the one that was open when it was stopped')
  assert(store.s3.objects.get(clip.key)!.content.equals(clip.content))
  assert.equal(store.s3.requests.filter(({ method, query }) => method === 'POST' && 'uploads' in query).length, 1)
})

test('an upload that was done, but whose answer was lost, is known as done', async () => {
  await using store = await openUploadingStore()
  const clip = await store.record(PART_BYTES + 1)
  await store.shopper.leave()
  store.s3.faults.losesAnswerTo = ({ method, query }) => method === 'POST' && 'uploadId' in query
  await using _uploader = store.upload()
  await store.untilUploaded(clip.videoId)
  assert.equal(store.s3.parts().length, 2)
  assert(store.s3.objects.get(clip.key)!.content.equals(clip.content))
})

test('what the store has thrown away begins anew', async () => {
  await using store = await openUploadingStore()
  const clip = await store.record(2 * PART_BYTES)
  await store.shopper.leave()
  store.s3.faults.losesAnswerTo = ({ query }) => query.partNumber === '2'
  await using _uploader = store.upload()
  await until(() => store.s3.requests.some(({ query }) => query.partNumber === '2'), 'one part is there')
  store.s3.uploads.clear()
  store.s3.faults.losesAnswerTo = null
  await store.untilUploaded(clip.videoId)
  assert(store.s3.objects.get(clip.key)!.content.equals(clip.content))
})

test('a store that is away or out of order is asked again until it answers; a silence is no failure of the video', async () => {
  await using store = await openUploadingStore()
  const clip = await store.record()
  await store.shopper.leave()
  store.s3.faults.refusal = { status: 503, code: 'SlowDown' }
  await using uploader = store.upload()
  await until(() => store.s3.requests.length > 3, 'it is asked again')
  assert.deepEqual(uploader.degraded(), ['upload: the store answered 503 (SlowDown)'])
  assert.deepEqual(await store.alarms(), [])
  store.s3.faults.refusal = null
  await store.untilUploaded(clip.videoId)
  await until(() => uploader.degraded().length === 0, 'all is well')
})

test('a line that falls silent in the middle of a part is given up and told; that part is sent again, and slowness is no silence', async () => {
  await using store = await openUploadingStore({ S3_MBIT_PER_SECOND: '40' }) // a part in a second, longer than a silence may be
  const clip = await store.record(PART_BYTES + 1)
  await store.shopper.leave()
  store.s3.faults.stallAfter = PART_BYTES / 2
  await using uploader = store.upload({ silentMs: 600 })
  await until(() => uploader.degraded().length > 0, 'the silence is told')
  assert.deepEqual(uploader.degraded(), ['upload: the store fell silent (silent-store)'])
  assert.deepEqual([store.s3.parts(), await store.alarms()], [[], []])
  store.s3.faults.stallAfter = null
  await store.untilUploaded(clip.videoId)
  assert.deepEqual(store.s3.parts(), [1, 2].map((number) => `${clip.key}#${number}`)) // biome-ignore format: one thought
  assert(store.s3.objects.get(clip.key)!.content.equals(clip.content))
  assert.equal(store.s3.requests.filter(({ method, query }) => method === 'POST' && 'uploads' in query).length, 1)
})

test('a store whose certificate nobody vouches for gets nothing, and that is an alarm at once, which says what to set', async () => {
  using folder = openFolder('niflr-tls-')
  await using s3 = await openS3({ tls: selfSigned(folder.path) })
  await using store = await openUploadingStore({ S3_ENDPOINT: s3.url })
  await store.record()
  await store.shopper.leave()
  await using uploader = store.upload()
  const [alarm] = await until(async () => ((await store.alarms()).length > 0 ? store.alarms() : null), 'the alarm')
  assert.equal(alarm!.kind, 'upload-failing')
  assert.match(alarm!.message, /certificate at S3_ENDPOINT .*NODE_EXTRA_CA_CERTS.*\(DEPTH_ZERO_SELF_SIGNED_CERT\)/)
  assert.match(uploader.degraded().join(), /certificate/)
  assert.deepEqual([s3.requests, await store.uploaded()], [[], []])
})

test('a key that the store does not know is an alarm at once, which names the setting; a new key in the file ends it without a restart; no key is in any log, row or answer', async () => {
  await using store = await openUploadingStore()
  const lines: string[] = []
  Object.assign(store.ctx, { log: pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) }) })
  const clip = await store.record()
  await store.shopper.leave()
  store.key.write({ accessKeyId: 'AKIDSTORE', secretAccessKey: 'another/secret' })
  await using uploader = store.upload()
  const [alarm] = await until(async () => ((await store.alarms()).length > 0 ? store.alarms() : null), 'the alarm')
  assert.equal(alarm!.kind, 'upload-failing')
  assert.match(alarm!.message, /S3_ACCESS_KEY_FILE.*\(SignatureDoesNotMatch\)/)
  const hindered = uploader.degraded()
  store.key.write()
  await store.untilUploaded(clip.videoId)
  await until(async () => (await store.alarms()).length === 0, 'the alarm ends')
  assert.match(lines.join(''), /SignatureDoesNotMatch/)
  const { rows } = await store.ctx.pool.query(`SELECT (SELECT jsonb_agg(video_upload) FROM video_upload) AS a,
    (SELECT jsonb_agg(alarm) FROM alarm) AS b, (SELECT jsonb_agg(event_log) FROM event_log) AS c`)
  const { text } = await (await store.staff('admin')).send('GET', '/api/v1/alarms')
  assert.doesNotMatch(JSON.stringify([lines, rows, hindered, text]), /secret\/|AWS4|AKIDSTORE/)
})

test('a store that keeps other bytes than it was sent has nothing: its object is removed, the video stays, and it is sent anew later', async () => {
  await using store = await openUploadingStore()
  const [clip, next] = [await store.record(), await store.record()]
  await store.shopper.leave()
  store.s3.faults.isCorrupting = true
  await using uploader = store.upload()
  await until(() => uploader.degraded().some((words) => words.includes(next.videoId)), 'both were looked at')
  assert.deepEqual([store.s3.objects.size, await eventsOf(store.ctx, 'video.uploaded')], [0, []])
  store.s3.faults.isCorrupting = false
  store.clock.forward(2 * 60 * SECOND)
  await store.untilUploaded(clip.videoId, next.videoId)
  assert(store.s3.objects.get(clip.key)!.content.equals(clip.content))
})

test('a store whose names of objects are no hashes is read back and compared', async () => {
  await using store = await openUploadingStore()
  const clip = await store.record(PART_BYTES + 1)
  await store.shopper.leave()
  store.s3.faults.isOpaque = true
  store.s3.faults.isCorrupting = true
  await using uploader = store.upload()
  await until(() => uploader.degraded().some((words) => words.includes('not what was sent')), 'it is read back')
  assert.equal(store.s3.objects.size, 0)
  store.s3.faults.isCorrupting = false
  store.clock.forward(2 * 60 * SECOND)
  await store.untilUploaded(clip.videoId)
  assert(store.s3.requests.some(({ method, key }) => method === 'GET' && key === clip.key))
})

test('it sends no faster than S3_MBIT_PER_SECOND', async () => {
  await using store = await openUploadingStore({ S3_MBIT_PER_SECOND: '8' })
  const clip = await store.record(MB)
  await store.shopper.leave()
  const startedMs = performance.now()
  await using _uploader = store.upload()
  await store.untilUploaded(clip.videoId)
  const tookMs = performance.now() - startedMs
  assert(tookMs >= 920, `1 MB took ${tookMs.toFixed()} ms at 1 MB/s with 64 KB at once`)
})

test('two that upload at once make one copy of each video, and leave nothing behind', async () => {
  await using store = await openUploadingStore()
  const clips = [await store.record(2 * PART_BYTES), await store.record(2 * PART_BYTES), await store.record()]
  await store.shopper.leave()
  await using stack = new AsyncDisposableStack()
  const other = await openContext(store.ctx.config, { log: openLogger('fatal'), name: 'niflr-other', clock: store.clock })
  stack.defer(other.close)
  for (const { ctx } of [other, store]) stack.defer(startUploader(ctx, { firstMs: 20, longestMs: 40, idleMs: 20 }).stop)
  await store.untilUploaded(...clips.map(({ videoId }) => videoId))
  await until(() => store.s3.uploads.size === 0, 'the slower one has ended what it began')
  for (const { key, content } of clips) assert(store.s3.objects.get(key)!.content.equals(content))
  assert.deepEqual([store.s3.uploads.size, (await eventsOf(store.ctx, 'video.uploaded')).length], [0, 3])
})

test('uploads that were begun and that nobody goes on with are ended after a day, at the next start', async () => {
  await using store = await openUploadingStore()
  const { uploads } = store.s3
  const leave = (id: string, key: string, ageMs: number) =>
    uploads.set(id, { id, key, begunAt: new Date(store.clock.now().getTime() - ageMs), parts: new Map() })
  leave('old', `${store.ctx.store.storeId}/a.mp4`, 2 * DAY)
  leave('young', `${store.ctx.store.storeId}/a.mp4`, DAY / 2)
  leave('of another store', 'other/a.mp4', 2 * DAY)
  await using _uploader = store.upload()
  await until(() => uploads.size === 2, 'one is ended')
  assert.deepEqual([...uploads.keys()], ['young', 'of another store'])
})

test('a file that is shorter than the index says is put off and told; the others go on', async () => {
  await using store = await openUploadingStore()
  const [short, next] = [await store.record(), await store.record()]
  truncateSync(short.path, 50_000)
  await store.shopper.leave()
  await using uploader = store.upload()
  assert.deepEqual(await store.untilUploaded(next.videoId), [next.videoId])
  assert.equal(store.s3.parts().length, 1)
  await until(() => uploader.degraded().length === 0, 'it is said that uploading goes on')
  assert.match(await store.ctx.metrics.text(), /^niflr_upload_failures_total\{reason="video"\} 1$/m)
})

test('on a disk that runs full, videos that wait to be uploaded go last and that is told; they outlive CLIP_RETENTION_DAYS; those of open tickets never go', async () => {
  await using store = await openUploadingStore({ CLIP_RETENTION_DAYS: '10' })
  const { ctx } = store
  const allow = (bytes: number) => Object.assign(ctx, { config: { ...ctx.config, clipQuotaGb: bytes / 1e9 } })
  const [first, second] = [await store.record(), await store.record()]
  store.clock.forward(60 * SECOND)
  const { tickets } = await store.shopper.leave()
  store.clock.forward(60 * SECOND)
  const unseen = [await store.record(), await store.record()]
  const here = () => [first, second, ...unseen].map(({ path }) => existsSync(path))
  store.clock.forward(20 * DAY)
  await reviewing(await store.staff('reviewer')).settle(tickets[0]!.id)
  assert.equal(await removeVideosNobodyNeeds(ctx), 2)
  assert.deepEqual(here(), [true, true, false, false], 'age takes what needs no copy')
  assert.deepEqual(await store.alarms(), [])
  allow(150_000)
  assert.equal((await videosToRemove(ctx)).lostBeforeUpload, 1)
  assert.equal(await removeVideosNobodyNeeds(ctx), 1)
  assert.deepEqual(here(), [false, true, false, false], 'then the oldest, and no more than it takes')
  assert.deepEqual((await store.alarms()).map(({ kind }) => kind), ['upload-behind']) // biome-ignore format: one thought
  await using _uploader = store.upload()
  await store.untilUploaded(second.videoId)
  assert.equal(await removeVideosNobodyNeeds(ctx), 1, 'with a copy elsewhere it may go for its age')
  store.clock.forward(2 * DAY)
  await removeVideosNobodyNeeds(ctx)
  assert.deepEqual(await store.alarms(), [])
})

test('a wrong setting stops the start with one line that names it, and shows no secret', () => {
  using key = uploadSettings('https://store.example')
  const read = (change: Record<string, string>) => readConfig({ ...key.settings, ...change })
  assert.deepEqual(read({}).s3, {
    ...{ endpoint: 'https://store.example', bucket: BUCKET, region: key.settings.S3_REGION },
    ...{ accessKeyFile: key.file, mbitPerSecond: 8 }
  })
  assert.equal(readConfig({}).s3, null)
  const wrong: [setting: string, change: Record<string, string>, why: RegExp][] = [
    ['S3_BUCKET', { S3_BUCKET: '' }, /missing/],
    ['S3_ACCESS_KEY_FILE', { S3_ACCESS_KEY_FILE: '' }, /missing/],
    ['S3_ENDPOINT', { S3_ENDPOINT: '' }, /missing/],
    ['S3_ENDPOINT', { S3_ENDPOINT: 'store.example' }, /https:\/\/HOST/],
    ['S3_ENDPOINT', { S3_ENDPOINT: 'https://me:secret@store.example' }, /password/],
    ['S3_ENDPOINT', { S3_ENDPOINT: 'https://store.example/evidence' }, /without bucket/],
    ['S3_ENDPOINT', { S3_ENDPOINT: 'http://store.example' }, /plain text/],
    ['S3_BUCKET', { S3_BUCKET: 'Evidence/1' }, /lower-case/],
    ['S3_REGION', { S3_REGION: 'eu west' }, /lower-case/],
    ['S3_MBIT_PER_SECOND', { S3_MBIT_PER_SECOND: '0' }, /from 0.1/],
    ['S3_ACCESS_KEY_FILE', { S3_ACCESS_KEY_FILE: '/nowhere' }, /ENOENT/]
  ]
  for (const [setting, change, why] of wrong)
    assert.throws(
      () => read(change),
      (error) => {
        assert(error instanceof ConfigError)
        assert(
          error.message.startsWith(`setting ${setting}: `) && why.test(error.message) && !error.message.includes('secret@'),
          error.message
        )
        return true
      }
    )
  key.write({ accessKeyId: 'two words', secretAccessKey: 'of-a-secret' })
  assert.throws(() => read({}), /^Error: setting S3_ACCESS_KEY_FILE: .* its id on its first line|first line/)
  assert.throws(
    () => read({}),
    (error) => !String(error).includes('of-a-secret')
  )
})
