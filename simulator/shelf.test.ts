/** The physics of a scale: hands disturb it, and in the end exactly what was moved is missing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lift, setDown, touch } from './handling.ts'
import { noiseAt, randomFrom } from './random.ts'
import { emptyScale, foldMotions, isQuiet, load, readGrams, readSpan, type Shelf, settledLoad, tare } from './shelf.ts'

const MINUTE = 60_000

function shelfOf(loads: number[], seed = 'shelf'): Shelf {
  const random = randomFrom(seed)
  const scales = loads.map((grams, n) => {
    const scale = emptyScale(`00${n + 1}`, random.fork(n))
    load(scale, grams)
    return scale
  })
  return { scales, bend: 0.01 }
}

function meanOver(
  shelf: Shelf,
  index: number,
  { fromMs, toMs }: { fromMs: number; toMs: number }
): { mean: number; deviation: number } {
  const readings: number[] = []
  for (let ms = fromMs; ms < toMs; ms += 1000 / 60) readings.push(readGrams(shelf, index, ms))
  const mean = readings.reduce((a, b) => a + b) / readings.length
  return { mean, deviation: Math.sqrt(readings.reduce((sum, r) => sum + (r - mean) ** 2, 0) / readings.length) }
}

test('a quiet scale swings by 0.2 to 1.9 g and creeps by less than 2 g in a quarter of an hour', () => {
  for (let seed = 0; seed < 40; seed++) {
    const shelf = shelfOf([1000], `quiet ${seed}`)
    const first = meanOver(shelf, 0, { fromMs: 0, toMs: 10_000 })
    const later = meanOver(shelf, 0, { fromMs: 15 * MINUTE, toMs: 15 * MINUTE + 10_000 })
    assert(first.deviation > 0.2 && first.deviation < 1.9, `deviation ${first.deviation}`)
    assert(Math.abs(later.mean - first.mean) < 2.2, `creep ${later.mean - first.mean}`)
  }
})

test('after a lift exactly its grams are missing, after a set-down they are there, after a touch nothing changed', () => {
  for (let seed = 0; seed < 200; seed++) {
    const random = randomFrom(seed)
    const grams = random.range(20, 1200)
    const cases = [
      { motion: lift(random, 5000, grams), due: -grams },
      { motion: setDown(random, 5000, grams), due: grams },
      { motion: touch(random, 5000), due: 0 }
    ]
    for (const { motion, due } of cases) {
      assert.equal(motion.grams, due)
      assert(motion.fromMs > 5000 - 1900 && motion.untilMs < 5000 + 2600)
      assert(motion.at(motion.fromMs) === 0)
      assert(Math.abs(motion.at(motion.untilMs) - due) < 1e-9)
      assert(Math.abs(motion.at(motion.untilMs - 1) - due) < Math.max(3, grams * 0.01), 'no jump where a motion ends')
    }
  }
})

test('a hand presses before it lifts: the greatest weight of the interval shows it', () => {
  const shelf = shelfOf([2000])
  const at = 10_000
  shelf.scales[0]!.motions.push(lift(randomFrom('press'), at, 500))
  const span = readSpan(shelf, 0, { fromMs: at - 500, toMs: at + 500 })
  assert(span.max > 2000 + 10, `max ${span.max}`)
  assert(span.min < 1520, `min ${span.min}`)
  assert(Math.abs(span.last - 1500) < 40)
})

test('folding motions away changes no reading', () => {
  const shelf = shelfOf([2000, 2000])
  shelf.scales[0]!.motions.push(lift(randomFrom(1), 10_000, 500), setDown(randomFrom(2), 14_000, 200))
  const before = [30_000, 31_000, 40_000].map((ms) => readGrams(shelf, 0, ms))
  foldMotions(shelf, 29_000)
  assert.equal(shelf.scales[0]!.motions.length, 0)
  assert.equal(settledLoad(shelf.scales[0]!), 1700)
  for (const [n, ms] of [30_000, 31_000, 40_000].entries()) assert(Math.abs(readGrams(shelf, 0, ms) - before[n]!) < 1e-6)
})

test('a neighbour feels one hundredth of what leaves, and a scale further on feels nothing', () => {
  const shelf = shelfOf([2000, 2000, 2000])
  const before = [1, 2].map((n) => meanOver(shelf, n, { fromMs: 0, toMs: 5000 }).mean)
  shelf.scales[0]!.motions.push(lift(randomFrom(3), 8000, 1000))
  const after = [1, 2].map((n) => meanOver(shelf, n, { fromMs: 12_000, toMs: 17_000 }).mean)
  assert(Math.abs(after[0]! - before[0]! + 10) < 1.5, `neighbour ${after[0]! - before[0]!}`)
  assert(Math.abs(after[1]! - before[1]!) < 1.5)
})

test('the extremes of a quiet interval hold its last reading between them', () => {
  const shelf = shelfOf([700])
  assert(isQuiet(shelf, 0, 60_000))
  for (let ms = 1000; ms < 60_000; ms += 1000) {
    const { min, max, last } = readSpan(shelf, 0, { fromMs: ms - 1000, toMs: ms })
    assert(min <= last && last <= max && max - min < 10)
  }
})

test('after a tare the scale reads zero', () => {
  const shelf = shelfOf([1234])
  tare(shelf, 0, 5000)
  assert(Math.abs(meanOver(shelf, 0, { fromMs: 5000, toMs: 8000 }).mean) < 1)
})

test('the noise is about normal, and the same whenever it is asked for', () => {
  const all = Array.from({ length: 20_000 }, (_, n) => noiseAt(42, n))
  const mean = all.reduce((a, b) => a + b) / all.length
  const deviation = Math.sqrt(all.reduce((sum, x) => sum + x * x, 0) / all.length)
  assert(Math.abs(mean) < 0.05 && Math.abs(deviation - 1) < 0.05, `${mean} ${deviation}`)
  assert.equal(noiseAt(42, 777), all[777])
})
