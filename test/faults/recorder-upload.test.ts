/** V8: an upload takes the whole line, and recording takes no harm. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '#server/platform/clock.ts'
import { startRecorder } from '#server/recorder/index.ts'
import { startUploader } from '#server/upload/index.ts'
import { bulkyCamera } from '#test/support/bulky-clips.ts'
import { withoutFfmpeg as skip } from '#test/support/ffmpeg.ts'
import { openClocks, paintedIn, untilRecorded } from '#test/support/recording.ts'
import { openS3 } from '#test/support/s3-server.ts'
import { uploadSettings } from '#test/support/uploading.ts'
import { openStore, visitor } from '#test/support/visiting.ts'

const BYTES = 20_000_000
/** Makes a video that was uploaded wait for it anew. */
const AGAIN = `WITH again AS (UPDATE video SET uploaded_at = NULL WHERE uploaded_at IS NOT NULL RETURNING id),
  forgotten AS (DELETE FROM video_upload USING again WHERE video_id = again.id) SELECT id FROM again`

test('while a video is uploaded as fast as it goes, again and again, recording goes on: no gap, every picture in its order', {
  skip
}, async (t) => {
  await using stack = new AsyncDisposableStack()
  const { rtsp, sent } = await openClocks(stack, 1)
  const s3 = stack.use(await openS3())
  const key = stack.use(uploadSettings(s3.url))
  const env = { CLIP_SECONDS: '5', CLIP_FREE_SPACE_GB: '0', AUTO_REVIEW: 'off', S3_MBIT_PER_SECOND: '10000', ...key.settings }
  const store = stack.use(await openStore({ machines: 1, clock: systemClock, env }))
  const shopper = await visitor(store)
  const camera = await bulkyCamera(store.ctx, { machineIds: ['m1'] })
  await camera.record(store.clock.now(), { bytes: BYTES, seconds: 1 })
  await shopper.leave()
  const recorder = startRecorder(store.ctx, { runDir: '/nowhere' })
  stack.defer(() => recorder.stop())
  const admin = await store.staff('admin')
  const stream = { name: 'till', tag: 'IN_STORE', streamUrl: rtsp.url('/1') }
  const cameraId: string = (await admin.send('POST', '/api/v1/cameras', stream)).body.id
  await untilRecorded({ ctx: store.ctx }, cameraId, ({ clips }) => (clips[0]?.fragments.length ?? 0) >= 1)

  const uploader = startUploader(store.ctx, { idleMs: 5 })
  stack.defer(() => uploader.stop())
  const over = new AbortController()
  const uploadsOf = async () => {
    let count = 0
    for (; !over.signal.aborted; await sleep(5)) count += (await store.ctx.pool.query(AGAIN)).rowCount!
    return count
  }
  const counted = uploadsOf()
  const fromMs = performance.now()
  const isEnough = ({ clips }: { clips: { endedAt: Date | null }[] }) => clips.filter(({ endedAt }) => endedAt).length >= 3
  const { clips, gaps } = await untilRecorded({ ctx: store.ctx }, cameraId, isEnough).finally(() => over.abort())
  const seconds = (performance.now() - fromMs) / 1000
  const uploads = await counted
  t.diagnostic(`${uploads} uploads of ${BYTES / 1e6} MB in ${seconds.toFixed(1)} s`)
  assert.ok(uploads >= 2, `${uploads} uploads`)
  assert.deepEqual([gaps, uploader.degraded()], [[], []])
  const painted = await Promise.all(clips.filter(({ endedAt }) => endedAt).map(({ path }) => paintedIn(path)))
  const all = painted.flat()
  const from = sent[0]!.indexOf(all[0]!)
  assert.deepEqual(all, sent[0]!.slice(from, from + all.length), 'every picture that was sent, in its order')
})
