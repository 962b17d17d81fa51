/** The detector through whole days of a shelf: picks and puts, hands, noise, creep and silences, told by heartbeats alone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { oneScale } from '#test/support/one-scale.ts'
import { NEW_SCALE, type Reading } from './detector.ts'

type Told = { afterMs: number } & Omit<Reading, 'atMs' | 'gapMs'>
/** What happens before a reading: an action of so many grams, or none. */
type Moment = { told: Told; actionGrams: number | null }

const NOISE_GRAMS = 3
const signed = (min: number, max: number) => fc.oneof(fc.integer({ min, max }), fc.integer({ min: -max, max: -min }))

/**
 * One action, of more than the shelf can creep in the silence before it, and the rest after it. `handShare`: a reading in the middle of it
 * shows that share of its grams; not after minutes of silence, when a reading that is off by less than a change counts as creep.
 */
const action = fc
  .record({
    grams: signed(60, 900),
    silenceMs: fc.constantFrom(1000, 1000, 1000, 9000, 10_000, 45_000, 600_000),
    handShare: fc.constantFrom(null, null, 0.4, 0.6, 1.5),
    restSeconds: fc.integer({ min: 3, max: 90 })
  })
  .filter(({ silenceMs, handShare }) => silenceMs < 60_000 || handShare === null)
const day = fc.record({
  actions: fc.array(action, { minLength: 1, maxLength: 8 }),
  noise: fc.array(fc.integer({ min: -NOISE_GRAMS, max: NOISE_GRAMS }), { minLength: 7, maxLength: 23 }),
  creepPerMinute: fc.constantFrom(0, 0, 0.5, 1, -1)
})
type Day = typeof day extends fc.Arbitrary<infer T> ? T : never

/** A day as heartbeats: a second apart, except after a silence; a hand is seen 200 ms before what it leaves. */
function momentsOf({ actions, noise, creepPerMinute }: Day): Moment[] {
  let level = 5000
  let atMs = 0
  let n = 0
  const moments: Moment[] = []
  const hear = (afterMs: number, grams: number, actionGrams: number | null = null) => {
    atMs += afterMs
    const heard = Math.round(grams + (creepPerMinute * atMs) / 60_000) + noise[n++ % noise.length]!
    const told = { grams: heard, afterMs, isSure: false, isLate: afterMs >= 10_000, swingGrams: null }
    moments.push({ told, actionGrams })
  }
  const rest = (seconds: number) => {
    for (let second = 0; second < seconds; second++) hear(1000, level)
  }
  rest(30)
  for (const { grams, silenceMs, handShare, restSeconds } of actions) {
    if (handShare !== null) hear(silenceMs, level + grams * handShare, grams)
    level += grams
    if (handShare === null) hear(silenceMs, level, grams)
    else hear(200, level)
    rest(restSeconds)
  }
  return moments
}
const tell = (scale: ReturnType<typeof oneScale>, { told: { grams, ...how } }: Moment) => scale.reads(grams, how)
const RUNS = { numRuns: 300 }

test('every action of a day is one row of its grams, whatever scatters, creeps or falls silent around it', () => {
  fc.assert(
    fc.property(day, (given) => {
      const scale = oneScale()
      const moments = momentsOf(given)
      for (const moment of moments) tell(scale, moment)
      const grams = scale.grams()
      assert.equal(grams.length, given.actions.length, `${grams}`)
      for (const [n, { grams: taken, silenceMs }] of given.actions.entries()) {
        const crept = (Math.abs(given.creepPerMinute) * silenceMs) / 60_000
        assert(Math.abs(grams[n]! - taken) <= 4 * NOISE_GRAMS + crept, `${grams[n]} g for ${taken} g`)
      }
      assert(scale.live().every((row) => row.isSettled))
    }),
    RUNS
  )
})

test('the rows of a day add up to its last settled level less its first, to the gram', () => {
  fc.assert(
    fc.property(day, (given) => {
      const scale = oneScale()
      const [first, ...rest] = momentsOf(given)
      tell(scale, first!)
      for (const moment of rest) {
        tell(scale, moment)
        if (scale.state.pending) continue
        const settled = scale.state.baseline! - scale.state.creep
        assert(Math.abs(first!.told.grams + scale.sum() - settled) < 1e-6, `${scale.sum()} g of rows, settled at ${settled} g`)
      }
    }),
    RUNS
  )
})

test('the same readings again give the same rows, and a restart after any of them changes none', () => {
  fc.assert(
    fc.property(day, fc.infiniteStream(fc.boolean()), (given, restarts) => {
      const [once, again, restarted] = [oneScale(), oneScale(), oneScale()]
      for (const moment of momentsOf(given)) {
        const effects = tell(once, moment)
        assert.deepEqual(tell(again, moment), effects)
        if (restarts.next().value) restarted.state = { ...NEW_SCALE, ...JSON.parse(JSON.stringify(restarted.state)) }
        assert.deepEqual(tell(restarted, moment), effects)
      }
      for (const other of [again, restarted]) {
        assert.deepEqual(other.state, once.state)
        assert.deepEqual(other.rows, once.rows)
      }
    }),
    RUNS
  )
})
