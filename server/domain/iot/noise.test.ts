/** What a scale's scatter is learned from, and what it is not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { listen, moveTo, type Noise, SILENT, sigmaOf } from './noise.ts'

const hear = (readings: number[], noise: Noise = SILENT) => readings.reduce((heard, grams) => listen(heard, grams), noise)
const near = (actual: number, expected: number, off: number) =>
  assert(Math.abs(actual - expected) <= off, `${actual} is not ${expected} ± ${off}`)

/** Normal numbers, the same ones each time. */
function scatter(count: number, { sigma, mean }: { sigma: number; mean: number }): number[] {
  let state = 12345
  const uniform = () => {
    state = (state * 1103515245 + 12345) % 2147483648
    return (state + 1) / 2147483649
  }
  return Array.from(
    { length: count },
    () => mean + sigma * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
  )
}

test('σ is 0 until twenty readings after the first were heard', () => {
  const readings = Array.from({ length: 21 }, (_, n) => 1000 + (n % 2))
  assert.equal(sigmaOf(SILENT), 0)
  assert.equal(sigmaOf(hear(readings.slice(0, 20))), 0)
  assert(sigmaOf(hear(readings)) > 0.4)
})

test('the first reading says where the level is, and nothing of the scatter', () => {
  assert.deepEqual(listen(SILENT, 1000, 7), { ...SILENT, mean: 1000, previous: 1000 })
})

test('the second reading counts fully', () => {
  assert.deepEqual(hear([1000, 1004]), { count: 1, mean: 1004, spread: 0, steps: 16, swing: 0, previous: 1004 })
  assert.deepEqual(hear([1000, 1004, 1002]), { count: 2, mean: 1003, spread: 1, steps: 10, swing: 0, previous: 1002 })
})

test('σ of normal scatter is found, from half a gram to twelve', () => {
  for (const sigma of [0.5, 1.4, 3, 6, 12]) near(sigmaOf(hear(scatter(2000, { sigma, mean: 5000 }))), sigma, sigma * 0.35)
})

test('a slow drift is no scatter: the spread grows, the differences do not', () => {
  const drift = Array.from({ length: 400 }, (_, n) => 1000 + n * 0.2)
  assert(sigmaOf(hear(drift)) < 0.2, String(sigmaOf(hear(drift))))
  assert(Math.sqrt(hear(drift).spread) > 1)
})

test('a regular jitter is no more than its spread, though its differences are twice that', () => {
  const noise = hear(Array.from({ length: 200 }, (_, n) => 1000 + (n % 2 === 0 ? 2 : -2)))
  near(sigmaOf(noise), 2, 0.1)
  near(Math.sqrt(noise.steps / 2), 2.83, 0.1)
})

test('a reading more than 8 g off is something happening, and so is one beyond four σ on a noisy scale', () => {
  const quiet = hear([1000, 1000, 1000])
  assert.deepEqual(listen(quiet, 1008.01), { ...quiet, previous: 1008.01 })
  assert.deepEqual(listen(quiet, 991.99), { ...quiet, previous: 991.99 })
  assert.equal(listen(quiet, 1008).count, 3)
  assert.equal(listen(quiet, 992).count, 3)
  const noisy: Noise = { count: 64, mean: 1000, spread: 9, steps: 18, swing: 0, previous: 1000 }
  assert.equal(listen(noisy, 1012).count, 65)
  assert.equal(listen(noisy, 1012.01).count, 64)
  assert.equal(listen({ ...noisy, spread: 100 }, 1012.01).count, 64, 'the smaller estimate is the right one')
  assert.equal(listen({ ...noisy, steps: 200 }, 1012.01).count, 64)
})

test('the way back from something happening is no difference to learn from', () => {
  const away = listen(hear([1000, 1000, 1000]), 1100)
  const back = listen(away, 1000)
  assert.equal(back.steps, 0)
  assert.equal(back.count, 3)
  const table: [number, boolean][] = [
    [1016, true],
    [1016.01, false]
  ]
  for (const [previous, isLearned] of table)
    assert.equal(listen({ ...away, previous }, 1000).steps > 0, isLearned, String(previous))
})

test('the memory is sixty-four readings long: what was long ago fades', () => {
  const noise: Noise = { count: 1000, mean: 1000, spread: 16, steps: 32, swing: 9.2, previous: 1000 }
  const next = listen(noise, 1000, 0)
  assert.deepEqual(next, {
    count: 1001,
    mean: 1000,
    spread: 16 - 16 / 64,
    steps: 32 - 32 / 64,
    swing: 9.2 - 9.2 / 64,
    previous: 1000
  })
  assert.equal(listen({ ...noise, count: 62 }, 1000).spread, 16 - 16 / 63)
  const quiet = hear(
    Array.from({ length: 400 }, () => 1000),
    { ...noise, swing: 0 }
  )
  assert(sigmaOf(quiet) < 0.4)
})

test('the distance of an interval’s extremes tells σ where single readings do not', () => {
  const noise = Array.from({ length: 40 }).reduce((heard: Noise) => listen(heard, 1000, 4.6), SILENT)
  near(sigmaOf(noise), 1, 1e-9)
  assert.equal(listen(noise, 1000, null).swing, noise.swing)
  assert.equal(listen(noise, 1000).swing, noise.swing)
  assert.equal(sigmaOf({ ...noise, spread: 25, steps: 50 }), 5)
})

test('after a step the scatter learned so far stays, and the level is listened to anew', () => {
  const noise = hear(scatter(100, { sigma: 2, mean: 1000 }))
  const moved = moveTo(noise, 400)
  assert.equal(sigmaOf(moved), sigmaOf(noise))
  assert.deepEqual([moved.mean, moved.previous, moved.count], [400, 400, noise.count])
  near(sigmaOf(hear(scatter(100, { sigma: 2, mean: 400 }), moved)), 2, 0.8)
})

test('σ is finite and never negative, and never more than what was heard allows', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -5000, max: 5000 }), { maxLength: 80 }), (readings) => {
      const sigma = sigmaOf(hear(readings))
      assert(sigma >= 0 && Number.isFinite(sigma))
      assert(sigma <= Math.max(0, ...readings) - Math.min(0, ...readings))
    }),
    { numRuns: 1000 }
  )
})
