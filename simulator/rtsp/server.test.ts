/** The RTSP server without ffmpeg: the dialogue, who gets which pictures, and the faults a test can order. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openRtspClient } from '#test/support/rtsp-client.ts'
import type { VideoSink, VideoSource } from './access-unit.ts'
import { openRtspServer, type RtspServerOptions } from './server.ts'

const SETS = { sps: Buffer.from('6742c01edd80', 'hex'), pps: Buffer.from('68ce3c80', 'hex') }
const nal = (type: number, number: number) => Buffer.of(0x60 | type, number)

/** Shows a keyframe at the start, and what it is told to from then on. */
function handCamera(): VideoSource & { show(number: number, isKey?: boolean): void; fail(reason: string): void } {
  let out: VideoSink | null = null
  const show = (number: number, isKey = false) => out?.picture({ nals: [nal(isKey ? 5 : 1, number)], isKey, atMs: Date.now() })
  return {
    show,
    fail: (reason) => out?.ended(reason),
    start(sink) {
      out = sink
      sink.parameters(SETS)
      show(0, true)
    },
    async stop() {
      out = null
    }
  }
}

async function published(options: Partial<RtspServerOptions> = {}) {
  const server = await openRtspServer({ port: 0, ...options })
  const camera = handCamera()
  const ended: string[] = []
  await server.publish('/entry', camera, { onEnded: (reason) => void ended.push(reason) })
  return { server, camera, ended, url: `rtsp://127.0.0.1:${server.port}/entry`, [Symbol.asyncDispose]: () => server.close() }
}
const numbers = (pictures: { nals: Buffer[] }[]) => pictures.map(({ nals }) => nals.at(-1)![1])

test('a client learns what a camera sends, and plays it', async () => {
  await using it = await published()
  using client = await openRtspClient(it.url)
  const options = await client.request('OPTIONS', it.url)
  for (const method of ['DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN', 'GET_PARAMETER'])
    assert(options.headers.get('public')!.includes(method))
  const { status, body, headers } = await client.request('DESCRIBE', it.url)
  assert.equal(status, 200)
  assert.equal(headers.get('content-base'), `${it.url}/`)
  assert.match(body, /profile-level-id=42c01e;sprop-parameter-sets=Z0LAHt2A,aM48gA==/)
  const setup = await client.request('SETUP', `${it.url}/trackID=0`, { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' })
  assert.equal(setup.status, 200)
  const Session = setup.headers.get('session')!.split(';')[0]!
  assert.equal((await client.request('PLAY', it.url, { Session: 'another' })).status, 454)
  assert.equal((await client.request('PLAY', it.url, { Session })).status, 200)
  it.camera.show(1)
  const [first, second] = await client.pictures(2)
  assert.deepEqual(first!.nals, [SETS.sps, SETS.pps, nal(5, 0)])
  assert.deepEqual(second!.nals, [nal(1, 1)])
  assert(Math.abs(second!.atMs - Date.now()) < 1000)
  assert.equal((await client.request('GET_PARAMETER', it.url, { Session })).status, 200)
  assert.equal(it.server.viewers('/entry'), 1)
  assert.equal((await client.request('TEARDOWN', it.url, { Session })).status, 200)
  assert.equal(it.server.viewers('/entry'), 0)
})

test('who comes late has the pictures since the last keyframe at once; several clients see the same', async () => {
  await using it = await published()
  for (const [number, isKey] of [
    [1, false],
    [2, true],
    [3, false],
    [4, false]
  ] as const)
    it.camera.show(number, isKey)
  using one = await openRtspClient(it.url)
  await one.play(it.url)
  assert.deepEqual(numbers(await one.pictures(3)), [2, 3, 4])
  using other = await openRtspClient(it.url)
  await other.play(it.url)
  it.camera.show(5)
  assert.deepEqual(numbers(await one.pictures(1)), [5])
  assert.deepEqual(numbers(await other.pictures(4)), [2, 3, 4, 5])
  assert.equal(one.gaps + other.gaps, 0)
})

test('with next-keyframe a client is sent nothing that was taken before it came', async () => {
  await using it = await published({ joinAt: 'next-keyframe' })
  using client = await openRtspClient(it.url)
  await client.play(it.url)
  await it.server.untilWatched('/entry')
  for (const [number, isKey] of [
    [1, false],
    [2, true],
    [3, false]
  ] as const)
    it.camera.show(number, isKey)
  assert.deepEqual(numbers(await client.pictures(2)), [2, 3])
})

test('a silent camera keeps its connections and goes on at a keyframe', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  await using it = await published()
  using client = await openRtspClient(it.url)
  await client.play(it.url)
  assert.deepEqual(numbers(await client.pictures(1)), [0])
  it.server.silence('/entry', 3000)
  it.camera.show(1)
  it.camera.show(2, true)
  t.mock.timers.tick(3001)
  it.camera.show(3)
  it.camera.show(4, true)
  it.camera.show(5)
  assert.deepEqual(numbers(await client.pictures(2)), [4, 5])
  assert.equal(client.isClosed, false)
})

test('a camera hangs up, refuses, fails and goes away when it is told to', async () => {
  await using it = await published()
  const watch = async () => {
    const client = await openRtspClient(it.url)
    await client.play(it.url)
    return client
  }
  const first = await watch()
  it.server.hangUp('/entry')
  await first.untilClosed()
  it.server.refuse('/entry')
  using refused = await openRtspClient(it.url)
  assert.equal((await refused.request('DESCRIBE', it.url)).status, 503)
  it.server.refuse('/entry', false)
  const second = await watch()
  it.camera.fail('the lens is broken')
  assert.deepEqual(it.ended, ['the lens is broken'])
  await second.untilClosed()
  assert.equal((await refused.request('DESCRIBE', it.url)).status, 503)
  await it.server.unpublish('/entry')
  assert.equal((await refused.request('DESCRIBE', it.url)).status, 404)
})

test('a closed server frees its port for another', async () => {
  const { server, url } = await published()
  const client = await openRtspClient(url)
  await client.play(url)
  await server.close()
  await client.untilClosed()
  await assert.rejects(openRtspClient(url), { code: 'ECONNREFUSED' })
  await using again = await openRtspServer({ port: server.port })
  assert.equal(again.port, server.port)
})

test('a source that ends before its first picture is not published', async () => {
  await using server = await openRtspServer({ port: 0 })
  const broken: VideoSource = { start: (sink) => sink.ended('no film in it'), stop: async () => undefined }
  await assert.rejects(server.publish('/entry', broken), /entry: no film in it/)
  await server.publish('/entry', handCamera())
  await assert.rejects(server.publish('/entry', handCamera()), /published already/)
})

test('a source that is stopped before its first picture is not waited for', async () => {
  await using server = await openRtspServer({ port: 0 })
  const publishing = server.publish('/entry', { start: () => undefined, stop: async () => undefined })
  const refused = assert.rejects(publishing, /entry: stopped before its first picture/)
  await server.close()
  await refused
})

test('without the right password nothing is shown', async () => {
  await using it = await published({ credentials: { username: 'box', password: 'p w', scheme: 'basic' } })
  assert.equal(it.server.url('/entry'), it.url.replace('rtsp://', 'rtsp://box:p%20w@'))
  using client = await openRtspClient(it.url)
  const login = (text: string) => ({ Authorization: `Basic ${Buffer.from(text).toString('base64')}` })
  const refused = await client.request('DESCRIBE', it.url)
  assert.deepEqual([refused.status, refused.headers.get('www-authenticate')?.slice(0, 11)], [401, 'Basic realm'])
  assert.equal((await client.request('DESCRIBE', it.url, login('box:other'))).status, 401)
  assert.equal((await client.request('DESCRIBE', it.url, login('box:p w'))).status, 200)
})
