/** The mounted cameras against the real ffmpeg: pictures of the right moment, again after an encoder died; and how a store is told of them. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { StaffApi } from '#simulator/api.ts'
import { readClockStrip } from '#simulator/rtsp/clock-strip.ts'
import { simulateStory } from '#simulator/story.ts'
import { decodeGray, FFMPEG, withoutFfmpeg } from '#test/support/ffmpeg.ts'
import { annexB, openRtspClient } from '#test/support/rtsp-client.ts'
import { FPS, openCameras } from './cameras.ts'
import { HEIGHT, WIDTH } from './floor-plan.ts'
import { onboardCameras } from './onboarding.ts'

const shop = () => simulateStory({ seed: 1, scenario: 'quiet-morning', start: new Date() })

test('each picture of a mounted camera tells its moment to the frame', { skip: withoutFfmpeg }, async () => {
  const cameras = await openCameras({ story: shop(), ffmpeg: FFMPEG, say: () => undefined, placeIds: ['entry', 'aisle-1'] })
  try {
    assert.deepEqual(
      cameras.mounted.map(({ name, tag, machineIds }) => [name, tag, machineIds]),
      [
        ['Entry', 'ENTRY', []],
        ['Aisle 1', 'IN_STORE', ['snack-shelf', 'drinks-cooler']]
      ]
    )
    for (const { streamUrl } of cameras.mounted) {
      using client = await openRtspClient(streamUrl)
      await client.play(streamUrl)
      const pictures = await client.pictures(8)
      const size = { width: WIDTH, height: HEIGHT }
      const decoded = await decodeGray(['-f', 'h264', '-i', 'pipe:0'], { ...size, count: 8, input: annexB(pictures) })
      const shown = decoded.map(({ gray }) => readClockStrip(gray, size))
      assert.equal(shown.length, 8)
      for (const [n, atMs] of shown.entries()) {
        assert(atMs !== null && Math.abs(atMs - pictures[n]!.atMs) < 1000 / FPS, `${atMs}, ${pictures[n]!.atMs}`)
        assert(pictures[n]!.arrivedMs >= atMs, 'no picture comes before it was taken')
      }
    }
  } finally {
    await cameras.close()
  }
})

test('a camera whose encoder died starts again by itself', { skip: withoutFfmpeg }, async () => {
  const lines: string[] = []
  const { promise: back, resolve } = Promise.withResolvers<void>()
  const say = (line: string) => lines.push(line) === 2 && resolve()
  const cameras = await openCameras({ story: shop(), ffmpeg: FFMPEG, say, placeIds: ['exit'] })
  try {
    const { streamUrl } = cameras.mounted[0]!
    using client = await openRtspClient(streamUrl)
    await client.play(streamUrl)
    process.kill(cameras.sources[0]!.encoderPid!, 'SIGKILL')
    await client.untilClosed()
    await back
    assert.match(lines[0]!, /^the camera Exit starts again: ffmpeg ended/)
    assert.equal(lines[1], 'the camera Exit is back')
    using again = await openRtspClient(streamUrl)
    await again.play(streamUrl)
    assert.equal((await again.pictures(2)).length, 2)
  } finally {
    await cameras.close()
  }
})

test('without ffmpeg the cameras are not opened, and the error names it', async () => {
  const opening = openCameras({ story: shop(), ffmpeg: '/no/such/ffmpeg', say: () => undefined })
  await assert.rejects(opening, /\/no\/such\/ffmpeg ENOENT/)
})

test('cameras that are not wanted any more while they open are closed', { skip: withoutFfmpeg }, async () => {
  const closing = new AbortController()
  const opening = openCameras({ story: shop(), ffmpeg: FFMPEG, say: () => undefined, signal: closing.signal })
  const refused = assert.rejects(opening)
  closing.abort()
  await refused
})

test('a store is told of new cameras, and where known ones stream now', async (t) => {
  const asked: [string, string, unknown][] = []
  const store = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString()
    asked.push([request.method!, request.url!, body ? JSON.parse(body) : null])
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify(request.method === 'GET' ? { items: [{ id: 'e1', name: 'Entry', tag: 'ENTRY' }], nextCursor: null } : {})
    )
  })
  store.listen(0, '127.0.0.1')
  await once(store, 'listening')
  t.after(() => store.close())
  const [entry, aisle] = [
    { name: 'Entry', tag: 'ENTRY' as const, streamUrl: 'rtsp://127.0.0.1:5/entry', machineIds: [] },
    { name: 'Aisle 1', tag: 'IN_STORE' as const, streamUrl: 'rtsp://127.0.0.1:5/aisle-1', machineIds: ['a', 'b'] }
  ]
  await onboardCameras(new StaffApi(`http://127.0.0.1:${(store.address() as AddressInfo).port}`), [entry, aisle])
  assert.deepEqual(asked.slice(1), [
    ['PATCH', '/api/v1/cameras/e1', { streamUrl: entry.streamUrl, machineIds: [], enabled: true }],
    ['POST', '/api/v1/cameras', aisle]
  ])
})
