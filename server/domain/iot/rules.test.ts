/** Thresholds, silences and missed heartbeats: the numbers of the contract. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  missedWithin,
  reportsSeldom,
  sampleToleranceGrams,
  silenceAllowedMs,
  thresholdGrams,
  usualIntervalAfter
} from './rules.ts'

test('a threshold is the smaller of the ceiling and half the lightest product, and never below four σ', () => {
  const table: [number, number | null, number, number][] = [
    [30, null, 0, 30],
    [30, null, 7.5, 30],
    [30, null, 8, 32],
    [30, 500, 0, 30],
    [30, 60, 0, 30],
    [30, 59, 0, 30],
    [30, 58, 0, 29],
    [30, 24, 0, 12],
    [30, 25, 0, 13],
    [30, 24, 3.1, 13],
    [30, 24, 2.9, 12],
    [200, 300, 0, 150],
    [30, 12, 0, 6],
    [30, 10, 0, 5],
    [30, 5.16, 0, 5],
    [30, 0, 0, 5],
    [3, null, 0, 3],
    [3, 500, 2, 8]
  ]
  for (const [ceilingGrams, lightestGrams, sigmaGrams, grams] of table)
    assert.equal(
      thresholdGrams({ ceilingGrams, lightestGrams, sigmaGrams }),
      grams,
      `${ceilingGrams} ${lightestGrams} ${sigmaGrams}`
    )
})

test('a threshold is whole grams, at least four σ, and decides whole grams as the exact one would', () => {
  const inputs = fc.record({
    ceilingGrams: fc.integer({ min: 5, max: 200 }),
    lightestGrams: fc.option(fc.double({ min: 10, max: 2000, noNaN: true })),
    sigmaGrams: fc.double({ min: 0, max: 40, noNaN: true })
  })
  fc.assert(
    fc.property(inputs, fc.integer({ min: 0, max: 400 }), (input, grams) => {
      const threshold = thresholdGrams(input)
      const exact = Math.max(
        Math.min(input.ceilingGrams, (input.lightestGrams ?? Number.POSITIVE_INFINITY) / 2),
        4 * input.sigmaGrams
      )
      assert(Number.isInteger(threshold) && threshold >= 5)
      assert.equal(grams >= threshold, grams >= exact)
    }),
    { numRuns: 1000 }
  )
})

test('a device may be silent for three of its usual intervals, at least 10 s', () => {
  const table: [number | null, number][] = [
    [null, 10_000],
    [0, 10_000],
    [1000, 10_000],
    [3333, 10_000],
    [3334, 10_002],
    [15_000, 45_000]
  ]
  for (const [usualMs, allowedMs] of table) assert.equal(silenceAllowedMs(usualMs), allowedMs, String(usualMs))
})

test('the usual interval follows the gaps slowly, and a silence counts as five intervals', () => {
  const table: [number | null, number, number | null][] = [
    [null, 1000, 1000],
    [null, 0, null],
    [null, -5, null],
    [1000, 0, 1000],
    [1000, -1, 1000],
    [null, 10_000, 10_000],
    [null, 13_474, 10_000],
    [null, 3_600_000, 10_000],
    [1000, 1000, 1000],
    [1000, 1800, 1100],
    [1000, 200, 900],
    [1000, 5000, 1500],
    [1000, 3_600_000, 1500]
  ]
  for (const [usualMs, gapMs, next] of table) assert.equal(usualIntervalAfter(usualMs, gapMs), next, `${usualMs} ${gapMs}`)
})

test('a machine that reports seldom, or is set to, is not taken for lost each time', () => {
  const table: [number | null, number, number][] = [
    [null, 15_000, 1],
    [null, 60_000, 3],
    [null, 300_000, 7],
    [1000, 15_000, 5],
    [1000, 30_000, 8]
  ]
  for (const [usual, intervalMs, most] of table) {
    let usualMs = usual
    let beats = 0
    for (; beats <= most && silenceAllowedMs(usualMs) <= intervalMs; beats++) usualMs = usualIntervalAfter(usualMs, intervalMs)
    assert(beats <= most, `${beats} beats of ${intervalMs} ms until they are usual`)
  }
})

test('a machine that reports every five seconds reports seldom, one that loses a heartbeat now and then does not', () => {
  const table: [number | null, boolean][] = [
    [null, false],
    [1000, false],
    [2000, false],
    [2500, false],
    [2501, true],
    [5000, true]
  ]
  for (const [usualMs, isSeldom] of table) assert.equal(reportsSeldom(usualMs), isSeldom, String(usualMs))
  assert.equal(reportsSeldom(usualIntervalAfter(2000, 4000)), false)
})

test('a silence is still one after it was heard, and a first one is forgotten within seconds', () => {
  for (const usualMs of [null, 1000]) assert(silenceAllowedMs(usualIntervalAfter(usualMs, 31_000)) < 31_000)
  let usualMs = usualIntervalAfter(null, 300_000)
  for (let n = 0; n < 15; n++) usualMs = usualIntervalAfter(usualMs, 1000)
  assert.equal(silenceAllowedMs(usualMs), 10_000)
})

test('what should have come within a gap and did not was missed', () => {
  const table: [number, number | null, number][] = [
    [400, 1000, 0],
    [1000, 1000, 0],
    [1499, 1000, 0],
    [1500, 1000, 1],
    [2000, 1000, 1],
    [2499, 1000, 1],
    [2500, 1000, 2],
    [60_000, 1000, 59],
    [60_000, null, 0],
    [60_000, 0, 0],
    [60_000, -1, 0],
    [0, 1000, 0]
  ]
  for (const [gapMs, usualMs, missed] of table) assert.equal(missedWithin(gapMs, usualMs), missed, `${gapMs} ${usualMs}`)
})

test('blocks of samples are one level within half the threshold, at least 3 g', () => {
  const table: [number, number][] = [
    [30, 15],
    [13, 6.5],
    [6, 3],
    [5, 3],
    [1, 3]
  ]
  for (const [threshold, grams] of table) assert.equal(sampleToleranceGrams(threshold), grams)
})
