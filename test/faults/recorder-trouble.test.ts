/** Cameras that fall silent and a disk that is full: the gap says why, people are told, and recording goes on by itself. */
import assert from 'node:assert/strict'
import { closeSync, openSync, readdirSync, rmdirSync, rmSync, symlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { watchCameras } from '#server/domain/camera/actions.ts'
import { withoutFfmpeg as skip } from '#test/support/ffmpeg.ts'
import { openRecordingStore, paintedIn, pathOf, recordedOf, untilRecorded } from '#test/support/recording.ts'
import { eventsOf } from '#test/support/visiting.ts'
import { cannot, mountTmpfs } from './support/mounts.ts'

test('a camera silent for ten seconds, over TCP and UDP: a gap of just that; one silent for longer is offline until its next frame', {
  skip
}, async (t) => {
  await using store = await openRecordingStore({ cameras: 3 })
  const [tcp, udp, long] = [
    await store.onboard({ name: 'tcp' }),
    await store.onboard({ name: 'udp', transport: 'udp', streamUrl: store.rtsp.url('/2') }),
    await store.onboard({ name: 'long', streamUrl: store.rtsp.url('/3') })
  ]
  for (const id of [tcp, udp, long]) await untilRecorded(store, id, ({ clips }) => (clips.at(-1)?.fragments.length ?? 0) >= 2)
  await watchCameras(store.ctx)
  for (const [path, ms] of [['/1', 10_500], ['/2', 10_500], ['/3', 24_000]] as const) store.rtsp.silence(path, ms) // biome-ignore format: a table
  const silentSinceMs = store.sent.map((times) => times.at(-1)!)
  const alarms = async () =>
    (await store.admin.send('GET', '/api/v1/alarms?open=true')).body.items.map((alarm: { kind: string; subject: string }) => [
      ...[alarm.kind, alarm.subject]
    ])
  const until = async (what: string, isSo: () => Promise<boolean>) => {
    for (const endMs = performance.now() + 60_000; !(await isSo()); ) {
      assert.ok(performance.now() < endMs, `never: ${what}`)
      await sleep(200)
      await watchCameras(store.ctx)
    }
  }
  const told = async (name: string) => (await eventsOf(store.ctx, name)).map(({ cameraId }) => cameraId)
  await until('the long silence is told', async () => (await told('camera.offline')).includes(long))
  assert.ok((await alarms()).some(([kind, subject]: string[]) => kind === 'camera-offline' && subject === long))
  assert.equal((await store.admin.send('GET', `/api/v1/cameras/${long}`)).body.online, false)
  for (const [n, [name, id]] of [
    ['tcp', tcp],
    ['udp', udp]
  ].entries()) {
    const isOn = ({ clips, gaps }: Awaited<ReturnType<typeof recordedOf>>) =>
      gaps.length > 0 && gaps.every(({ to }) => to) && clips.at(-1)!.fragments.length > 0
    const { clips, gaps } = await untilRecorded(store, id!, isOn)
    assert.deepEqual(gaps.map(({ cause }) => cause), ['offline'], name) // biome-ignore format: one thought
    const late = Date.parse(gaps[0]!.from) - silentSinceMs[n]!
    const seconds = (Date.parse(gaps[0]!.to!) - Date.parse(gaps[0]!.from)) / 1000
    t.diagnostic(`${name}: a gap of ${seconds} s, from ${late} ms after the last picture`)
    assert.ok(Math.abs(late) < 300, `${name}: the gap begins ${late} ms after the last picture`)
    assert.ok(seconds > 10 && seconds < 16, `${name}: ${seconds} s`)
    const whole = clips.filter(({ endedAt }) => endedAt)
    for (const { path } of whole) assert.ok((await paintedIn(path)).length > 0)
  }
  await until('it is back', async () => (await told('camera.online')).filter((id) => id === long).length === 2) // at its first frame, and again
  await until('its alarm is over', async () => (await alarms()).length === 0)
  assert.equal((await store.admin.send('GET', `/api/v1/cameras/${long}`)).body.online, true)
})

/** Takes every byte that is left. */
function fill(path: string): void {
  const file = openSync(path, 'w')
  try {
    for (let size = 65_536; size >= 1; size /= 4) {
      try {
        for (;;) writeSync(file, Buffer.alloc(size))
      } catch {} // not even that much is left: try less
    }
  } finally {
    closeSync(file)
  }
}

test('the disk is full, or nearly: the gap says so, what was recorded plays, and with space it goes on', {
  skip: skip || cannot('mount a tmpfs')
}, async () => {
  using disk = mountTmpfs(8)
  await using store = await openRecordingStore()
  rmdirSync(pathOf(store))
  symlinkSync(disk.path, pathOf(store))
  const cameraId = await store.onboard()
  const filler = join(disk.path, 'filler')
  const camera = async () => (await store.admin.send('GET', `/api/v1/cameras/${cameraId}`)).body
  const goesOn = (
    gapCount: number // for more than a second: two gaps with less than that between them are one
  ) =>
    untilRecorded(store, cameraId, ({ clips, gaps }) => {
      const since = clips.filter(({ startedAt }) => startedAt.toISOString() >= (gaps.at(-1)?.to ?? '~'))
      return gaps.length === gapCount && since.flatMap(({ fragments }) => fragments).length >= 3
    })
  await untilRecorded(store, cameraId, ({ clips }) => clips.flatMap(({ fragments }) => fragments).length >= 2)

  fill(filler)
  const full = await untilRecorded(store, cameraId, ({ gaps }) => gaps.length === 1)
  assert.equal(full.gaps[0]!.cause, 'disk')
  while ((await camera()).state !== 'retrying') await sleep(50)
  assert.match((await camera()).stateReason, /No space left/)
  rmSync(filler)
  const after = await goesOn(1)
  assert.ok(
    after.clips.some(({ startedAt }) => startedAt.toISOString() === after.gaps[0]!.to),
    'the gap ends where the next clip starts'
  )

  const { config } = store.ctx
  const withFloor = (bytes: number) => Object.assign(store.ctx, { config: { ...config, clipFreeSpaceGb: (bytes * 10) / 1e9 } })
  withFloor(100e6) // recording stops at a tenth of CLIP_FREE_SPACE_GB
  const stopped = await untilRecorded(store, cameraId, ({ gaps }) => gaps.length === 2)
  assert.equal(stopped.gaps[1]!.cause, 'disk')
  assert.deepEqual(store.recorder.degraded(), ['cameras: the disk is full, nothing is recorded'])
  while ((await camera()).state !== 'not-possible') await sleep(20)
  assert.equal((await camera()).stateReason, 'the disk is full')
  withFloor(0)
  await goesOn(2)
  assert.deepEqual(store.recorder.degraded(), [])
  await store.stop()
  const rows = (await recordedOf(store, cameraId)).clips
  for (const { path } of rows) assert.ok((await paintedIn(path)).length > 0, path)
  assert.deepEqual(readdirSync(join(disk.path, cameraId)).length, rows.length, 'no file without a row')
})
