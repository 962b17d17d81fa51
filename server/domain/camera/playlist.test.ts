/** Playlists by table: which fragments a window shows, what is said at clips and gaps, and what may still change. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bytesOfWindow, type Clip, footageOf, type Gap, isWholeWindow, piecesOf } from './footage.ts'
import { playlistOf } from './playlist.ts'

const T0 = Date.parse('2026-03-01T08:00:00.000Z')
const at = (seconds: number) => T0 + Math.round(seconds * 1000)

/** A clip whose fragments last so many seconds each; fragment n has 1000 + n bytes. */
function clip(id: string, from: number, seconds: number[], { isOpen = false } = {}): Clip {
  const startMs = at(from)
  const fragments = seconds.map((s, n) => ({ bytes: 1000 + n, ticks: Math.round(s * 90_000) }))
  const endMs = isOpen ? null : startMs + Math.round(seconds.reduce((sum, s) => sum + s, 0) * 1000)
  const file = {
    path: `/clips/${id}.mp4`,
    isUploaded: false,
    codecs: 'avc1.42c00a',
    width: 64,
    height: 36,
    timescale: 90_000,
    headBytes: 700
  }
  return { id, cameraId: 'c', startMs, endMs, fragments, ...file }
}
const each = (count: number, seconds = 1) => Array.from({ length: count }, () => seconds)
const window = (from: number, to: number) => ({ fromMs: at(from), toMs: at(to) })
const LATER = at(100_000)

type Facts = { clips: Clip[]; gaps?: Gap[]; from: number; to: number; nowMs?: number }
const playlist = ({ clips, gaps = [], from, to, nowMs = LATER }: Facts) =>
  playlistOf({ clips, gaps, window: window(from, to), nowMs, urlOf: ({ id }) => `/${id}` })
const linesOf = (text: string | null, tag: string) => (text ?? '').split('\n').filter((line) => line.startsWith(tag))
/** Clip and seconds since T0 of each fragment that is shown. */
const shown = ({ clips, gaps = [], from, to }: Facts) =>
  footageOf(clips, gaps, window(from, to)).flatMap(({ clip: { id }, pieces }) =>
    pieces.map(({ startMs }) => `${id}${(startMs - T0) / 1000}`)
  )

test('a playlist is the window, byte for byte', () => {
  const text = playlist({ clips: [clip('a', 0, each(10)), clip('b', 10.003, each(10))], from: 8.5, to: 11.2 })
  assert.equal(
    text,
    `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:1
#EXT-X-PLAYLIST-TYPE:EVENT
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-START:TIME-OFFSET=0.500,PRECISE=YES
#EXT-X-MAP:URI="/a",BYTERANGE="700@0"
#EXT-X-PROGRAM-DATE-TIME:2026-03-01T08:00:08.000Z
#EXTINF:1.000,
#EXT-X-BYTERANGE:1008@8728
/a
#EXT-X-PROGRAM-DATE-TIME:2026-03-01T08:00:09.000Z
#EXTINF:1.000,
#EXT-X-BYTERANGE:1009@9736
/a
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="/b",BYTERANGE="700@0"
#EXT-X-PROGRAM-DATE-TIME:2026-03-01T08:00:10.003Z
#EXTINF:1.000,
#EXT-X-BYTERANGE:1000@700
/b
#EXT-X-PROGRAM-DATE-TIME:2026-03-01T08:00:11.003Z
#EXTINF:1.000,
#EXT-X-BYTERANGE:1001@1700
/b
#EXT-X-ENDLIST
`
  )
})

test('exactly the fragments that overlap the window: an end that touches is none', () => {
  const clips = [clip('a', 0, each(10))]
  const CASES: [from: number, to: number, expected: string[]][] = [
    [3, 5, ['a3', 'a4']],
    [3.001, 5.001, ['a3', 'a4', 'a5']],
    [2.999, 4.999, ['a2', 'a3', 'a4']],
    [3.2, 3.3, ['a3']],
    [-5, 1, ['a0']],
    [-5, 0, []],
    [9.9, 50, ['a9']],
    [10, 50, []]
  ]
  for (const [from, to, expected] of CASES) assert.deepEqual(shown({ clips, from, to }), expected, `${from} to ${to}`)
  assert.equal(playlist({ clips, from: 10, to: 50 }), null)
})

test('clips that overlap by milliseconds are shown whole; what two recorders recorded at once is shown once', () => {
  const close = [clip('a', 0, each(5)), clip('b', 4.996, each(5))]
  assert.deepEqual(shown({ clips: close, from: 3, to: 7 }), ['a3', 'a4', 'b4.996', 'b5.996', 'b6.996'])
  const handover = [clip('b', 3.5, each(6)), clip('a', 0, each(6))]
  assert.deepEqual(shown({ clips: handover, from: 0, to: 9 }).slice(4), ['a4', 'a5', 'b5.5', 'b6.5', 'b7.5', 'b8.5'])
  const within = [clip('a', 0, each(9)), clip('b', 3, each(2))]
  assert.deepEqual(
    shown({ clips: within, from: 0, to: 9 }).filter((name) => name.startsWith('b')),
    []
  )
})

test('after the clock was set back the same times come twice, and none of it is left out', () => {
  const clips = [clip('a', 0, each(60)), clip('b', 30, each(60))]
  const step: Gap = { fromMs: at(60), toMs: at(60), cause: 'clock' }
  assert.equal(shown({ clips, gaps: [step], from: 0, to: 90 }).length, 120)
  assert.equal(shown({ clips, from: 0, to: 90 }).length, 90)
})

test('a gap is told with its cause; one that nobody noted is told as unknown; a millisecond is none', () => {
  const clips = [clip('a', 0, each(5)), clip('b', 9, each(5)), clip('c', 14.003, each(2)), clip('d', 20, each(2))]
  const gaps: Gap[] = [{ fromMs: at(5), toMs: at(9), cause: 'offline' }]
  const text = playlist({ clips, gaps, from: 2, to: 24 })
  assert.deepEqual(linesOf(text, '#EXT-X-DATERANGE'), [
    '#EXT-X-DATERANGE:ID="offline-1772352005000",CLASS="niflr.gap",START-DATE="2026-03-01T08:00:05.000Z",DURATION=4.000,X-CAUSE="offline"',
    '#EXT-X-DATERANGE:ID="unknown-1772352016003",CLASS="niflr.gap",START-DATE="2026-03-01T08:00:16.003Z",DURATION=3.997,X-CAUSE="unknown"',
    '#EXT-X-DATERANGE:ID="unknown-1772352022000",CLASS="niflr.gap",START-DATE="2026-03-01T08:00:22.000Z",DURATION=2.000,X-CAUSE="unknown"'
  ])
  assert.equal(linesOf(text, '#EXT-X-DISCONTINUITY').length, 3)
})

test('a gap that lasts is told once it is over, or with the end of the window', () => {
  const clips = [clip('a', 0, each(5)), clip('b', 9, each(5), { isOpen: true })]
  const lasting: Gap[] = [{ fromMs: at(12), toMs: null, cause: 'offline' }]
  const growing = playlist({ clips, gaps: lasting, from: 2, to: 24, nowMs: at(14) })
  assert.deepEqual(
    linesOf(growing, '#EXT-X-DATERANGE').map((line) => /ID="(\w+)/.exec(line)![1]),
    ['unknown']
  )
  const over = playlist({ clips: [clips[0]!, clip('b', 9, each(3))], gaps: lasting, from: 2, to: 24 })
  assert.match(linesOf(over, '#EXT-X-DATERANGE').at(-1)!, /ID="offline-\d+".*DURATION=12\.000/)
})

test('a window ends when its end is recorded, or when nothing more can come', () => {
  const CASES: [what: string, clips: Clip[], to: number, now: number, isWhole: boolean][] = [
    ['an open clip that has not reached it', [clip('a', 0, each(8), { isOpen: true })], 10, 12, false],
    ['an open clip that has', [clip('a', 0, each(10), { isOpen: true })], 10, 10, true],
    ['a closed clip that has', [clip('a', 0, each(10))], 10, 10, true],
    ['a closed clip that has not, just now', [clip('a', 0, each(8))], 10, 12, false],
    ['a closed clip that has not, long ago', [clip('a', 0, each(8))], 10, 30, true],
    ['an open clip that has not, however long ago', [clip('a', 0, each(8), { isOpen: true })], 10, 500, false],
    ['one in the future', [clip('a', 0, each(8))], 60, 9, false],
    ['an open clip after it', [clip('a', 0, each(10)), clip('b', 10, each(1), { isOpen: true })], 10, 11, true],
    ['nothing at all, long ago', [], 10, 30, true]
  ]
  for (const [what, clips, to, now, isWhole] of CASES) assert.equal(isWholeWindow(clips, window(0, to), at(now)), isWhole, what)
})

test('short fragments go together, longer ones in long windows; the last ones of a clip that grows wait', () => {
  const durations = (text: string | null) => linesOf(text, '#EXTINF').map((line) => Number(/[\d.]+/.exec(line)![0]))
  const short = (isOpen: boolean) => [clip('a', 0, each(9, 0.4), { isOpen })]
  assert.deepEqual(durations(playlist({ clips: short(false), from: 0, to: 100 })), [1.2, 1.2, 1.2])
  assert.deepEqual(durations(playlist({ clips: [clip('a', 0, each(8, 0.4))], from: 0, to: 100 })), [1.2, 1.2, 0.8])
  assert.deepEqual(durations(playlist({ clips: [clip('a', 0, each(8, 0.4), { isOpen: true })], from: 0, to: 100 })), [1.2, 1.2])
  assert.deepEqual(durations(playlist({ clips: short(true), from: 0, to: 1.5 })), [1.2, 0.4])
  assert.deepEqual(durations(playlist({ clips: [clip('a', 0, each(13))], from: 0, to: 7200 })), [6, 6, 1])
})

test('while a clip grows, what was told of it stays: each playlist begins with the one before', () => {
  const duration = fc.integer({ min: 100, max: 3000 }).map((ms) => ms / 1000)
  const facts = fc.record({
    seconds: fc.array(duration, { minLength: 1, maxLength: 40 }),
    from: fc.integer({ min: -5, max: 30 }),
    length: fc.integer({ min: 1, max: 60 })
  })
  const body = (text: string | null) => (text ?? '').split('\n').filter((line) => /^\/|^#EXTINF|^#EXT-X-BYTERANGE/.test(line))
  fc.assert(
    fc.property(facts, ({ seconds, from, length }) => {
      let before: string[] = []
      for (let count = 1; count <= seconds.length + 1; count++) {
        const isOpen = count <= seconds.length
        const now = body(
          playlist({ clips: [clip('a', 0, seconds.slice(0, count), { isOpen })], from, to: from + length, nowMs: at(0) })
        )
        assert.deepEqual(now.slice(0, before.length), before)
        before = now
      }
    })
  )
})

test('a link to a window gives its bytes and no others', () => {
  const a = clip('a', 0, each(10))
  const pieces = piecesOf(a)
  assert.deepEqual(bytesOfWindow(a, window(3.5, 5.5)), {
    headBytes: 700,
    first: pieces[3]!.offset,
    end: pieces[5]!.offset + pieces[5]!.bytes
  })
  assert.equal(bytesOfWindow(a, window(20, 30)), null)
})
