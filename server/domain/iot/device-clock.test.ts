/** When something happened, by clocks that are missing, stuck, absurd, set back, off by a constant, or late. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { changeTimeOf, type DeviceClock, DOUBTED_CLOCK, offsetOf, timeOf, UNSET_CLOCK } from './device-clock.ts'

const NOW = Date.UTC(2026, 5, 1, 12)
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const YEAR = 365 * 24 * HOUR

/** Messages as (device time, receive time), both in ms from NOW; what came of each, in ms from NOW. */
function tell(messages: [number | null, number][], from: DeviceClock = UNSET_CLOCK) {
  let clock = from
  const timings = messages.map(([deviceMs, receivedMs]) => {
    const timing = timeOf(clock, deviceMs === null ? null : NOW + deviceMs, NOW + receivedMs)
    clock = timing.clock
    return [timing.occurredMs - NOW, timing.isTrusted] as const
  })
  return { clock, timings }
}

test('a missing clock falls back to the receive time and leaves the clock as it was', () => {
  const { clock, timings } = tell([
    [null, 0],
    [null, 1000]
  ])
  assert.deepEqual(timings, [
    [0, false],
    [1000, false]
  ])
  assert.equal(clock, UNSET_CLOCK)
  assert.equal(offsetOf(clock), null)
})

test('a right clock is believed, transit time and all', () => {
  const { clock, timings } = tell([
    [0, 0],
    [1000, 1500],
    [2000, 2020]
  ])
  assert.deepEqual(timings, [
    [0, true],
    [1000, true],
    [2000, true]
  ])
  assert.equal(offsetOf(clock), 0)
})

test('a constant offset is corrected, either way', () => {
  for (const offset of [-4 * MINUTE, -1, 1, 2 * MINUTE, 4.9 * MINUTE]) {
    const { clock, timings } = tell([
      [0 - offset, 0],
      [1000 - offset, 1000],
      [2000 - offset, 2300]
    ])
    assert.deepEqual(
      timings,
      [
        [0, true],
        [1000, true],
        [2000, true]
      ],
      String(offset)
    )
    assert.equal(offsetOf(clock), offset)
  }
})

test('a clock more than five minutes off is absurd; five minutes are not', () => {
  const table: [number, boolean][] = [
    [5 * MINUTE, true],
    [5 * MINUTE + 1, false],
    [-5 * MINUTE, true],
    [-5 * MINUTE - 1, false],
    [HOUR, false],
    [10 * YEAR, false],
    [-10 * YEAR, false]
  ]
  for (const [off, isTrusted] of table) assert.deepEqual(tell([[off, 0]]).timings, [[0, isTrusted]], String(off))
})

test('an absurd time leaves no mark on a clock that was right', () => {
  for (const absurd of [10 * YEAR, -10 * YEAR, -HOUR]) {
    const { clock, timings } = tell([
      [0, 100],
      [1000 + absurd, 1000],
      [2000, 2100]
    ])
    assert.deepEqual(timings, [
      [100, true],
      [1000, false],
      [2100, true]
    ])
    assert.deepEqual(clock, { lastDeviceMs: NOW + 2000, slots: [{ startMs: NOW + 100, offsetMs: 100 }] })
  }
})

test('a clock that stands still falls back each time, and is believed again when it runs', () => {
  const { clock, timings } = tell([
    [0, 0],
    [0, 1000],
    [0, 2000],
    [3000, 3000]
  ])
  assert.deepEqual(timings, [
    [0, true],
    [1000, false],
    [2000, false],
    [3000, true]
  ])
  assert.equal(offsetOf(clock), 0)
})

test('a clock that was set back counts from there: its old offset is forgotten', () => {
  const { clock, timings } = tell([
    [0, 0],
    [1000, 1000],
    [2000 - MINUTE, 2000],
    [3000 - MINUTE, 3000],
    [4000 - MINUTE, 4400]
  ])
  assert.deepEqual(timings, [
    [0, true],
    [1000, true],
    [2000, false],
    [3000, true],
    [4000, true]
  ])
  assert.equal(offsetOf(clock), MINUTE)
  const { clock: justSet } = tell([
    [0, 0],
    [1000 - MINUTE, 1000]
  ])
  assert.equal(offsetOf(justSet), null)
})

test('one message from a few minutes ahead spoils no other', () => {
  const { timings } = tell([
    [0, 0],
    [4 * MINUTE, 1000],
    [2000, 2000],
    [3000, 3000],
    [4000, 4000]
  ])
  assert.deepEqual(timings, [
    [0, true],
    [1000, true],
    [2000, false],
    [3000, true],
    [4000, true]
  ])
})

test('a backlog that comes late keeps its times, up to five minutes', () => {
  const { timings } = tell([
    [0, 0],
    [1000, 3 * MINUTE],
    [2000, 3 * MINUTE],
    [3000, 3 * MINUTE + 10],
    [3 * MINUTE + 100, 3 * MINUTE + 100]
  ])
  assert.deepEqual(
    timings.map(([ms]) => ms),
    [0, 1000, 2000, 3000, 3 * MINUTE + 100]
  )
  assert.deepEqual(
    tell([
      [0, 0],
      [1000, HOUR]
    ]).timings[1],
    [HOUR, false]
  )
})

test('the offset is the smallest of the last ten minutes, minute by minute', () => {
  const at = (minute: number, offset: number): [number, number] => [minute * MINUTE, minute * MINUTE + offset]
  const after = (...messages: [number, number][]) => offsetOf(tell(messages).clock)
  assert.equal(after(at(0, 10), at(1, 500), at(9, 700)), 10)
  assert.equal(after(at(0, 10), at(1, 500), [10 * MINUTE - 690, 10 * MINUTE + 9]), 10)
  assert.equal(after(at(0, 10), at(1, 500), [10 * MINUTE - 690, 10 * MINUTE + 10]), 500)
  assert.equal(after(at(0, 50), [1000, 1040], [2000, 2060]), 40)
  assert.deepEqual(tell([at(0, 50), [1000, 1050]]).clock.slots, [{ startMs: NOW + 50, offsetMs: 50 }])
  assert.equal(tell([at(0, 50), [59_000, 59_049], [59_980, 60_049]]).clock.slots.length, 1)
  assert.equal(tell([at(0, 50), [59_000, 59_049], [60_000, 60_050]]).clock.slots.length, 2)
})

test('a backlog that is received in one moment is learned from as one', () => {
  const { clock } = tell([
    [-2000, 50],
    [-1000, 50],
    [0, 50]
  ])
  assert.deepEqual(clock.slots, [{ startMs: NOW + 50, offsetMs: 50 }])
})

test('a box whose own clock is set back forgets what it learned in the future', () => {
  const { clock, timings } = tell([
    [0, 2 * MINUTE],
    [1000, 1000]
  ])
  assert.deepEqual(timings[1], [1000, true])
  assert.deepEqual(clock.slots, [{ startMs: NOW + 1000, offsetMs: 0 }])
})

test('nothing happened after it was received, jitter only delays, and a trusted time is never older than its own message says', () => {
  const message = fc.record({ stepMs: fc.integer({ min: 1, max: 90_000 }), transitMs: fc.integer({ min: 0, max: 20_000 }) })
  fc.assert(
    fc.property(
      fc.integer({ min: -4 * MINUTE, max: 4 * MINUTE }),
      fc.array(message, { minLength: 1, maxLength: 40 }),
      (offset, messages) => {
        let clock = UNSET_CLOCK
        let trueMs = NOW
        let least = Number.POSITIVE_INFINITY
        for (const { stepMs, transitMs } of messages) {
          trueMs += stepMs
          least = Math.min(least, transitMs)
          const timing = timeOf(clock, trueMs - offset, trueMs + transitMs)
          clock = timing.clock
          assert(timing.isTrusted)
          assert(timing.occurredMs <= trueMs + transitMs)
          assert(timing.occurredMs >= trueMs + least, 'no earlier than it happened')
        }
      }
    ),
    { numRuns: 1000 }
  )
})

test('any clock at all yields a time that was not yet over when it was received', () => {
  const deviceMs = fc.oneof(
    fc.constant(null),
    fc.integer({ min: -10 * MINUTE, max: 10 * MINUTE }),
    fc.constantFrom(10 * YEAR, -10 * YEAR)
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(deviceMs, fc.integer({ min: 0, max: 20 * MINUTE })), { maxLength: 30 }), (messages) => {
      const { clock, timings } = tell(messages)
      for (const [n, [occurredMs, isTrusted]] of timings.entries()) {
        const [, receivedMs] = messages[n]!
        assert(isTrusted ? occurredMs <= receivedMs : occurredMs === receivedMs)
      }
      assert(clock.slots.length <= 10)
    }),
    { numRuns: 1000 }
  )
})

test('a machine’s own change keeps its time when it comes hours late, corrected by the offset, never after it was received', () => {
  const { clock } = tell([[-2000, 0]])
  const table: [string, DeviceClock, number | null, number][] = [
    ['no time', clock, null, 0],
    ['now', clock, -2000, 0],
    ['hours ago', clock, -5 * HOUR, -5 * HOUR + 2000],
    ['a day ago', clock, -24 * HOUR, -24 * HOUR + 2000],
    ['more than a day ago', clock, -24 * HOUR - 1, 0],
    ['ten years ago', clock, -10 * YEAR, 0],
    ['in the future', clock, HOUR, 0],
    ['in ten years', clock, 10 * YEAR, 0],
    ['by a clock that was absurd once', tell([[HOUR, 1000]], clock).clock, -HOUR, -HOUR + 2000],
    ['by a clock nobody knows', UNSET_CLOCK, -HOUR, -HOUR]
  ]
  for (const [what, of, deviceMs, occurredMs] of table)
    assert.equal(changeTimeOf(of, deviceMs === null ? null : NOW + deviceMs, NOW) - NOW, occurredMs, what)
})

test('a machine whose clock was never right, such as one in another time zone, does not date its changes either', () => {
  const { clock } = tell([
    [-5.5 * HOUR, 0],
    [-5.5 * HOUR + 1000, 1000]
  ])
  assert.equal(changeTimeOf(clock, NOW - 5.5 * HOUR, NOW), NOW)
  assert.equal(changeTimeOf(clock, NOW - 5 * MINUTE, NOW), NOW - 5 * MINUTE)
  assert.equal(changeTimeOf(clock, NOW - 5 * MINUTE - 1, NOW), NOW)
  const corrected = tell([[1000, 1000]], clock).clock
  assert.equal(changeTimeOf(corrected, NOW - HOUR, NOW), NOW - HOUR, 'until it is set right')
})

test('after the clock of the box was set a machine’s own times are in doubt, until a message of its own is right', () => {
  assert.equal(offsetOf(DOUBTED_CLOCK), null)
  assert.equal(changeTimeOf(DOUBTED_CLOCK, NOW - HOUR, NOW), NOW)
  assert.equal(changeTimeOf(tell([[0, 0]], DOUBTED_CLOCK).clock, NOW - HOUR, NOW), NOW - HOUR)
})
