/** Gaps: each moment without video has one cause, the one that was true then, whatever comes after it. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { closeClip, dropClip, gapsDuring, noteGap, openClip, startGap } from '#server/domain/camera/actions.ts'
import { EMPTY_MP4, type Mp4 } from '#server/platform/mp4.ts'
import { handClock, staffCaller } from '#test/support/http.ts'
import { openTestStore, type TestStore } from '#test/support/store.ts'
import { eventsOf } from '#test/support/visiting.ts'

const clock = handClock()
let store: TestStore
before(async () => {
  store = await openTestStore({ clock })
})
after(() => store[Symbol.asyncDispose]())

/** A camera with one clip that has just ended; `at` is now. */
async function filmed() {
  const { ctx } = store
  const admin = await staffCaller(ctx, store.app, 'admin')
  const { id: cameraId } = (await admin.send('POST', '/api/v1/cameras', { name: 'x', tag: 'ENTRY', streamUrl: 'rtsp://cam/x' }))
    .body
  let count = 0
  const open = () => openClip(ctx, { cameraId, tag: 'ENTRY', file: `${cameraId}/${count++}.mp4`, startedAt: clock.now() })
  const videoId = await open()
  const startedAt = clock.now()
  clock.forward(5000)
  const end = clock.now()
  await closeClip(ctx, { videoId, startedAt, endedAt: end, bytes: 1, mp4: EMPTY_MP4 })
  const gap = (cause: 'offline' | 'restart' | 'disk' | 'disabled', ifNone = false) =>
    startGap(ctx, { cameraId, startedAt: end, cause, ifNone })
  const gaps = async () =>
    (await gapsDuring(ctx, { cameraId, from: new Date(0), to: new Date('2100-01-01') })).map(({ from, to, cause }) => [
      ...[cause, (Date.parse(from) - end.getTime()) / 1000, to && (Date.parse(to) - end.getTime()) / 1000]
    ])
  return { cameraId, open, gap, gaps }
}

test('a cause that comes while a gap lasts begins then; what was true before stays', async () => {
  const { open, gap, gaps } = await filmed()
  clock.forward(1000)
  await gap('offline')
  clock.forward(3_600_000)
  await gap('restart')
  clock.forward(2000)
  await gap('restart')
  await open()
  assert.deepEqual(await gaps(), [['offline', 0, 3601], ['restart', 3601, 3603]]) // biome-ignore format: a table
})

test('who begins to record again does not rename the gap that it ends', async () => {
  const { open, gap, gaps } = await filmed()
  await gap('disabled')
  clock.forward(60_000)
  await gap('restart', true)
  await open()
  assert.deepEqual(await gaps(), [['disabled', 0, 60]])
})

test('a camera that falls silent and is given up has one gap, though one more picture came when it was', async () => {
  const { cameraId, open, gap, gaps } = await filmed()
  const at = (seconds: number) => new Date(clock.now().getTime() + seconds * 1000)
  await noteGap(store.ctx, { cameraId, startedAt: at(-5), endedAt: at(-0.04), cause: 'offline' })
  await gap('offline')
  clock.forward(7000)
  await open()
  assert.deepEqual(await gaps(), [['offline', -5, 7]])
})

test('a clip in which nothing came to be does not end a gap', async () => {
  const { cameraId, open, gap, gaps } = await filmed()
  await gap('disk')
  clock.forward(2000)
  const videoId = await open()
  assert.deepEqual(await gaps(), [['disk', 0, 2]])
  await dropClip(store.ctx, videoId)
  await gap('disk')
  assert.deepEqual(await gaps(), [['disk', 0, null]])
  clock.forward(2000)
  await open()
  assert.deepEqual(await gaps(), [['disk', 0, 4]])
  const started = (await eventsOf(store.ctx, 'video-gap.started')).filter((event) => event.cameraId === cameraId)
  assert.equal(new Set(started.map(({ videoGapId }) => videoGapId)).size, 1)
})

/** Two seconds of pictures whose times leave out a minute and a half. */
const LEAP = { fromTicks: 1000, ticks: 90_000 }
const LEAPING: Mp4 = {
  track: { trackId: 1, timescale: 1000, codecs: 'avc1.64001f', width: 16, height: 16, defaultTicks: 100, defaultFlags: 0 },
  headBytes: 10,
  fragments: [
    { offset: 10, bytes: 10, decodeTicks: 0, ticks: 92_000, frames: 20, isKeyframe: true, usualTicks: 100, stillness: [LEAP] }
  ],
  wholeBytes: 20
}

test('a leap in the pictures’ times is a silence of the camera, but the step of a clock is told by the gap of the step alone', async () => {
  for (const isClockSet of [false, true]) {
    const { cameraId, gaps } = await filmed()
    const startedAt = clock.now()
    const videoId = await openClip(store.ctx, { cameraId, tag: 'ENTRY', file: `${cameraId}/leap.mp4`, startedAt })
    clock.forward(92_000)
    await closeClip(store.ctx, { videoId, startedAt, endedAt: clock.now(), bytes: 20, mp4: LEAPING, isClockSet })
    assert.deepEqual(await gaps(), isClockSet ? [] : [['offline', 1, 91]])
  }
})
