/** Changes that a machine settled itself, before, after and between the heartbeats about the same action. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oneScale } from '#test/support/one-scale.ts'
import { NEW_SCALE } from './detector.ts'
import { takeChange } from './device-change.ts'

type Scale = ReturnType<typeof oneScale>

/** A scale that has read 1 000 g and then these, a second apart. */
function at1000(...readings: number[]): Scale {
  const scale = oneScale()
  scale.readsAll([1000, ...readings])
  return scale
}
const rowsOf = (scale: Scale) => scale.live().map(({ rowId, grams, isSettled }) => [rowId, grams, isSettled])

test('a change before the heartbeat moves the baseline, so that a heartbeat that agrees makes no second row', () => {
  const scale = at1000()
  const [effect] = scale.changes(-200, { agoMs: 300 })
  const atMs = scale.nowMs - 300
  const row = { rowId: 'row 1', occurredMs: atMs, fromMs: atMs, foundLate: false }
  assert.deepEqual(effect, { kind: 'record', row, grams: -200, before: 1000, after: 800, settled: true })
  assert.deepEqual([scale.state.baseline, scale.state.weight, scale.state.noise.mean], [800, 800, 800])
  scale.readsAll([803, 800, 797])
  assert.deepEqual(rowsOf(scale), [['row 1', -200, true]])
})

test('a change about what a heartbeat already said takes its row over, settled, with the machine’s grams', () => {
  const table: [string, number[], number, number][] = [
    ['unsettled', [800], -195, 805],
    ['settled', [800, 800], -195, 805],
    ['a gram less than the threshold apart', [800, 800], -171, 829],
    ['… and the other way', [800], -229, 771]
  ]
  for (const [what, readings, grams, level] of table) {
    const scale = at1000(...readings)
    const { version } = scale.live()[0]!
    const [effect, ...more] = scale.changes(grams)
    assert(effect?.kind === 'correct' && effect.isClaim)
    assert.deepEqual(more, [])
    assert.deepEqual(rowsOf(scale), [['row 1', grams, true]], what)
    assert.equal(scale.live()[0]!.version, version + 1)
    assert.deepEqual([scale.state.baseline, scale.state.noise.mean], [level, level], what)
    assert.deepEqual([scale.state.pending, scale.state.unclaimed], [null, []], what)
    scale.readsAll([800, 800])
    assert.equal(scale.grams()[0], grams, `${what}: no heartbeat changes it again`)
  }
})

test('a row is claimed once: the same change again is another action', () => {
  const scale = at1000(800, 800)
  scale.changes(-200)
  scale.changes(-200)
  assert.deepEqual(scale.grams(), [-200, -200])
  assert.equal(scale.state.baseline, 600)
})

test('a change the other way is no part of the row', () => {
  const scale = at1000(800, 800)
  scale.changes(200)
  assert.deepEqual(scale.grams(), [-200, 200])
  assert.equal(scale.state.baseline, 1000)
  const [claim] = scale.changes(-200)
  assert(claim?.kind === 'correct' && claim.before === 1000, 'a settled row keeps the weight it began with')
})

test('a change claims a row within 5 s of the time in which it must have happened', () => {
  const table: [number, boolean][] = [
    [0, true],
    [1000, true],
    [6000, true],
    [6001, false],
    [-5000, true],
    [-5001, false]
  ]
  for (const [agoMs, isOne] of table) {
    const scale = at1000(800)
    scale.changes(-200, { agoMs })
    assert.equal(scale.live().length, isOne ? 1 : 2, `${agoMs} ms ago`)
  }
  const late = at1000()
  late.reads(800, { afterMs: 60_000 })
  late.changes(-200, { agoMs: 65_000 })
  assert.equal(late.live().length, 1, 'the reading before was a minute earlier')
})

test('two changes explained by one heartbeat row split it, and the sums are right', () => {
  for (const readings of [[400], [400, 400]]) {
    const scale = at1000(...readings)
    const isSettled = readings.length === 2
    const effects = scale.changes(-200)
    assert.deepEqual(
      effects.map((effect) => effect.kind),
      ['record', 'correct']
    )
    assert(effects[1]?.kind === 'correct' && !effects[1].isClaim, 'what is left stays the heartbeat’s')
    assert.deepEqual(
      effects.map((effect) => effect.kind !== 'withdraw' && [effect.before, effect.after]),
      [
        [1000, 800],
        [800, 400]
      ]
    )
    assert.deepEqual(rowsOf(scale), [
      ['row 1', -400, isSettled],
      ['row 2', -200, true]
    ])
    scale.changes(-400)
    assert.deepEqual(rowsOf(scale), [
      ['row 1', -400, true],
      ['row 2', -200, true]
    ])
    assert.equal(scale.state.baseline, 400)
    scale.readsAll([400, 400])
    assert.equal(scale.sum(), -600)
    assert.equal(scale.rows.size, 2)
  }
})

test('what a split leaves open is judged by the next reading', () => {
  const table: [number, number[]][] = [
    [400, [-400, -200]],
    [405, [-395, -200]],
    [800, [-200]]
  ]
  for (const [grams, rows] of table) {
    const scale = at1000(400)
    scale.changes(-200)
    assert.deepEqual([scale.state.noise.mean, scale.state.baseline], [800, 800])
    scale.reads(grams)
    assert.deepEqual(scale.grams(), rows, `${grams} g`)
  }
})

test('a change a threshold smaller than the row is a part of it, one gram nearer is the row', () => {
  const table: [number, number[]][] = [
    [-170, [-30, -170]],
    [-171, [-171]]
  ]
  for (const [grams, rows] of table) {
    const scale = at1000(800, 800)
    scale.changes(grams)
    assert.deepEqual(scale.grams(), rows)
  }
})

test('a change seen half-way takes the unsettled row over', () => {
  const scale = at1000(700)
  scale.changes(-623)
  assert.deepEqual(rowsOf(scale), [['row 1', -623, true]])
  assert.deepEqual([scale.state.baseline, scale.state.weight], [377, 377])
  scale.readsAll([377, 377])
  assert.equal(scale.rows.size, 1)
})

test('a settled row of fewer grams is an action of its own', () => {
  const scale = at1000(700, 700)
  scale.changes(-623)
  assert.deepEqual(scale.grams(), [-300, -623])
})

test('one change that heartbeats saw in two or three steps is one row, the others are withdrawn', () => {
  for (const [readings, grams, level] of [
    [[700, 377], -623, 377],
    [[700, 377, 377], -620, 380],
    [[800, 600, 377], -623, 377],
    [[1300, 1600], 600, 1600]
  ] as const) {
    const scale = at1000(...readings)
    const last = scale.live().at(-1)!
    assert(scale.live().length > 1)
    const effects = scale.changes(grams)
    const claim = effects.at(-1)
    assert(claim?.kind === 'correct' && claim.isClaim && claim.before === 1000)
    assert.deepEqual(rowsOf(scale), [[last.rowId, grams, true]], `${readings}: the last, since only that one can be pending`)
    assert.deepEqual([scale.state.baseline, scale.state.pending, scale.state.unclaimed], [level, null, []])
    scale.readsAll([level, level])
    assert.equal(scale.live().length, 1)
  }
})

test('steps make up a change only when all of them are near it, the last is among them and the grams fit', () => {
  const far = at1000(700, 700)
  far.reads(377, { afterMs: 40_000 })
  far.changes(-623)
  assert.deepEqual(far.grams(), [-300, -623], 'the first was 40 s earlier, so only the second is taken over')
  const older = oneScale()
  older.readsAll([2000, 1500, 1200, 877])
  older.changes(-623)
  assert.deepEqual(older.grams(), [-500, -623], 'the one before them is another action')
  const unfit = at1000(700, 377, 377)
  unfit.changes(-593)
  assert.deepEqual(unfit.grams(), [-300, -323, -593])
})

test('changes that come after later rows each find their own', () => {
  const scale = at1000(800, 800)
  scale.nowMs += 2000
  scale.readsAll([600, 600])
  scale.nowMs += 2000
  scale.readsAll([300, 300])
  const [one, two, three] = scale.live().map((row) => row.occurredMs)
  for (const [atMs, grams] of [
    [two, -201],
    [one, -202],
    [three, -303]
  ] as const)
    scale.changes(grams, { agoMs: scale.nowMs - atMs! })
  assert.deepEqual(rowsOf(scale), [
    ['row 1', -202, true],
    ['row 2', -201, true],
    ['row 3', -303, true]
  ])
  assert.equal(scale.state.baseline, 1000 + scale.sum())
})

test('a row that may be an older action’s waits for its change while a newer one is pending', () => {
  const scale = at1000(800, 800, 500)
  scale.changes(-210, { agoMs: 2000 })
  assert.deepEqual(rowsOf(scale), [
    ['row 1', -210, true],
    ['row 2', -300, false]
  ])
  scale.changes(-300)
  assert.deepEqual(rowsOf(scale), [
    ['row 1', -210, true],
    ['row 2', -300, true]
  ])
  assert.equal(scale.state.baseline, 490)
})

test('only the last eight rows wait for the machine’s word', () => {
  const scale = oneScale()
  scale.reads(10_000)
  for (let n = 1; n <= 9; n++) scale.reads(10_000 - n * 100, { isSure: true, afterMs: 10 })
  assert.deepEqual(
    scale.state.unclaimed?.map(({ row }) => row.rowId),
    Array.from({ length: 8 }, (_, n) => `row ${n + 2}`)
  )
})

test('a change the other way while a jump is pending moves what the jump is held against', () => {
  const scale = at1000(800)
  scale.changes(50)
  assert.deepEqual(scale.grams(), [-200, 50])
  assert.deepEqual([scale.state.baseline, scale.state.weight, scale.state.pending?.valueGrams], [1050, 850, 850])
  scale.changes(-200)
  assert.deepEqual(rowsOf(scale), [
    ['row 1', -200, true],
    ['row 2', 50, true]
  ])
  assert.equal(scale.state.baseline, 850)
})

test('a hand that presses while the machine tells a pick leaves one row', () => {
  const scale = at1000(1300)
  scale.changes(-200)
  scale.readsAll([800, 800])
  assert.deepEqual(scale.grams(), [-200])
})

test('a withdrawn row can be claimed by nobody, the rows before it still can', () => {
  const earlier = at1000(800, 800, 500, 800)
  earlier.changes(-210, { agoMs: 3000 })
  assert.deepEqual(earlier.grams(), [-210])
  const scale = at1000(800, 1000)
  scale.changes(-200)
  assert.deepEqual(rowsOf(scale), [['row 2', -200, true]])
})

test('a change before the first reading is a row without weights and moves nothing', () => {
  const change = { rowId: 'a', grams: 40, atMs: 5 }
  const { state, effects } = takeChange(NEW_SCALE, change, { thresholdGrams: 30, newId: () => 'b' })
  assert.equal(state, NEW_SCALE)
  const row = { rowId: 'a', occurredMs: 5, fromMs: 5, foundLate: false }
  assert.deepEqual(effects, [{ kind: 'record', row, grams: 40, before: null, after: null, settled: true }])
})

test('on a scale that crept, a claim counts the rounding as creep and a row of its own keeps the fraction', () => {
  const claimed = at1000()
  claimed.reads(1001, { afterMs: 12_000 })
  claimed.reads(800, { gapMs: 0 })
  claimed.changes(-199)
  assert.deepEqual([claimed.state.baseline, Math.abs(claimed.state.creep) < 1e-9], [801, true])
  const own = at1000()
  own.reads(1001, { afterMs: 12_000 })
  own.changes(-199)
  assert.deepEqual([own.state.baseline, own.state.creep, own.state.noise.mean], [801.4, 0.4, 801])
})
