/** V8: uploads with a store that others wrote: OpenStack Swift's S3 interface, from Debian. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { AwsClient } from 'aws4fetch'
import { freePort } from '#server/platform/embedded-postgres/postmaster.ts'
import { Pace } from '#server/platform/pace.ts'
import { ObjectStore } from '#server/platform/s3/store.ts'
import { openFolder } from '#test/support/box.ts'
import { until } from '#test/support/devices.ts'
import { BUCKET, REGION } from '#test/support/s3-server.ts'
import { openUploadingStore, PART_BYTES } from '#test/support/uploading.ts'

const PYTHON = '/usr/bin/python3' // the system's, which Debian's packages belong to
const KEY = { accessKeyId: 'test:tester', secretAccessKey: 'wheels/within+wheels' }
const hasSwift = spawnSync(PYTHON, ['-c', 'import swift.common.middleware.s3api.s3api']).status === 0
const skip = hasSwift ? false : 'OpenStack Swift is not installed (apt install python3-swift): no store that others wrote'
const { signal } = new AbortController()

/** Starts it, with an empty bucket. It picks four ports: one that somebody else takes meanwhile costs another try. */
async function openSwift() {
  for (let tries = 3; ; tries--) {
    const swift = await trySwift().catch((error: Error) => error)
    if (!(swift instanceof Error)) return swift
    if (tries === 1) throw swift
  }
}

async function trySwift() {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(openFolder('niflr-swift-'))
  const port = await freePort(0)
  const script = join(import.meta.dirname, 'support', 'openstack.py')
  const child = spawn(PYTHON, [script, join(folder.path, 'swift'), String(port), 'tester', KEY.secretAccessKey], {
    stdio: ['pipe', 'ignore', 'ignore']
  })
  stack.defer(async () => {
    child.stdin.end()
    if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve))
  })
  const url = `http://127.0.0.1:${port}`
  const client = new AwsClient({ ...KEY, region: REGION, service: 's3', retries: 0 })
  const makeBucket = () => client.fetch(`${url}/${BUCKET}`, { method: 'PUT' }).then(({ ok }) => ok, () => false) // biome-ignore format: one thought
  await until(makeBucket, 'Swift takes a bucket', 40_000)
  const resources = stack.move()
  return { url, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

test('a store that others wrote takes a video in parts, whole, gives it back byte for byte, and refuses what is signed or hashed wrong', {
  skip
}, async () => {
  await using swift = await openSwift()
  await using store = await openUploadingStore({ S3_ENDPOINT: swift.url })
  store.key.write(KEY)
  const clip = await store.record(2 * PART_BYTES + 4321)
  await store.shopper.leave()
  await using uploader = store.upload({ idleMs: 200 })
  await store.untilUploaded(clip.videoId)
  assert.deepEqual(uploader.degraded(), [])
  rmSync(clip.path)
  const { token } = await store.staff('admin')
  const headers = { authorization: `Bearer ${token}` }
  const answer = await store.app.inject({ method: 'GET', url: `/api/v1/videos/${clip.videoId}/content`, headers })
  assert(answer.statusCode === 200 && answer.rawPayload.equals(clip.content))

  const place = { endpoint: swift.url, bucket: BUCKET, region: REGION, accessKeyFile: store.key.file }
  const objects = new ObjectStore(place)
  const upload = { key: 'a/b.mp4', uploadId: await objects.beginUpload('a/b.mp4', 'video/mp4', signal) }
  assert.deepEqual((await objects.openUploads('a/', signal)).map(({ uploadId }) => uploadId), [upload.uploadId]) // biome-ignore format: one thought
  const hashes = { md5: createHash('md5').update(clip.content).digest(), sha256: createHash('sha256').update(clip.content).digest('hex') } // biome-ignore format: one thought
  const part = { number: 1, content: clip.content, ...hashes }
  const line = { pace: new Pace({ bytesPerSecond: 1e9, burstBytes: 1e6 }), signal }
  for (const wrong of [{ md5: Buffer.alloc(16) }, { sha256: '0'.repeat(64) }])
    await assert.rejects(objects.sendPart(upload, { ...part, ...wrong }, line), { code: 'BadDigest' })
  await objects.abortUpload(upload, signal)
  await assert.rejects(objects.sendPart(upload, part, line), { code: 'NoSuchUpload' })
  await objects.remove(clip.key, signal)
  assert.equal(await objects.look(clip.key, signal), null)
  store.key.write({ ...KEY, secretAccessKey: 'another' })
  await assert.rejects(objects.beginUpload('a/b.mp4', 'video/mp4', signal), { code: 'SignatureDoesNotMatch' })
  objects.close()
})
