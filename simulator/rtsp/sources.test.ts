/** Sources and server against the real ffmpeg, as encoder and as client. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeGray, FFMPEG, withoutFfmpeg } from '#test/support/ffmpeg.ts'
import { annexB, openRtspClient } from '#test/support/rtsp-client.ts'
import { readClockStrip } from './clock-strip.ts'
import { fileSource, lavfiSource } from './ffmpeg-source.ts'
import { clockSource, turnAfter } from './painted-source.ts'
import { openRtspServer } from './server.ts'

const SIZE = { width: 320, height: 180 }
const FPS = 25

test('the clock in each decoded picture is the time that RTP and its sender reports give it', {
  skip: withoutFfmpeg
}, async () => {
  await using server = await openRtspServer({ port: 0 })
  await server.publish('/clock', clockSource({ ...SIZE, fps: FPS, ffmpeg: FFMPEG }))
  using client = await openRtspClient(server.url('/clock'))
  await client.play(server.url('/clock'))
  const pictures = await client.pictures(40)
  assert.equal(pictures.length, 40)
  assert.equal(client.gaps, 0)
  const decoded = await decodeGray(['-f', 'h264', '-i', 'pipe:0'], { ...SIZE, count: 40, input: annexB(pictures) })
  for (const [n, { gray }] of decoded.entries()) {
    const shown = readClockStrip(gray, SIZE)
    assert(shown !== null && Math.abs(shown - pictures[n]!.atMs) < 1000 / FPS, `picture ${n}: ${shown}, ${pictures[n]!.atMs}`)
  }
  assert.equal(decoded.length, 40)
})

for (const transport of ['tcp', 'udp'])
  test(`ffmpeg plays a camera that wants a digest over ${transport}`, { skip: withoutFfmpeg }, async () => {
    await using server = await openRtspServer({ port: 0, credentials: { username: 'box', password: 'p:/w', scheme: 'digest' } })
    await server.publish('/clock', clockSource({ ...SIZE, fps: FPS, ffmpeg: FFMPEG }))
    const from = Date.now()
    const args = ['-rtsp_transport', transport, '-analyzeduration', '200000', '-i', server.url('/clock')]
    const shown = (await decodeGray(args, { ...SIZE, count: 25 })).map(({ gray }) => readClockStrip(gray, SIZE))
    assert.equal(shown.length, 25)
    for (const [n, atMs] of shown.entries())
      assert(atMs !== null && atMs > (shown[n - 1] ?? from - 2000) && atMs <= Date.now(), `picture ${n}: ${atMs}`)
    const wrong = server.url('/clock').replace('p%3A', 'q%3A')
    await assert.rejects(decodeGray(['-rtsp_transport', transport, '-i', wrong], { ...SIZE, count: 1 }), /401/)
  })

test('a timer that fires too early paints no second picture for its turn; a clock that was set back is followed', () => {
  const table: [number, number, number][] = [
    [0, 100.2, 101],
    [101, 101.01, 102],
    [101, 100.97, 102], // fired early
    [102, 105.3, 106], // late: those between are not made up for
    [106, 40.5, 41]
  ]
  for (const [last, now, next] of table) assert.equal(turnAfter(last, now), next, `${now} after ${last}`)
})

test('a file is played as it is, again and again; a made-up picture is encoded', { skip: withoutFfmpeg }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'niflr-rtsp-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'short.mp4')
  const graph = 'testsrc2=size=320x180:rate=25'
  execFileSync(FFMPEG, ['-v', 'error', '-f', 'lavfi', '-i', graph, '-t', '0.4', '-c:v', 'libx264', '-pix_fmt', 'yuv420p', file])
  await using server = await openRtspServer({ port: 0 })
  await Promise.all([
    server.publish('/file', fileSource(file, FFMPEG)),
    server.publish('/made-up', lavfiSource(graph, { ffmpeg: FFMPEG }))
  ])
  for (const path of ['/file', '/made-up']) {
    using client = await openRtspClient(server.url(path))
    await client.play(server.url(path))
    const pictures = await client.pictures(25)
    assert(pictures[0]!.isKey && pictures.length === 25 && client.gaps === 0, path)
    assert.equal(pictures.filter((picture) => picture.isKey).length >= (path === '/file' ? 2 : 1), true, path)
  }
})

test('what ffmpeg says is the reason why a source could not be published', { skip: withoutFfmpeg }, async () => {
  await using server = await openRtspServer({ port: 0 })
  await assert.rejects(server.publish('/x', fileSource('/nowhere.mp4', FFMPEG)), /x: ffmpeg ended .*nowhere\.mp4: No such file/)
})

test('an ffmpeg that is not there is named', async () => {
  await using server = await openRtspServer({ port: 0 })
  await assert.rejects(server.publish('/x', clockSource({ ffmpeg: '/no/such/ffmpeg' })), /x: .*\/no\/such\/ffmpeg ENOENT/)
})
