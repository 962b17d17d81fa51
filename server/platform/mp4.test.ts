/** The fragment parser against files that ffmpeg makes, whole, cut anywhere and growing; the codec strings against those of known encoders. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { durationMs, EMPTY_MP4, type Mp4, readMp4 } from './mp4.ts'

const ffmpeg = spawnSync('ffmpeg', ['-version']).status === 0
const encoders = ffmpeg ? execFileSync('ffmpeg', ['-hide_banner', '-encoders'], { encoding: 'utf8' }) : ''
const skip = ffmpeg && encoders.includes('libx264') ? false : 'needs ffmpeg with libx264 in PATH'
const skipHevc = encoders.includes('libx265') ? false : 'needs ffmpeg with libx265 in PATH'
const folder = mkdtempSync(join(tmpdir(), 'niflr-mp4-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const reading = (content: Buffer) => async (offset: number, length: number) => content.subarray(offset, offset + length)

/** Four seconds at 25 frames a second with a keyframe each second, unless told otherwise. */
function make(name: string, { codec = ['-c:v', 'libx264', '-preset', 'ultrafast'], filter = '', flags = '' } = {}): Buffer {
  const file = join(folder, name)
  const source = ['-f', 'lavfi', '-i', `testsrc2=s=320x180:r=25:d=4${filter}`]
  const movflags = `frag_keyframe+empty_moov+default_base_moof${flags}`
  execFileSync('ffmpeg', ['-loglevel', 'error', '-y', ...source, ...codec, '-g', '25', '-movflags', movflags, file])
  return readFileSync(file)
}

let plain: Buffer
let mp4: Mp4
before(async () => {
  if (skip) return
  plain = make('plain.mp4')
  mp4 = await readMp4(reading(plain))
})

test('a whole file: its picture, its codec, one fragment per keyframe, without a break between them', { skip }, () => {
  const { track, fragments, headBytes } = mp4
  assert.deepEqual([track?.width, track?.height, track?.timescale], [320, 180, 12_800])
  assert.match(track!.codecs!, /^avc1\.[0-9a-f]{6}$/)
  assert.equal(track!.codecs!.slice(5, 9), '42c0', 'constrained baseline, as ultrafast without B-frames is')
  assert.deepEqual(
    fragments.map(({ decodeTicks, ticks, frames, isKeyframe }) => [decodeTicks, ticks, frames, isKeyframe]),
    [0, 1, 2, 3].map((second) => [second * 12_800, 12_800, 25, true])
  )
  assert.equal(durationMs(mp4), 4000)
  let offset = headBytes
  for (const fragment of fragments) {
    assert.equal(fragment.offset, offset)
    offset += fragment.bytes
    assert.match(plain.toString('latin1', fragment.offset, fragment.offset + 8).slice(4), /moof|styp|sidx/)
  }
  assert.equal(mp4.wholeBytes, offset)
})

test('a file cut anywhere is whole up to its last whole fragment', { skip }, async () => {
  const ends = [mp4.headBytes, ...mp4.fragments.map(({ offset, bytes }) => offset + bytes)]
  for (const cut of [0, 7, 100, ...ends.flatMap((end) => [end - 1, end, end + 1, end + 9, end + 700])]) {
    const part = await readMp4(reading(plain.subarray(0, cut)))
    const whole = ends.filter((end) => end <= cut)
    assert.deepEqual(
      [part.wholeBytes, part.fragments.length],
      [whole.at(-1) ?? 0, Math.max(0, whole.length - 1)],
      `cut at ${cut}`
    )
  }
})

test('a growing file is read on from where the last look ended, to the same result', { skip }, async () => {
  let known = EMPTY_MP4
  for (let size = 0; size <= plain.length; size += 4999) known = await readMp4(reading(plain.subarray(0, size)), known)
  assert.deepEqual(await readMp4(reading(plain), known), mp4)
})

test('boxes before a fragment belong to it; those after the last one to none', { skip }, async () => {
  const { fragments, headBytes } = await readMp4(reading(make('styled.mp4', { flags: '+dash' })))
  assert.equal(fragments.length, 4)
  let offset = headBytes
  for (const fragment of fragments) {
    assert.equal(fragment.offset, offset)
    offset += fragment.bytes
  }
})

test('a silence within a fragment is told, and counts as time', { skip }, async () => {
  const filter = ",setpts='PTS+gte(N,40)*3/TB'" // 3 s of nothing after the 40th frame
  const silent = await readMp4(
    reading(make('silent.mp4', { filter, codec: ['-vsync', 'vfr', '-c:v', 'libx264', '-preset', 'ultrafast'] }))
  )
  const still = silent.fragments.flatMap(({ decodeTicks, stillness }) =>
    stillness.map(({ fromTicks, ticks }) => [
      (decodeTicks + fromTicks) / silent.track!.timescale,
      ticks / silent.track!.timescale
    ])
  )
  assert.deepEqual(still, [[1.56, 3.04]])
  assert.equal(durationMs(silent), 7000)
})

test('HEVC is named as HLS does', { skip: skip || skipHevc }, async () => {
  const codec = ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=none', '-tag:v', 'hvc1']
  const { track } = await readMp4(reading(make('hevc.mp4', { codec })))
  assert.match(track!.codecs!, /^hvc1\.1\.6\.L\d+(\.[0-9A-F]+){1,6}$/)
})

test('what is no MP4, or a broken one, is whole up to nothing', async () => {
  const box = (type: string, body: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, 8 + body.length]), Buffer.from(type), body])
  const lying = Buffer.from([0xff, 0xff, 0xff, 0xf0, ...Buffer.from('moov')])
  const empty = Buffer.alloc(0)
  for (const content of [empty, Buffer.alloc(5000), Buffer.from('x'.repeat(5000)), lying, box('ftyp', empty), box('moof', empty)])
    assert.deepEqual((await readMp4(reading(content))).fragments, [])
  const broken = Buffer.concat([
    box('moov', box('trak', box('mdia', box('hdlr', Buffer.from('........vide'))))),
    box('moof', empty),
    box('mdat', empty)
  ])
  assert.deepEqual(await readMp4(reading(broken)), {
    ...EMPTY_MP4,
    headBytes: broken.length - 16,
    wholeBytes: broken.length - 16
  })
})
