/** Every kind of stream is recorded whole, and as soon as the clock is right; a visit can be played seconds after its end. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '#server/platform/clock.ts'
import { openLogger } from '#server/platform/logger.ts'
import { clockIsSet } from '#server/recorder/clock-gate.ts'
import { startRecorder } from '#server/recorder/index.ts'
import { readClockStrip } from '#simulator/rtsp/clock-strip.ts'
import { decodeGray, withoutFfmpeg as skip } from '#test/support/ffmpeg.ts'
import { serveByGstreamer, serveByRtmp, withoutGstreamer } from '#test/support/other-streams.ts'
import { HEIGHT, openClocks, openRecordingStore, paintedIn, untilRecorded, WIDTH } from '#test/support/recording.ts'
import { openStore, visitor } from '#test/support/visiting.ts'

/** A folder in which systemd-timesyncd would say whether the clock is synchronised: not yet. */
function openRunDir() {
  const path = mkdtempSync(join(tmpdir(), 'niflr-run-'))
  const folder = join(path, 'systemd', 'timesync')
  mkdirSync(folder, { recursive: true })
  const synchronise = () => writeFileSync(join(folder, 'synchronized'), '')
  return { path, synchronise, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

test('once the clock is synchronised every kind of stream is recorded: RTSP over TCP and UDP, RTMP, another maker’s server', {
  skip
}, async (t) => {
  using runDir = openRunDir()
  await using store = await openRecordingStore({ runDir: runDir.path })
  const source = store.rtsp.url('/1')
  const streams: Record<string, object> = { tcp: {}, udp: { transport: 'udp' } }
  await using rtmp = await serveByRtmp(source)
  streams.rtmp = { streamUrl: rtmp.url }
  await using stack = new AsyncDisposableStack()
  if (withoutGstreamer) t.diagnostic(`not tried: ${withoutGstreamer}`)
  else streams['another maker’s'] = { streamUrl: stack.use(await serveByGstreamer(source)).url }
  const ids = new Map<string, string>()
  for (const [name, stream] of Object.entries(streams)) ids.set(name, await store.onboard({ name, ...stream }))
  const states = async () => {
    const { items } = (await store.admin.send('GET', '/api/v1/cameras')).body
    return new Set(items.map(({ state }: { state: string }) => state))
  }
  await store.admin.send('POST', '/api/v1/cameras', { name: 'later', tag: 'ENTRY', streamUrl: 'rtsp://127.0.0.1:1/x' })
  assert.ok(!(await states()).has('recording'))
  runDir.synchronise()
  for (const [name, cameraId] of ids) {
    const { clips, gaps } = await untilRecorded(store, cameraId, (now) => now.clips.filter(({ endedAt }) => endedAt).length >= 2)
    assert.deepEqual(gaps, [], name)
    const whole = clips.filter(({ endedAt }) => endedAt)
    const painted = await Promise.all(whole.map(({ path }) => paintedIn(path)))
    const all = painted.flat()
    const from = store.sent[0]!.indexOf(all[0]!)
    assert.deepEqual(all, store.sent[0]!.slice(from, from + all.length), `${name}: every picture that was sent, in its order`)
    const late = whole.map(({ startedAt }, n) => startedAt.getTime() - painted[n]![0]!)
    t.diagnostic(`${name}: clips start ${late.join(' and ')} ms after their first picture was painted`)
    assert.ok(Math.abs(late[1]!) < 150, `${name}: ${late[1]} ms`) // what another server adds is in it
  }
})

test('the clock is waited for, but not for ever', async () => {
  using runDir = openRunDir()
  const [log, signal] = [openLogger('fatal'), new AbortController().signal]
  const waiting = { runDir: runDir.path, signal, atMostMs: 300 }
  assert.equal(await clockIsSet(log, waiting), 'late')
  const ended = new AbortController()
  const aborted = clockIsSet(log, { ...waiting, signal: ended.signal, atMostMs: 600_000 })
  ended.abort()
  await aborted
  runDir.synchronise()
  assert.equal(await clockIsSet(log, waiting), 'synchronised')
})

/** What a player gets of a playlist with one clip: its head and the byte ranges, one after the other. */
async function bytesOf(base: string, playlist: string): Promise<Buffer> {
  const heads = [...playlist.matchAll(/^#EXT-X-MAP:URI="([^"]+)",BYTERANGE="(\d+)@(\d+)"/gm)]
  const parts = [...playlist.matchAll(/^#EXT-X-BYTERANGE:(\d+)@(\d+)\n(?:#.*\n)*([^#\n].*)$/gm)]
  assert.ok(heads.length === 1 && parts.length > 0, playlist)
  const ranges = [
    ...heads.map(([, url, bytes, from]) => [url, bytes, from]),
    ...parts.map(([, bytes, from, url]) => [url, bytes, from])
  ]
  const chunks = ranges.map(async ([url, bytes, from]) => {
    const answer = await fetch(base + url, { headers: { range: `bytes=${from}-${Number(from) + Number(bytes) - 1}` } })
    assert.equal(answer.status, 206)
    return Buffer.from(await answer.arrayBuffer())
  })
  return Buffer.concat(await Promise.all(chunks))
}

test('five seconds after the exit the whole visit can be played, from each camera of the machine and the door, while it is recorded', {
  skip
}, async (t) => {
  await using stack = new AsyncDisposableStack()
  const { rtsp, sent } = await openClocks(stack, 1)
  const store = stack.use(
    await openStore({ machines: 2, clock: systemClock, env: { CLIP_FREE_SPACE_GB: '0', AUTO_REVIEW: 'off' } })
  )
  const recorder = startRecorder(store.ctx, { runDir: '/nowhere' })
  stack.defer(() => recorder.stop())
  const admin = await store.staff('admin')
  const onboard = async (name: string, tag: string, machineIds: string[] = []) =>
    (await admin.send('POST', '/api/v1/cameras', { name, tag, streamUrl: rtsp.url('/1'), machineIds })).body.id as string
  const expected = [
    await onboard('left', 'IN_STORE', ['m1']),
    await onboard('right', 'IN_STORE', ['m1']),
    await onboard('door', 'ENTRY')
  ]
  const other = await onboard('elsewhere', 'IN_STORE', ['m2'])
  for (const id of [...expected, other]) await untilRecorded(store, id, ({ clips }) => (clips[0]?.fragments.length ?? 0) >= 1)
  const shopper = await visitor(store)
  const [inside] = [sent[0]!.length]
  while (sent[0]!.length < inside + 75) await sleep(50)
  const { tickets } = await shopper.leave()
  const leftMs = performance.now()
  const base = await store.app.listen({ host: '127.0.0.1', port: 0 })
  const reviewer = await store.staff('reviewer')
  const { body: ticket } = await reviewer.send(
    'GET',
    `/api/v1/tickets/${tickets.find(({ machineId }) => machineId === 'm1')!.id}`
  )
  assert.deepEqual(
    ticket.footage.map(({ cameraId }: { cameraId: string }) => cameraId).toSorted(),
    expected.toSorted(),
    'the cameras of the machine and of the door'
  )
  assert.equal(ticket.awaitedVideos.length, 3, 'all of them are still being recorded')
  const [fromMs, toMs] = [ticket.windowStart, ticket.windowEnd].map((time: string) => Date.parse(time)) as [number, number]
  const playable = ticket.footage.map(async ({ playlistUrl }: { playlistUrl: string }) => {
    for (;;) {
      const text = await (await fetch(base + playlistUrl)).text()
      if (text.includes('#EXT-X-ENDLIST')) return text
      await sleep(50)
    }
  })
  const playlists: string[] = await Promise.all(playable)
  const seconds = (performance.now() - leftMs) / 1000
  t.diagnostic(`playable ${seconds.toFixed(1)} s after the exit`)
  assert.ok(seconds < 5, `${seconds} s`)
  for (const text of playlists) {
    const shape = { width: WIDTH, height: HEIGHT }
    const shown = await decodeGray(['-i', 'pipe:0'], { ...shape, count: 100_000, input: await bytesOf(base, text) })
    const painted = shown.map(({ gray }) => readClockStrip(gray, shape)!)
    assert.ok(painted[0]! <= fromMs + 300 && painted[0]! > fromMs - 2500, `begins ${painted[0]! - fromMs} ms after the login`)
    assert.ok(
      painted.at(-1)! >= toMs - 400 && painted.at(-1)! < toMs + 2500,
      `ends ${painted.at(-1)! - toMs} ms after the logout`
    )
  }
})
