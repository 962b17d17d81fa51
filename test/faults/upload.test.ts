/** V8: an upload that a dying server interrupts goes on with the part that was open. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { newId } from '#server/platform/ids.ts'
import { freshKey } from '#simulator/codes.ts'
import { openFolder } from '#test/support/box.ts'
import { selfSigned } from '#test/support/certificate.ts'
import { until } from '#test/support/devices.ts'
import { openS3 } from '#test/support/s3-server.ts'
import { PART_BYTES, uploadSettings } from '#test/support/uploading.ts'
import { ask } from './support/machines.ts'
import { codeFor } from './support/shoppers.ts'
import { rounds } from './support/sizes.ts'
import { StoreProcess } from './support/store-process.ts'

const PARTS = 6

test('killed in the middle of uploads over TLS, again and again, the server sends no part twice but the one that was open, and what arrives is whole', async (t) => {
  using folder = openFolder('niflr-tls-')
  const tls = selfSigned(folder.path)
  await using s3 = await openS3({ tls })
  using key = uploadSettings(s3.url)
  const speed = { S3_MBIT_PER_SECOND: '200', NODE_EXTRA_CA_CERTS: tls.certFile } // a part in 0.2 s
  await using store = new StoreProcess({ env: { ...key.settings, ...speed, AUTO_REVIEW: 'off' } })
  await store.start()
  const clip = await filmedVisit(store)
  const kills = rounds(2, 5)
  for (let round = 1; round <= kills; round++) {
    await until(() => s3.parts().length >= round, `part ${round} is there`, 30_000)
    await store.kill()
    await store.start()
  }
  const video = await until(
    async () => {
      const known = await store.call('GET', `/api/v1/videos/${clip.videoId}`)
      return known.uploadedAt ? known : null
    },
    'the video is uploaded',
    30_000
  )
  assert(s3.objects.get(`${clip.storeId}/${clip.file}`)!.content.equals(clip.content))
  assert.equal(video.isMissing, false)
  const sent = s3.parts()
  assert.equal(new Set(sent).size, PARTS)
  assert(sent.length <= PARTS + kills, `${sent.length} parts were taken of ${PARTS}, with ${kills} kills`)
  assert.equal(s3.uploads.size, 0)
  t.diagnostic(`${kills} kills, ${PARTS} parts, ${sent.length} taken`)
})

/** A camera at the door, a visit, and a video of it: its rows are what a recorder would have written. */
async function filmedVisit(store: StoreProcess) {
  const { storeId } = await store.call('GET', '/api/v1/store')
  await store.call('POST', '/api/v1/machines', { machineId: 'm1', displayName: 'm1', kind: 'shelf' })
  const codes = freshKey()
  await store.call('POST', '/api/v1/qr-keys', { jwk: codes.publicJwk })
  const entry = await store.call('POST', '/api/v1/scanners', { name: 'in', tag: 'ENTRY' })
  const exit = await store.call('POST', '/api/v1/scanners', { name: 'out', tag: 'EXIT' })
  await store.call('PUT', '/api/v1/store/mode', { mode: 'CUSTOMER_MODE' })
  const door = { name: 'door', tag: 'ENTRY', streamUrl: 'rtsp://127.0.0.1:9/door', machineIds: [], enabled: false }
  const camera = await store.call('POST', '/api/v1/cameras', door)
  const [videoId, userId, startedAt] = [newId(), newId(), new Date()]
  const show = async (path: string, { deviceKey }: { deviceKey: string }) => {
    const { status, text } = await ask(`${store.url}${path}`, deviceKey, { token: await codeFor(codes.sign, userId) })
    assert.equal(status, 200, text)
  }
  await show('/entry-control/', entry)
  const file = `${camera.id}/20260301T080000Z-test.mp4`
  const content = randomBytes((PARTS - 1) * PART_BYTES + 1000)
  const path = join(store.dataDir, 'clips', file)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  await using database = await store.database()
  await database.query(
    `INSERT INTO video (id, camera_id, tag, file, started_at, ended_at, bytes, codecs, width, height, timescale, head_bytes, fragment_bytes, fragment_ticks)
      VALUES ($1, $2, 'ENTRY', $3, $4, now(), $5, 'avc1.64001f', 640, 360, 1000, 1000, ARRAY[$6::int], ARRAY[1000])`,
    [videoId, camera.id, file, startedAt, content.length, content.length - 1000]
  )
  await show('/exit-control/', exit)
  return { videoId, storeId, file, content }
}
