/** A server that is killed while it records, and one that has no ffmpeg: what was recorded is found again, and the store works without. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdir, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkClips, clipFile, openClip, wholePartOf } from '#server/domain/camera/actions.ts'
import { startRecorder } from '#server/recorder/index.ts'
import { setAside } from '#server/recorder/set-aside.ts'
import { withoutFfmpeg as skip } from '#test/support/ffmpeg.ts'
import { openRecordingStore, paintedIn, pathOf, recordedOf, untilRecorded } from '#test/support/recording.ts'
import { openTestStore } from '#test/support/store.ts'
import { eventsOf } from '#test/support/visiting.ts'

const recordersOf = (cameraId: string): string[] => {
  try {
    return execFileSync('pgrep', ['-f', `clips/${cameraId}/`], { encoding: 'utf8' })
      .trim()
      .split('\n')
  } catch {
    return []
  }
}

test('after a crash the clip that was open is recovered, files without a row are indexed, rubbish is set aside', {
  skip
}, async () => {
  await using store = await openRecordingStore({ env: { CLIP_SECONDS: '60' } })
  const cameraId = await store.onboard()
  const { clips } = await untilRecorded(store, cameraId, (now) => (now.clips.at(-1)?.fragments.length ?? 0) >= 3)
  const open = clips.at(-1)!
  const before = await store.ctx.db.selectFrom('video').selectAll().where('id', '=', open.videoId).executeTakeFirstOrThrow()
  await store.stop()
  // what a crash leaves: a row that was never finished and half a fragment, a file whose row was never written, a file in which nothing was
  const { endedAt: end } = await clipFile(store.ctx, open.videoId)
  const unfinished = { endedAt: null, fragmentBytes: null, fragmentTicks: null, headBytes: null, bytes: 0 }
  await store.ctx.db.updateTable('video').set(unfinished).where('id', '=', open.videoId).execute()
  await store.ctx.db.deleteFrom('videoGap').execute()
  const { wholeBytes, fragments } = await wholePartOf(open.path)
  const content = readFileSync(open.path)
  writeFileSync(
    open.path,
    Buffer.concat([content.subarray(0, wholeBytes), content.subarray(fragments[0]!.offset).subarray(0, 100)])
  )
  writeFileSync(pathOf(store, cameraId, '20260101T000000Z-00000000.mp4'), 'not a picture in it')
  const lost = await openClip(store.ctx, {
    cameraId,
    tag: 'ENTRY',
    file: `${cameraId}/20260101T000000Z-11111111.mp4`,
    startedAt: new Date()
  })
  const recorder = startRecorder(store.ctx, { runDir: '/nowhere' })
  await untilRecorded(store, cameraId, (now) =>
    now.clips.some(({ videoId, fragments }) => videoId !== open.videoId && fragments.length > 0)
  )
  await recorder.stop()
  const after = await store.ctx.db.selectFrom('video').selectAll().where('id', '=', open.videoId).executeTakeFirstOrThrow()
  assert.deepEqual([after.recovered, after.codecs === null, after.fragmentBytes!.length >= 3], [true, false, true])
  assert.ok(Math.abs(after.startedAt.getTime() - before.startedAt.getTime()) < 400)
  assert.ok(
    Math.abs(after.endedAt!.getTime() - end!.getTime()) < 400,
    `${after.endedAt!.toISOString()} for ${end!.toISOString()}`
  )
  assert.equal((await paintedIn(open.path)).length > 0, true, 'also by itself, without the half fragment at its end')
  assert.equal(await store.ctx.db.selectFrom('video').select('id').where('id', '=', lost).executeTakeFirst(), undefined)
  assert.deepEqual(await readdir(pathOf(store, 'set-aside')), ['20260101T000000Z-00000000.mp4'])
  const { gaps } = await recordedOf(store, cameraId)
  assert.deepEqual([gaps[0]!.cause, gaps[0]!.from], ['restart', after.endedAt!.toISOString()])
})

test('a file that no row knows gets one, with the time that its pictures show', { skip }, async () => {
  await using store = await openRecordingStore()
  const cameraId = await store.onboard()
  await untilRecorded(store, cameraId, (now) => now.clips.filter(({ endedAt }) => endedAt).length >= 2)
  await store.stop()
  const [, clip] = (await recordedOf(store, cameraId)).clips
  await store.ctx.db.deleteFrom('video').where('id', '=', clip!.videoId).execute()
  const recorder = startRecorder(store.ctx, { runDir: '/nowhere' })
  const { clips } = await untilRecorded(store, cameraId, (now) =>
    now.clips.some(({ path, endedAt }) => path === clip!.path && endedAt)
  )
  await recorder.stop()
  const found = clips.find(({ path }) => path === clip!.path)!
  const late = found.startedAt.getTime() - (await paintedIn(clip!.path))[0]!
  assert.ok(Math.abs(late) < 250, `${late} ms off`)
})

test('a video whose file is gone is marked, and comes back with it; when most are gone at once, nothing is marked and an alarm says why', async () => {
  await using store = await openTestStore()
  const cameraId = (await store.admin.send('POST', '/api/v1/cameras', { name: 'x', tag: 'ENTRY', streamUrl: 'rtsp://cam/x' }))
    .body.id
  await mkdir(pathOf(store, cameraId), { recursive: true })
  const at = new Date('2026-03-01T08:00:00Z')
  const files = Array.from({ length: 60 }, (_, n) => `${cameraId}/${String(n).padStart(2, '0')}.mp4`)
  for (const file of files) {
    writeFileSync(pathOf(store, file), 'x')
    const id = await openClip(store.ctx, { cameraId, tag: 'ENTRY', file, startedAt: at })
    await store.ctx.db.updateTable('video').set({ endedAt: at }).where('id', '=', id).execute()
  }
  const missing = async () =>
    (await store.admin.send('GET', '/api/v1/videos?limit=200')).body.items.filter(
      (video: { isMissing: boolean }) => video.isMissing
    ).length
  assert.deepEqual([await checkClips(store.ctx), await missing()], [0, 0])
  await rename(pathOf(store, files[3]!), join(store.dataDir, 'elsewhere'))
  assert.deepEqual([await checkClips(store.ctx), await missing()], [1, 1])
  assert.equal((await eventsOf(store.ctx, 'video.missing')).length, 1)
  await rename(join(store.dataDir, 'elsewhere'), pathOf(store, files[3]!))
  assert.deepEqual([await checkClips(store.ctx), await missing()], [0, 0])
  await rename(pathOf(store), join(store.dataDir, 'unmounted'))
  const alarms = async () =>
    (await store.admin.send('GET', '/api/v1/alarms?open=true')).body.items.map(({ kind }: { kind: string }) => kind)
  assert.deepEqual([await checkClips(store.ctx), await missing(), await alarms()], [0, 0, ['clips-missing']])
  await rename(join(store.dataDir, 'unmounted'), pathOf(store))
  assert.deepEqual([await checkClips(store.ctx), await alarms()], [0, []])
})

test('what is set aside is bounded: the newest hundred files stay', async () => {
  await using store = await openTestStore()
  await mkdir(pathOf(store), { recursive: true })
  const names = Array.from({ length: 103 }, (_, n) => `20260301T08${String(n).padStart(4, '0')}Z-00000000.mp4`)
  for (const name of names) {
    writeFileSync(pathOf(store, name), 'not a picture in it')
    await setAside(store.ctx, pathOf(store, name))
  }
  assert.deepEqual((await readdir(pathOf(store, 'set-aside'))).toSorted(), names.slice(3))
})

test('a recorder that outlived its server is ended before the next one starts', { skip }, async () => {
  await using store = await openRecordingStore({ env: { CLIP_SECONDS: '60' } })
  const cameraId = await store.onboard()
  await untilRecorded(store, cameraId, (now) => (now.clips[0]?.fragments.length ?? 0) >= 1)
  const [old] = recordersOf(cameraId)
  const second = startRecorder(store.ctx, { runDir: '/nowhere' })
  while (recordersOf(cameraId).includes(old!)) await sleep(50)
  await second.stop()
})

test('a recorder that is stopped while it starts leaves none behind', { skip }, async () => {
  await using store = await openRecordingStore()
  const cameraId = await store.onboard()
  await store.stop()
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const before = timers()
  for (let n = 0; n < 20; n++) {
    const recorder = startRecorder(store.ctx, { runDir: '/nowhere' })
    await sleep(n * 8) // each time at another moment of its start
    await recorder.stop()
    assert.deepEqual(recordersOf(cameraId), [], `stopped after ${n * 8} ms`)
  }
  assert.ok(timers() < before + 5, `${before} timers became ${timers()}`) // others come and go by the one
})

test('without ffmpeg the store works, records nothing, and says so', async () => {
  await using store = await openTestStore({ env: { FFMPEG_PATH: '/bin/false' } })
  const recorder = startRecorder(store.ctx, { runDir: '/nowhere' })
  const { body } = await store.admin.send('POST', '/api/v1/cameras', { name: 'x', tag: 'ENTRY', streamUrl: 'rtsp://cam/x' })
  const path = `/api/v1/cameras/${body.id}`
  while ((await store.admin.send('GET', path)).body.state !== 'not-possible') await sleep(20)
  assert.match((await store.admin.send('GET', path)).body.stateReason, /FFMPEG_PATH/)
  assert.match(recorder.degraded().join(), /^cameras: setting FFMPEG_PATH: \/bin\/false is no ffmpeg/)
  assert.equal((await store.admin.send('POST', '/api/v1/cameras/test', { streamUrl: 'rtsp://cam/x' })).body.code, 'no-ffmpeg')
  await recorder.stop()
})
