/** The detector beside steady heartbeats: first readings after a silence or restart, and readings that samples made sure. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oneScale } from '#test/support/one-scale.ts'
import { NEW_SCALE } from './detector.ts'

/** A scale that has read 1 000 g and then these, a second apart. */
function at1000(...readings: number[]) {
  const scale = oneScale()
  scale.readsAll([1000, ...readings])
  return scale
}

test('the first reading after a silence is held against the baseline and recorded with the span in which it happened', () => {
  const scale = at1000()
  const heardMs = scale.nowMs
  scale.reads(380, { afterMs: 7_200_000, isLate: true })
  const { fromMs, occurredMs, foundLate, grams } = scale.live()[0]!
  assert.deepEqual(
    { fromMs, occurredMs, foundLate, grams },
    { fromMs: heardMs, occurredMs: scale.nowMs, foundLate: true, grams: -620 }
  )
  scale.reads(200)
  const second = scale.live()[1]!
  assert.deepEqual([second.foundLate, second.fromMs], [false, second.occurredMs], 'what follows is no longer late')
})

test('a row that was still unsettled at a restart stands, and what happened meanwhile is found late', () => {
  const scale = at1000(700)
  const heardMs = scale.nowMs
  scale.reads(500, { afterMs: 60_000, isLate: true })
  assert.deepEqual(
    scale.live().map(({ grams, foundLate, fromMs }) => [grams, foundLate, fromMs]),
    [
      [-300, false, heardMs],
      [-200, true, heardMs]
    ]
  )
})

test('a change found late before any reading was timed, or with a clock set back since, never begins after it ended', () => {
  const unread = at1000()
  unread.state = { ...unread.state, readAtMs: null }
  unread.reads(500, { isLate: true })
  const setBack = at1000()
  setBack.reads(500, { isLate: true, atMs: setBack.nowMs - 3_600_000 })
  const sampled = at1000()
  const atMs = sampled.nowMs - 3_600_000
  sampled.reads(500, { isLate: true, isSure: true, atMs, startedMs: atMs - 600 })
  for (const { live } of [unread, setBack, sampled]) assert.equal(live()[0]!.fromMs, live()[0]!.occurredMs)
})

test('a sure reading settles at once, and its change happened when the old level was left', () => {
  const scale = at1000()
  const [effect] = scale.reads(377, { isSure: true, startedMs: scale.nowMs + 300 })
  assert(effect?.kind === 'record' && effect.settled)
  assert.equal(effect.row.occurredMs, scale.nowMs - 700)
  assert.equal(scale.state.baseline, 377)
  assert.equal(scale.state.pending, null)
  assert.deepEqual(scale.reads(377, { isSure: true }), [])
})

test('a sure reading ends what a heartbeat left open', () => {
  const table: [number, number[]][] = [
    [700, [-300]],
    [400, [-600]],
    [1300, [300]],
    [1000, []]
  ]
  for (const [grams, rows] of table) {
    const scale = at1000(700)
    scale.reads(grams, { isSure: true })
    assert.deepEqual(scale.grams(), rows, `${grams} g`)
    assert.equal(scale.state.pending, null)
  }
})

test('a state that came back from the database goes on where it was', () => {
  const scale = at1000(700)
  scale.state = { ...NEW_SCALE, ...JSON.parse(JSON.stringify(scale.state)) }
  scale.reads(705)
  assert.deepEqual(
    scale.live().map(({ grams, version, isSettled }) => [grams, version, isSettled]),
    [[-295, 2, true]]
  )
})
