/** A store that records in tests: simulated cameras over RTSP, clips in seconds, and what their pictures say of the time. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { VideoGap } from '#contracts/api/videos.ts'
import { type ClipFile, clipFilesDuring, gapsDuring } from '#server/domain/camera/actions.ts'
import { startRecorder } from '#server/recorder/index.ts'
import type { VideoSink, VideoSource } from '#simulator/rtsp/access-unit.ts'
import { readClockStrip } from '#simulator/rtsp/clock-strip.ts'
import { clockSource } from '#simulator/rtsp/painted-source.ts'
import { openRtspServer } from '#simulator/rtsp/server.ts'
import { decodeGray } from './ffmpeg.ts'
import { openTestStore, type TestStoreOptions } from './store.ts'

export const [WIDTH, HEIGHT, FPS] = [320, 180, 25]
export const CREDENTIALS = { username: 'bob', password: 's3cret-Word', scheme: 'digest' as const }

/** An RTSP server with `cameras` painted clocks at /1, /2 …; `sent` is when each of their pictures was painted. */
export async function openClocks(stack: AsyncDisposableStack, cameras: number) {
  const rtsp = stack.use(await openRtspServer({ port: 0, credentials: CREDENTIALS, joinAt: 'next-keyframe' }))
  const sent: number[][] = []
  for (let n = 1; n <= cameras; n++) {
    const { source, times } = noting(clockSource({ width: WIDTH, height: HEIGHT, fps: FPS }))
    sent.push(times)
    await rtsp.publish(`/${n}`, source)
  }
  return { rtsp, sent }
}

/** A store with a recorder and `cameras` painted clocks; clips as short as they may be. `runDir`: where the system tells of its clock. */
export async function openRecordingStore({
  cameras = 1,
  runDir = '/nowhere',
  ...options
}: TestStoreOptions & { cameras?: number; runDir?: string } = {}) {
  await using stack = new AsyncDisposableStack()
  const { rtsp, sent } = await openClocks(stack, cameras)
  const store = stack.use(
    await openTestStore({ ...options, env: { CLIP_SECONDS: '5', CLIP_FREE_SPACE_GB: '0', ...options.env } })
  )
  const recorder = startRecorder(store.ctx, { runDir })
  const stop = () => recorder.stop()
  stack.defer(stop)
  const resources = stack.move()
  const onboard = async (more: object = {}): Promise<string> => {
    const body = { name: 'till', tag: 'IN_STORE', streamUrl: rtsp.url('/1'), ...more }
    const answer = await store.admin.send('POST', '/api/v1/cameras', body)
    assert.equal(answer.status, 201, answer.text)
    return answer.body.id
  }
  return { ...store, rtsp, sent, recorder, onboard, stop, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}
export type RecordingStore = Awaited<ReturnType<typeof openRecordingStore>>

const EVER = { from: new Date(0), to: new Date('2100-01-01') }

/** The same source, and when each picture that it gave out was painted. */
function noting(inner: VideoSource): { source: VideoSource; times: number[] } {
  const times: number[] = []
  const note = (sink: VideoSink): VideoSink => ({
    ...sink,
    picture(unit) {
      times.push(Math.round(unit.atMs))
      sink.picture(unit)
    }
  })
  return { times, source: { start: (sink) => inner.start(note(sink)), stop: () => inner.stop() } }
}

/** Every clip of a camera so far, oldest first; `gaps` are those of all its time. */
export async function recordedOf(
  { ctx }: Pick<RecordingStore, 'ctx'>,
  cameraId: string
): Promise<{ clips: ClipFile[]; gaps: VideoGap[] }> {
  const to = new Date(Date.now() + 60_000)
  const gaps = await gapsDuring(ctx, { cameraId, ...EVER }) // first: a gap ends together with the next clip's beginning
  return { clips: await clipFilesDuring(ctx, { cameraId, from: new Date(to.getTime() - 3_600_000), to }), gaps }
}

/** Until `isSo` of what is recorded; fails after `withinMs` with what there was. */
export async function untilRecorded(
  store: Pick<RecordingStore, 'ctx'>,
  cameraId: string,
  isSo: (recorded: Awaited<ReturnType<typeof recordedOf>>) => boolean,
  withinMs = 40_000
) {
  for (const deadlineMs = performance.now() + withinMs; ; await sleep(50)) {
    const recorded = await recordedOf(store, cameraId)
    if (isSo(recorded)) return recorded
    if (performance.now() > deadlineMs) assert.fail(`not recorded in time: ${JSON.stringify(recorded, null, 1)}`)
  }
}

/** When each picture of a clip was painted, in Unix milliseconds. Fails for a picture without a clock. */
export async function paintedIn(path: string): Promise<number[]> {
  const shape = { width: WIDTH, height: HEIGHT }
  const pictures = await decodeGray(['-i', path], { ...shape, count: 100_000 })
  return pictures.map(({ gray }, n) => {
    const atMs = readClockStrip(gray, shape)
    assert.ok(atMs !== null, `${path}: picture ${n} shows no clock`)
    return atMs
  })
}

export const pathOf = ({ dataDir }: { dataDir: string }, ...rest: string[]): string => join(dataDir, 'clips', ...rest)
