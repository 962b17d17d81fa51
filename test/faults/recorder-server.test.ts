/** The real server records while it is killed, its power cut and its clock set: what was recorded is there, and each gap says why. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { managed, openFolder } from '#test/support/box.ts'
import { withoutFfmpeg } from '#test/support/ffmpeg.ts'
import { paintedIn } from '#test/support/recording.ts'
import { openFilmedStore, type Recorded, recordersOf } from './support/filmed-store.ts'
import { cannot, cutPower, makeImage, mountImage } from './support/mounts.ts'

const closed = <T extends { endedAt: Date | null }>(clips: T[]): T[] => clips.filter(({ endedAt }) => endedAt !== null)

/** A flush every five seconds, one keyframe interval, and what a busy machine takes. */
const LOST_AT_MOST_MS = 8000

test('the power is cut in the middle of a clip: whole clips are whole, of the open one all is there but the last seconds', {
  skip: withoutFfmpeg || cannot('mount an image and cut its power')
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'niflr-power-'))
  await using stack = new AsyncDisposableStack()
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  makeImage(join(folder, 'before'), 512)
  let disk = mountImage(join(folder, 'before'))
  stack.defer(() => disk[Symbol.dispose]())
  const filmed = stack.use(await openFilmedStore({ dataDir: join(disk.path, 'data'), env: { CLIP_SECONDS: '12' } }))
  const { store, until, pathOf, sizeOf, sent } = filmed
  await until(({ clips }) => closed(clips).length === 1)
  await until(({ clips }) => clips.length === 2 && sizeOf(clips[1]) > 90_000)
  const postmaster = store.postmaster()!
  cutPower(disk.path)
  const cutAtMs = sent[0]!.at(-1)!
  await store.kill()
  process.kill(-postmaster, 'SIGKILL')
  disk[Symbol.dispose]()
  execFileSync('cp', ['--sparse=always', join(folder, 'before'), join(folder, 'after')])
  disk = mountImage(join(folder, 'after'))
  store.dataDir = join(disk.path, 'data')
  await store.start()
  const { clips, gaps } = await until((now) => now.clips.length >= 3)
  const [first, second] = clips
  assert.equal(sizeOf(first), first!.bytes, 'what the index calls whole, is')
  assert.ok((await paintedIn(pathOf(first!))).length > 0)
  const lostMs = cutAtMs - (await paintedIn(pathOf(second!))).at(-1)!
  t.diagnostic(`${lostMs} ms of the open clip were lost`)
  assert.ok(lostMs < LOST_AT_MOST_MS, `${lostMs} ms of the open clip were lost`)
  assert.deepEqual([second!.recovered, gaps.map(({ cause }) => cause)], [true, ['restart']])
  assert.equal(gaps[0]!.startedAt.getTime(), second!.endedAt!.getTime())
})

const LIBRARY = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1')[0]
const CLIP_MS = 5000
/** A multiple of CLIP_MS: clips are cut when they were. */
const STEP_MS = 90_000

test('the clock is set, then the server is killed in the middle of a clip: one recorder goes on, each gap has its cause, every clip plays', {
  skip: withoutFfmpeg || (LIBRARY ? false : 'skipped: libfaketime is not installed (apt-get install libfaketime)')
}, async (t) => {
  using folder = openFolder()
  const file = join(folder.path, 'clock')
  const setClock = (offMs: number) => writeFileSync(file, `+${offMs / 1000}`)
  setClock(0)
  const faked = { LD_PRELOAD: LIBRARY!, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1', DONT_FAKE_MONOTONIC: '1' }
  await using filmed = await openFilmedStore({ dataDir: join(folder.path, 'data'), env: { ...faked, NO_FAKE_STAT: '1' } })
  const { store, cameraId, until, pathOf, sizeOf } = filmed
  const isOn = ({ clips, gaps }: Recorded) => gaps.every(({ endedAt }) => endedAt) && closed(clips).length > 0
  const { clips: before } = await until(({ clips }) => clips.length >= 2 && closed(clips).length >= 1)

  const cutAtMs = before.at(-1)!.startedAt.getTime() + CLIP_MS
  await sleep(cutAtMs - Date.now() - 150) // so that the clip ends before anybody has looked at the clock
  setClock(STEP_MS)
  const closedSince = ({ clips, gaps }: Recorded) => closed(clips).filter(({ startedAt }) => startedAt >= gaps.at(-1)!.endedAt!)
  const stepped = await until((now) => now.gaps.length === 1 && isOn(now) && closedSince(now).length > 0)
  const [gap] = stepped.gaps
  assert.equal(gap!.cause, 'clock')
  const gapMs = gap!.endedAt!.getTime() - gap!.startedAt.getTime()
  assert.ok(gapMs > STEP_MS - 2000 && gapMs < STEP_MS + 8000, `${gapMs} ms`)
  const after = closed(stepped.clips).at(-1)!
  const aheadMs = after.startedAt.getTime() - (await paintedIn(pathOf(after)))[0]!
  t.diagnostic(`after a step of ${STEP_MS} ms a clip starts ${aheadMs} ms after its first picture`)
  assert.ok(Math.abs(aheadMs - STEP_MS) < 300, `${aheadMs} ms`)

  setClock(0)
  const back = await until((now) => now.gaps.length === 2 && isOn(now) && sizeOf(now.clips.at(-1)) > 20_000)
  assert.deepEqual(back.gaps.map(({ cause }) => cause), ['clock', 'clock']) // biome-ignore format: one thought

  const [recorder] = recordersOf(cameraId)
  process.kill(store.child!.pid!, 'SIGKILL')
  await once(store.child!, 'exit')
  await store.start()
  const { clips, gaps } = await until((now) => now.gaps.length === 3 && isOn(now) && sizeOf(now.clips.at(-1)) > 20_000)
  assert.equal(gaps[2]!.cause, 'restart')
  const recorders = recordersOf(cameraId)
  assert.equal(recorders.length, 1, 'one recorder')
  assert.notEqual(recorders[0], recorder)
  assert.ok(clips.some(({ recovered }) => recovered))
  for (const clip of closed(clips)) assert.ok((await paintedIn(pathOf(clip))).length > 0, clip.file)

  const would = await managed(store.dataDir, ['clips', '--dry-run'], { CLIP_FREE_SPACE_GB: '100000' })
  const named = [...would.matchAll(/^\S+Z {2}0\.0 GB {2}space {2}video (\S+) {2}camera (\S+)$/gm)].map(([, id]) => id)
  for (const { id } of closed(clips)) assert.ok(named.includes(id), would)
  assert.match(would, /^\d+ videos would go; then videos take 0\.0 GB of 50\.0 GB, .* GB free \(at least 100000\.0 GB\)$/m)
  for (const clip of closed(clips)) assert.ok(sizeOf(clip) > 0, 'nothing went')
})
