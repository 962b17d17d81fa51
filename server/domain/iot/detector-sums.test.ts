/** Whatever a scale goes through, the books hold: properties over random histories of readings, sure levels, silences, restarts and device changes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { oneScale } from '#test/support/one-scale.ts'
import { NEW_SCALE } from './detector.ts'

type Scale = ReturnType<typeof oneScale>
type Act = { name: string; on: (scale: Scale) => void }

const weight = fc.oneof(fc.integer({ min: -200, max: 3000 }), fc.constantFrom(0, 970, 971, 1000, 1029, 1030))
const gap = fc.constantFrom(0, 20, 100, 499, 500, 1000, 5000, 9999, 10_000, 60_000)
const swing = fc.constantFrom(null, 0, 50, 400, 1600)

const reading = fc
  .record({ grams: weight, afterMs: gap, isSure: fc.boolean(), isLate: fc.boolean(), swingGrams: swing })
  .map((r): Act => ({ name: `reads ${JSON.stringify(r)}`, on: (scale) => scale.reads(r.grams, r) }))
/** Near the last reading: confirms, and creeps. */
const nearby = fc.record({ offGrams: fc.integer({ min: -40, max: 40 }), afterMs: gap }).map(
  ({ offGrams, afterMs }): Act => ({
    name: `reads ${offGrams} g off`,
    on: (scale) => scale.reads((scale.state.weight ?? 1000) + offGrams, { afterMs })
  })
)
const change = fc
  .record({
    grams: fc.integer({ min: -700, max: 700 }).filter((grams) => grams !== 0),
    agoMs: fc.constantFrom(0, 800, 5000, 16_000)
  })
  .map((c): Act => ({ name: `changes ${JSON.stringify(c)}`, on: (scale) => scale.changes(c.grams, c) }))
/** What the machine says of the very rows that heartbeats made. */
const echo = fc
  .record({
    offGrams: fc.integer({ min: -29, max: 29 }),
    share: fc.constantFrom(1, 1, 1, 0.5),
    nth: fc.integer({ min: 0, max: 3 })
  })
  .map(({ offGrams, share, nth }): Act => {
    const of = ({ state, changes }: Scale) => {
      const row = state.unclaimed?.at(-1 - nth)
      const grams = row ? Math.round(row.grams * share) + offGrams : 0
      if (grams !== 0) changes(grams)
    }
    return { name: `echoes ${offGrams} ${share} ${nth}`, on: of }
  })
const others = fc.constantFrom<Act[]>(
  { name: 'stands', on: (scale) => void scale.stands() },
  { name: 'restarts', on: restart },
  { name: 'gets another threshold', on: (scale) => void Object.assign(scale, { thresholdGrams: 42 - scale.thresholdGrams }) }
)
function restart(scale: Scale): void {
  scale.state = { ...NEW_SCALE, ...JSON.parse(JSON.stringify(scale.state)) }
}
const acts = (...kinds: fc.Arbitrary<Act>[]) => fc.array(fc.oneof(...kinds), { maxLength: 40 })
const show = (history: Act[]) => history.map(({ name }) => name).join('\n')

const RUNS = { numRuns: 2000 }

/** Rows, creep and what is pending explain the level exactly; every row is a whole number of grams. */
function holdBooks(scale: Scale, first: number): void {
  const { baseline, creep, pending, unclaimed } = scale.state
  const level = baseline! + (pending ? pending.valueGrams - pending.fromGrams : 0)
  assert(Math.abs(first + scale.sum() + creep - level) < 1e-6, `${first} + ${scale.sum()} + ${creep} ≠ ${level}`)
  if (pending) assert(pending.fromGrams === Math.round(baseline!), `${pending.fromGrams} is not ${baseline} in whole grams`)
  assert(scale.grams().every(Number.isInteger))
  const open = scale.live().filter((row) => !row.isSettled)
  assert.deepEqual(
    open.map((row) => [row.rowId, row.version, row.grams]),
    pending ? [[pending.row.rowId, pending.version, pending.valueGrams - pending.fromGrams]] : []
  )
  for (const { row, version, grams, settled } of unclaimed ?? []) {
    const { isWithdrawn, ...kept } = scale.rows.get(row.rowId)!
    assert.deepEqual(
      [isWithdrawn, kept.version, kept.grams, kept.isSettled],
      [false, version, grams, settled],
      `${row.rowId} can be claimed as it is`
    )
  }
}

test('first level + Σ rows + creep = level, to the gram, after every message of any history', () => {
  fc.assert(
    fc.property(weight, acts(reading, nearby, nearby, change, echo, others), (first, history) => {
      const scale = oneScale()
      scale.reads(first)
      for (const act of history) {
        act.on(scale)
        assert.doesNotThrow(() => holdBooks(scale, first), show(history))
      }
    }),
    RUNS
  )
})

test('without creep, Σ rows is the last settled weight minus the first, whatever was read between', () => {
  const still = fc.record({ grams: weight, afterMs: gap, isSure: fc.boolean() }).map(
    ({ grams, afterMs, isSure }): Act => ({
      name: `reads ${grams}`,
      on: (scale) => scale.reads(grams, { afterMs, gapMs: 0, isSure })
    })
  )
  fc.assert(
    fc.property(weight, acts(still, change, echo, others), weight, (first, history, last) => {
      const scale = oneScale()
      scale.reads(first)
      for (const act of history) act.on(scale)
      scale.reads(last, { gapMs: 0, isSure: true })
      assert.equal(scale.state.creep, 0)
      assert.equal(scale.state.pending, null)
      const settled = scale.state.baseline!
      assert.equal(scale.sum(), settled - first, show(history))
      assert(Math.abs(settled - last) < scale.thresholdGrams, 'what is left is less than counts')
    }),
    RUNS
  )
})

test('readings that agree at the end bring the books to them, however wild it was before', () => {
  fc.assert(
    fc.property(weight, acts(reading, nearby, change, others), weight, (first, history, last) => {
      const scale = oneScale()
      scale.reads(first)
      for (const act of history) act.on(scale)
      scale.readsAll([last, last, last, last])
      assert.equal(scale.state.pending, null)
      assert(Math.abs(first + scale.sum() + scale.state.creep - last) < scale.thresholdGrams, show(history))
      assert(scale.live().every((row) => row.isSettled))
    }),
    RUNS
  )
})

test('the baseline creeps no faster than two grams a minute, whatever is read', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ offGrams: fc.integer({ min: -29, max: 29 }), afterMs: gap }), { maxLength: 60 }),
      (readings) => {
        const scale = oneScale()
        scale.reads(1000)
        const startMs = scale.nowMs
        for (const { offGrams, afterMs } of readings) scale.reads(Math.round(scale.state.baseline!) + offGrams, { afterMs })
        assert.deepEqual(scale.grams(), [])
        assert(Math.abs(scale.state.baseline! - 1000) <= (2 / 60_000) * (scale.nowMs - startMs) + 1e-9)
      }
    ),
    RUNS
  )
})

test('heartbeats and the machine’s own changes about the same actions, in whatever order they come, are one row an action', () => {
  const action = fc.record({
    grams: fc.oneof(fc.integer({ min: -600, max: -40 }), fc.integer({ min: 40, max: 600 })),
    beatsBefore: fc.integer({ min: 0, max: 2 }),
    isTold: fc.boolean()
  })
  fc.assert(
    fc.property(fc.array(action, { maxLength: 10 }), (actions) => {
      const scale = oneScale()
      let level = 10_000
      scale.reads(level)
      for (const { grams, beatsBefore, isTold } of actions) {
        level += grams
        for (let beat = 0; beat < beatsBefore; beat++) scale.reads(level)
        if (isTold) scale.changes(grams, { agoMs: beatsBefore * 1000 })
        scale.readsAll([level, level])
        scale.nowMs += 40_000
      }
      assert.deepEqual(
        scale.grams(),
        actions.map(({ grams }) => grams)
      )
      assert.equal(scale.state.baseline, level)
    }),
    { numRuns: 1000 }
  )
})
