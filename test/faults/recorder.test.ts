/** Recording: clips that are there, whole and on time, from a real stream; what happens when it breaks is told in the gaps. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { clipFile } from '#server/domain/camera/actions.ts'
import { withoutFfmpeg as skip } from '#test/support/ffmpeg.ts'
import { CREDENTIALS, openRecordingStore, paintedIn, recordedOf, untilRecorded } from '#test/support/recording.ts'
import { eventsOf } from '#test/support/visiting.ts'

const CLIP_MS = 5000
const KEYFRAME_MS = 1000
const TRANSPORT_MS = 250 // the cut is by the clock when a picture arrives, a clip starts when it was painted
/** The moment on the wall clock at which a clip was cut off the one before. */
const cutOf = ({ startedAt }: { startedAt: Date }) => Math.floor((startedAt.getTime() + TRANSPORT_MS) / CLIP_MS) * CLIP_MS

const closed = (clips: { endedAt: Date | null }[]) => clips.filter(({ endedAt }) => endedAt !== null).length

test('no frame is lost between clips, each starts when its first picture was painted, and no password is seen', {
  skip
}, async () => {
  await using store = await openRecordingStore()
  const cameraId = await store.onboard()
  await untilRecorded(store, cameraId, ({ clips }) => closed(clips) >= 3)
  const listed = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
  assert.ok(!listed.includes(CREDENTIALS.password), 'no list of processes shows the password')
  const { body } = await store.admin.send('GET', `/api/v1/cameras/${cameraId}`)
  assert.deepEqual([body.state, body.stateReason, body.health.width, body.health.height], ['recording', null, 320, 180])
  assert.match(body.health.codecs, /^avc1\./)
  assert.ok(!JSON.stringify(body).includes(CREDENTIALS.password))
  await store.stop()
  const { clips, gaps } = await recordedOf(store, cameraId)
  assert.deepEqual(
    gaps.map(({ cause, to }) => [cause, to]),
    [['restart', null]],
    'only what comes after the stop'
  )
  const painted = await Promise.all(clips.map(({ path }) => paintedIn(path)))
  const all = painted.flat()
  const from = store.sent[0]!.indexOf(all[0]!)
  assert.deepEqual(all, store.sent[0]!.slice(from, from + all.length), 'every picture that was sent, in its order')
  const starts = clips.map(({ startedAt }, n) => startedAt.getTime() - painted[n]![0]!)
  for (const late of starts.slice(1)) assert.ok(Math.abs(late) < 50, `starts are late by ${starts.join(', ')} ms`)
  assert.ok(starts[0]! > -50 && starts[0]! < 300, `pictures that waited while the stream was looked at: ${starts[0]} ms`)
  for (const [n, clip] of clips.slice(1).entries()) {
    const apart = clip.startedAt.getTime() - clips[n]!.endedAt!.getTime()
    assert.ok(Math.abs(apart) < 60, `clip ${n + 1} starts ${apart} ms after the end of the one before`)
    const [cutMs, afterMs] = [cutOf(clip), clip.startedAt.getTime() - cutOf(clip)]
    assert.ok(afterMs < KEYFRAME_MS + TRANSPORT_MS, `cut on the wall clock, at the first keyframe: ${afterMs} ms after it`)
    if (n > 0) assert.equal(cutMs - cutOf(clips[n]!), CLIP_MS, 'cut every time')
  }
  const opened = await eventsOf(store.ctx, 'video.opened')
  assert.deepEqual(
    opened.map(({ videoId }) => videoId),
    clips.map(({ videoId }) => videoId)
  )
  assert.equal((await eventsOf(store.ctx, 'video.closed')).length, clips.length)
  const last = await clipFile(store.ctx, clips.at(-1)!.videoId)
  assert.equal(last.fragments.reduce((sum, { bytes }) => sum + bytes, last.headBytes) <= last.bytes, true)
})

const causes = (gaps: { cause: string; to: string | null }[]) => gaps.map(({ cause, to }) => [cause, to !== null])

test('whatever ends a recording is a gap with its cause, what was recorded plays, and it goes on by itself', {
  skip
}, async (t) => {
  await using store = await openRecordingStore()
  const cameraId = await store.onboard()
  const recording = async () => (await store.admin.send('GET', `/api/v1/cameras/${cameraId}`)).body
  const goesOn = async (gapCount: number) => {
    const isOn = ({ clips, gaps }: Awaited<ReturnType<typeof recordedOf>>) => {
      const since = clips.filter(({ startedAt }) => startedAt.toISOString() >= (gaps.at(-1)?.to ?? '~'))
      return gaps.length === gapCount && since.flatMap(({ fragments }) => fragments).length >= 3 // two gaps with less between them are one
    }
    const recorded = await untilRecorded(store, cameraId, isOn)
    for (const { path, endedAt } of recorded.clips) if (endedAt) assert.ok((await paintedIn(path)).length > 0, path)
    return recorded
  }
  await untilRecorded(store, cameraId, ({ clips }) => clips.flatMap(({ fragments }) => fragments).length >= 2)

  await t.test('ffmpeg is killed', async () => {
    const [pid] = execFileSync('pgrep', ['-f', `clips/${cameraId}/`], { encoding: 'utf8' })
      .trim()
      .split('\n')
    process.kill(Number(pid), 'SIGKILL')
    const { clips, gaps } = await goesOn(1)
    assert.deepEqual(causes(gaps), [['offline', true]])
    const [{ from, to }] = gaps as [(typeof gaps)[number]]
    const next = clips.findIndex(({ startedAt }) => startedAt.toISOString() === to)
    const cut = clips[next - 1]! // the one before may have ended on the wall clock just then
    assert.equal(from, cut.endedAt!.toISOString())
    const late = cut.endedAt!.getTime() - (await paintedIn(cut.path)).at(-1)!
    assert.ok(late > -60 && late < 120, `the end of what was left is known: ${late} ms after its last picture`)
  })
  await t.test('the camera hangs up and refuses for a while', async () => {
    store.rtsp.refuse('/1')
    store.rtsp.hangUp('/1')
    await untilRecorded(store, cameraId, ({ gaps }) => gaps.length === 2)
    const { state, stateReason } = await recording()
    assert.equal(state, 'retrying')
    assert.ok(!stateReason.includes(CREDENTIALS.password), stateReason)
    store.rtsp.refuse('/1', false)
    assert.deepEqual(causes((await goesOn(2)).gaps), [
      ['offline', true],
      ['offline', true]
    ])
  })
  await t.test('the camera is silent for three seconds, its line open', async () => {
    const before = (await recordedOf(store, cameraId)).clips.length
    await store.rtsp.untilWatched('/1')
    store.rtsp.silence('/1', 3000)
    const { gaps } = await untilRecorded(store, cameraId, ({ clips, gaps: all }) => all.length === 3 && closed(clips) > before)
    const { from, to, cause } = gaps[2]!
    assert.equal(cause, 'offline')
    const seconds = (Date.parse(to!) - Date.parse(from)) / 1000
    assert.ok(seconds > 2.5 && seconds < 5, `${seconds} s`)
  })
  await t.test('a new stream URL: the next recording starts before the last one ends', async () => {
    const { body } = await store.admin.send('PATCH', `/api/v1/cameras/${cameraId}`, {
      streamUrl: `${store.rtsp.url('/1')}?again`
    })
    assert.equal(body.streamUrl, (await recording()).streamUrl)
    const { clips } = await untilRecorded(
      store,
      cameraId,
      (now) => now.clips.filter(({ endedAt }) => !endedAt).length === 2 || now.clips.length > 6
    )
    await untilRecorded(store, cameraId, (now) => now.clips.filter(({ endedAt }) => !endedAt).length === 1)
    assert.equal((await recordedOf(store, cameraId)).gaps.length, 3, `no gap: ${clips.length} clips`)
  })
  await t.test('disabled: the clip ends and the gap says so', async () => {
    await store.admin.send('PATCH', `/api/v1/cameras/${cameraId}`, { enabled: false })
    const { clips, gaps } = await untilRecorded(store, cameraId, (now) => now.gaps.length === 4)
    assert.deepEqual([causes(gaps).at(-1), closed(clips)], [['disabled', false], clips.length])
    assert.equal((await recording()).state, 'disabled')
  })
})

test('a stream is tested before it is saved, and a camera shows what it sees', { skip }, async () => {
  await using store = await openRecordingStore()
  const look = (streamUrl: string) => store.admin.send('POST', '/api/v1/cameras/test', { streamUrl })
  const { status, body, text } = await look(store.rtsp.url('/1'))
  assert.equal(status, 200, text)
  assert.deepEqual(
    [body.codec, body.width, body.height, body.hasBFrames, body.isPlayableInBrowsers, body.clipsPerDay],
    ['h264', 320, 180, false, true, 17_280]
  )
  assert.ok(body.framesPerSecond > 10 && body.framesPerSecond < 30, `${body.framesPerSecond} frames a second`)
  assert.ok(body.keyframeEverySeconds > 0.5 && body.keyframeEverySeconds < 3 && body.gigabytesPerDay > 0 && body.quotaDays > 1)
  assert.deepEqual([body.warnings, Buffer.from(body.snapshot, 'base64').subarray(0, 2).toString('hex')], [[], 'ffd8'])
  const wrong = await look(store.rtsp.url('/nothing').replace(CREDENTIALS.password, 'Wrong-Word'))
  assert.deepEqual([wrong.status, wrong.body.code], [422, 'stream-failed'], wrong.text)
  assert.ok(!wrong.text.includes('Wrong-Word'), wrong.text)
  assert.equal((await look('file:///etc/passwd')).status, 422)
  const cameraId = await store.onboard()
  const path = `/api/v1/cameras/${cameraId}/snapshot`
  assert.equal((await store.admin.send('GET', path)).body.code, 'no-picture')
  await untilRecorded(store, cameraId, ({ clips }) => (clips[0]?.fragments.length ?? 0) >= 1)
  const picture = await store.app.inject({ method: 'GET', url: path, headers: { authorization: `Bearer ${store.admin.token}` } })
  assert.deepEqual(
    [picture.statusCode, picture.headers['content-type'], picture.rawPayload.subarray(0, 2).toString('hex')],
    [200, 'image/jpeg', 'ffd8']
  )
})
