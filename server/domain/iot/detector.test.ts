/** The detector by example: what it records of a scale's readings, how rows settle, and when. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oneScale } from '#test/support/one-scale.ts'
import { NEW_SCALE, read, stand } from './detector.ts'
import { sigmaOf } from './noise.ts'

const steady = (grams: number, count: number) => Array.from({ length: count }, () => grams)
const down = (fromGrams: number, stepGrams: number, count: number) =>
  Array.from({ length: count }, (_, n) => fromGrams - stepGrams * (n + 1))

/** A scale that has read 1 000 g and then these, a second apart. */
function at1000(...readings: number[]) {
  const scale = oneScale()
  scale.readsAll([1000, ...readings])
  return scale
}

test('the first reading of a scale is its first baseline and no change', () => {
  const scale = oneScale()
  assert.deepEqual(scale.reads(1805), [])
  assert.equal(scale.state.baseline, 1805)
  assert.equal(scale.state.weight, 1805)
  assert.equal(scale.state.readAtMs, scale.nowMs)
  assert.equal(scale.state.pending, null)
})

test('two machines that report in turn change nothing on each other’s scales', () => {
  const [one, other] = [oneScale(), oneScale()]
  for (let n = 0; n < 20; n++) assert.deepEqual([...one.reads(400), ...other.reads(7000)], [])
  assert.deepEqual([one.state.baseline, other.state.baseline], [400, 7000])
})

test('a difference equal to the threshold counts, one gram less does not', () => {
  const table: [number, number[]][] = [
    [970, [-30]],
    [971, []],
    [1030, [30]],
    [1029, []],
    [1000, []]
  ]
  for (const [grams, rows] of table) assert.deepEqual(at1000(grams).grams(), rows, `${grams} g`)
})

test('a baseline that crept to a fraction of a gram is rounded before it is compared', () => {
  const table: [number, number, number[]][] = [
    [1000.4, 970, [-30]],
    [1000.4, 971, []],
    [1000.5, 971, [-30]],
    [1000.5, 972, []],
    [1000.5, 1031, [30]]
  ]
  for (const [baseline, grams, rows] of table) {
    const scale = at1000()
    scale.state = { ...scale.state, baseline }
    scale.reads(grams)
    assert.deepEqual(scale.grams(), rows, `${baseline} → ${grams}`)
  }
})

test('a jump is recorded at once, unsettled, with the weights before and after it', () => {
  const scale = at1000()
  const [effect] = scale.reads(700, { afterMs: 2000 })
  const row = { rowId: 'row 1', occurredMs: scale.nowMs, fromMs: scale.nowMs, foundLate: false }
  assert.deepEqual(effect, { kind: 'record', row, grams: -300, before: 1000, after: 700, settled: false })
  assert.equal(scale.state.baseline, 1000)
  assert.equal(scale.state.weight, 700)
})

test('the next reading confirms a jump, corrects its grams or withdraws it, in the same row with a growing version', () => {
  const table: [string, number[], { grams: number; version: number; isSettled: boolean; isWithdrawn: boolean }, number][] = [
    ['confirms', [700], { grams: -300, version: 2, isSettled: true, isWithdrawn: false }, 700],
    ['corrects within the threshold', [729], { grams: -271, version: 2, isSettled: true, isWithdrawn: false }, 729],
    ['a whole threshold back is another jump', [730], { grams: -270, version: 2, isSettled: false, isWithdrawn: false }, 1000],
    ['… which the one after confirms', [730, 728], { grams: -272, version: 3, isSettled: true, isWithdrawn: false }, 728],
    ['back where it was', [1000], { grams: -300, version: 2, isSettled: false, isWithdrawn: true }, 1000],
    ['back within the threshold', [971], { grams: -300, version: 2, isSettled: false, isWithdrawn: true }, 1000],
    ['not quite back', [970], { grams: -30, version: 2, isSettled: false, isWithdrawn: false }, 1000],
    ['to the other side', [1200], { grams: 200, version: 2, isSettled: false, isWithdrawn: false }, 1000],
    ['… and confirmed there', [1200, 1199], { grams: 199, version: 3, isSettled: true, isWithdrawn: false }, 1199]
  ]
  for (const [what, readings, expected, baseline] of table) {
    const scale = at1000(700, ...readings)
    assert.equal(scale.rows.size, 1, `${what}: one row for one action`)
    const { grams, version, isSettled, isWithdrawn } = scale.rows.get('row 1')!
    assert.deepEqual({ grams, version, isSettled, isWithdrawn }, expected, what)
    assert.equal(scale.state.baseline, baseline, what)
  }
})

test('a further full step the same way is an action of its own 500 ms or more after the last reading, and the same action before', () => {
  const table: [number, number, number[], boolean[]][] = [
    [500, 670, [-300, -30], [true, false]],
    [499, 670, [-330], [false]],
    [500, 671, [-329], [true]],
    [500, 200, [-300, -500], [true, false]]
  ]
  for (const [afterMs, grams, rows, settled] of table) {
    const scale = at1000(700)
    scale.reads(grams, { afterMs })
    assert.deepEqual(scale.grams(), rows, `${grams} g after ${afterMs} ms`)
    assert.deepEqual(
      scale.live().map((row) => row.isSettled),
      settled
    )
  }
})

test('a second step put back is two rows that cancel out, whichever way it goes', () => {
  const placed = at1000(1300, 1600)
  assert.deepEqual(placed.grams(), [300, 300])
  const scale = at1000(700, 400, 700)
  assert.deepEqual(scale.grams(), [-300], 'the second is withdrawn')
  assert.equal(scale.state.baseline, 700)
})

test('with no further reading for 10 s a row stands', () => {
  const scale = at1000(700)
  assert.equal(scale.stands()[0]?.kind, 'correct')
  assert.deepEqual(
    scale.live().map(({ grams, version, isSettled }) => ({ grams, version, isSettled })),
    [{ grams: -300, version: 2, isSettled: true }]
  )
  assert.equal(scale.state.baseline, 700)
  assert.deepEqual(scale.stands(), [])
  assert.deepEqual(stand(NEW_SCALE), { state: NEW_SCALE, effects: [] })
})

test('a reading 10 s or more after an unsettled row begins anew; one before that still judges it', () => {
  const later = at1000(700)
  later.reads(1000, { afterMs: 10_000 })
  assert.deepEqual(
    later.live().map(({ grams, isSettled }) => [grams, isSettled]),
    [
      [-300, true],
      [300, false]
    ]
  )
  const sooner = at1000(700)
  sooner.reads(1000, { afterMs: 9_999 })
  assert.deepEqual(sooner.grams(), [])
})

test('twenty grams fifty times is one kilogram, however fast it comes', () => {
  const picks = down(1000, 20, 50)
  for (const afterMs of [1000, 100, 20, 0]) {
    const scale = at1000()
    scale.readsAll(picks, { afterMs })
    scale.stands()
    assert.equal(scale.sum(), -1000, `${afterMs} ms apart`)
    assert.equal(scale.state.baseline, 0)
  }
})

test('twenty grams fifty times is one kilogram with steady readings between, and when the noise is known', () => {
  const between = at1000()
  for (const grams of down(1000, 20, 50)) between.readsAll(steady(grams, 4))
  assert.equal(between.sum(), -1000)
  const known = oneScale()
  for (let n = 0; n < 41; n++) known.reads(1000 + ((n + 1) % 3) - 1)
  assert(sigmaOf(known.state.noise) > 0.5)
  known.readsAll(down(1000, 20, 50))
  known.stands()
  assert.equal(known.sum(), -1000)
  assert(Math.abs(known.state.creep) < 1, `the scatter moved the baseline by ${known.state.creep} g`)
})

test('exactly the threshold fifty times is fifty rows at a reading a second, and the same sum at ten', () => {
  const slow = at1000()
  slow.readsAll(down(1000, 30, 50))
  slow.stands()
  assert.deepEqual(slow.grams(), steady(-30, 50))
  const fast = at1000()
  fast.readsAll(down(1000, 30, 50), { afterMs: 100 })
  fast.stands()
  assert.equal(fast.sum(), -1500)
})

test('a jump is not confirmed while the plate still swings through as much as the change, three agreeing readings at most', () => {
  const swinging = { swingGrams: 300 }
  const scale = at1000(700)
  scale.reads(705, swinging)
  scale.reads(700, swinging)
  assert(scale.state.pending)
  assert.equal(scale.live()[0]!.version, 3)
  scale.reads(695, swinging)
  assert.equal(scale.state.pending, null)
  assert.deepEqual(scale.grams(), [-305])
  const table: [number | null, boolean][] = [
    [300, true],
    [299, false],
    [0, false],
    [null, false],
    [499, true],
    [500, false],
    [1600, false]
  ]
  for (const [swingGrams, isOpen] of table) {
    const other = at1000(700)
    other.reads(700, { swingGrams })
    assert.equal(other.state.pending !== null, isOpen, `extremes ${swingGrams} g apart`)
  }
})

test('readings that jump about count as agreeing only from the last jump on', () => {
  const swinging = { swingGrams: 499 }
  const scale = at1000(700)
  scale.readsAll([700, 700, 800, 800, 800], swinging)
  assert(scale.state.pending)
  scale.reads(800, swinging)
  assert.equal(scale.state.pending, null)
  assert.deepEqual(scale.grams(), [-200])
})

test('a swinging reading the same way within the threshold is no second action', () => {
  const scale = at1000(700)
  scale.reads(690, { swingGrams: 400 })
  scale.reads(680)
  assert.deepEqual(scale.grams(), [-320])
})

test('reading changes no state it was given', () => {
  const before = Object.freeze({ ...NEW_SCALE })
  const reading = { grams: 5, atMs: 0, gapMs: 0, isSure: false, isLate: false }
  const { state } = read(before, reading, { thresholdGrams: 30, newId: () => 'row' })
  assert.notEqual(state, before)
  assert.equal(before.baseline, null)
})
