/** The store's time: it follows the clock of the box where that goes forward, never back, and heeds no absurd one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Clock, firstTime, nextTime, storeClock } from './clock.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const YEAR = 365 * DAY
const NOON = Date.UTC(2026, 5, 1, 12)

/** A clock of a box that can be set; time passes with `pass`. */
function boxClock() {
  let monoMs = 5000
  let wallMs = NOON
  const source: Clock = { now: () => new Date(wallMs), monotonicMs: () => monoMs }
  return {
    source,
    pass: (ms: number) => {
      monoMs += ms
      wallMs += ms
    },
    set: (byMs: number) => {
      wallMs += byMs
    }
  }
}

test('a source that goes as time does is followed to the millisecond', () => {
  const box = boxClock()
  const clock = storeClock(null, box.source)
  for (const ms of [0, 1, 1000, HOUR, 90 * DAY]) {
    box.pass(ms)
    assert.equal(clock.now().getTime(), box.source.now().getTime())
  }
  assert.equal(clock.leaps, 0)
})

test('a clock set forward is followed at once, and that is a leap', () => {
  const box = boxClock()
  const clock = storeClock(null, box.source)
  box.set(HOUR)
  assert.equal(clock.now().getTime(), NOON + HOUR)
  assert.equal(clock.leaps, 1)
  box.pass(1000)
  assert.equal(clock.now().getTime(), NOON + HOUR + 1000)
  assert.equal(clock.leaps, 1)
})

test('a clock set back by an hour is met after two, and time goes on all the while', () => {
  const box = boxClock()
  const clock = storeClock(null, box.source)
  box.set(-HOUR)
  assert.equal(clock.now().getTime(), NOON)
  box.pass(HOUR)
  assert.equal(clock.now().getTime(), NOON + HOUR / 2)
  box.pass(HOUR)
  assert.equal(clock.now().getTime(), box.source.now().getTime())
  box.pass(MINUTE)
  assert.equal(clock.now().getTime(), box.source.now().getTime())
})

test('1970 and 2038 are not heeded: time goes on at its own pace', () => {
  for (const wrong of [-56 * YEAR, 12 * YEAR]) {
    const box = boxClock()
    const clock = storeClock(null, box.source)
    box.set(wrong)
    box.pass(10 * MINUTE)
    assert.equal(clock.now().getTime(), NOON + 10 * MINUTE)
    box.set(-wrong)
    box.pass(MINUTE)
    assert.equal(clock.now().getTime(), NOON + 11 * MINUTE)
    assert.equal(clock.leaps, 0)
  }
})

test('whatever is done to the source, time never goes back', () => {
  const steps = fc.array(fc.tuple(fc.nat({ max: HOUR }), fc.integer({ min: -2 * YEAR, max: 2 * YEAR })), { maxLength: 50 })
  fc.assert(
    fc.property(steps, (all) => {
      const box = boxClock()
      const clock = storeClock(null, box.source)
      let last = clock.now()
      for (const [passed, set] of all) {
        box.pass(passed)
        box.set(set)
        const now = clock.now()
        assert(now >= last)
        last = now
      }
    })
  )
})

test('a start goes on from what was recorded, unless that was absurd', () => {
  assert.equal(firstTime(null, NOON), NOON)
  assert.equal(firstTime(NOON - HOUR, NOON), NOON)
  assert.equal(firstTime(NOON, NOON - HOUR), NOON, 'the clock was set back while the store was off')
  assert.equal(firstTime(NOON, 0), NOON, 'a clock without a battery')
  assert.equal(firstTime(NOON + 12 * YEAR, NOON), NOON, 'the clock stood in 2038, and was set right')
})

test('the next time lies between standing still and the source', () => {
  assert.equal(nextTime(NOON, 1000, NOON + 1000), NOON + 1000)
  assert.equal(nextTime(NOON, 1000, NOON + 900), NOON + 900)
  assert.equal(nextTime(NOON, 1000, NOON + 400), NOON + 500)
})
