/** From samples to levels: what settles, what never does, and when it began. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { feed, type Level, newPlateau } from './plateau.ts'

type Told = { rateHz?: number; toleranceGrams?: number; baselineGrams?: number | null; firstMs?: number; perMessage?: number }

/** Feeds samples in messages of twelve, as machines send them, the first of them at 0 ms. */
function levelsOf(
  samples: (number | null)[],
  { rateHz = 60, toleranceGrams = 15, baselineGrams = null, firstMs = 0, perMessage = 12 }: Told = {}
): Level[] {
  const plateau = newPlateau()
  const levels: Level[] = []
  for (let n = 0; n < samples.length; n += perMessage) {
    const run = {
      samples: samples.slice(n, n + perMessage),
      firstMs: firstMs + (n * 1000) / rateHz,
      rateHz,
      toleranceGrams,
      baselineGrams
    }
    levels.push(...feed(plateau, run))
  }
  return levels
}
/** Samples of a curve over `ms` milliseconds. */
const curve = (ms: number, gramsAt: (ms: number) => number | null, rateHz = 60) =>
  Array.from({ length: Math.round((ms * rateHz) / 1000) }, (_, n) => gramsAt((n * 1000) / rateHz))
const grams = (levels: Level[]) => levels.map((level) => level.grams)
const rounded = (levels: Level[]) =>
  levels.map((level) => ({ grams: level.grams, atMs: Math.round(level.atMs), startedMs: Math.round(level.startedMs) }))

test('a level settles after 500 ms, not after 400', () => {
  for (const grams of [1000, 0]) assert.deepEqual(levelsOf(curve(400, () => grams)), [])
  assert.deepEqual(levelsOf(curve(483, () => 1000)), [])
  assert.deepEqual(rounded(levelsOf(curve(500, () => 1000))), [{ grams: 1000, atMs: 500, startedMs: 0 }])
})

test('a settled level is said once, and again each second', () => {
  assert.deepEqual(
    levelsOf(curve(3600, () => 1000)).map((level) => Math.round(level.atMs)),
    [500, 1500, 2500, 3500]
  )
})

test('a level that was left and came back is said again at once', () => {
  const away = curve(1200, (ms) => (ms >= 600 && ms < 650 ? 5000 : 1000))
  assert.deepEqual(
    levelsOf(away).map((level) => Math.round(level.atMs)),
    [500, 1200]
  )
})

test('whatever the rate, about half a second settles', () => {
  const table: [number, number][] = [
    [200, 500],
    [100, 500],
    [60, 500],
    [50, 500],
    [30, 500],
    [10, 500],
    [5, 600],
    [4, 500],
    [2, 1000],
    [1, 2000],
    [1000, 500],
    [970, 500]
  ]
  for (const [rateHz, settledMs] of table) {
    for (const perMessage of [1, 7, 12, 1000]) {
      const [level] = levelsOf(
        curve(4000, () => 250, rateHz),
        { rateHz, perMessage }
      )
      assert.deepEqual([level?.grams, Math.round(level!.atMs)], [250, settledMs], `${rateHz} Hz, ${perMessage} to a message`)
    }
  }
})

test('blocks within the tolerance are one level, its mean in whole grams; a hair more is none', () => {
  const stairs = (gram: number) => curve(500, (ms) => 1000 + (ms >= 250 ? gram : 0), 10)
  assert.deepEqual(grams(levelsOf(stairs(15), { rateHz: 10 })), [1006])
  assert.deepEqual(levelsOf(stairs(15.01), { rateHz: 10 }), [])
  assert.deepEqual(levelsOf(stairs(-15.01), { rateHz: 10 }), [])
  assert.deepEqual(grams(levelsOf(stairs(3), { rateHz: 10, toleranceGrams: 3 })), [1001])
})

test('single samples may jump: blocks of 100 ms are compared', () => {
  assert.deepEqual(grams(levelsOf(curve(500, (ms) => 1000 + (Math.round(ms / (1000 / 60)) % 2 === 0 ? 12 : -12)))), [1000])
})

test('a press before a lift, a ring-down and a spike never settle; what stays does', () => {
  const press = (ms: number) => (ms < 1000 ? 1000 : ms < 1350 ? 1000 + Math.min(400, (ms - 1000) * 4) : 377)
  const ring = (ms: number) => (ms < 1000 ? 1000 : 377 + 300 * Math.exp(-(ms - 1000) / 250) * Math.cos((ms - 1000) / 60))
  const spike = (ms: number) => (ms >= 1000 && ms < 1080 ? 4000 : 1000)
  const lift = (ms: number) => (ms < 1000 ? 1000 : ms < 3000 ? 1000 - (ms - 1000) * 0.3 : 400)
  const table: [string, (ms: number) => number, number[]][] = [
    ['press', press, [1000, 377]],
    ['ring-down', ring, [1000, 377]],
    ['spike', spike, [1000]],
    ['slow lift', lift, [1000, 400]]
  ]
  for (const [what, at, expected] of table) {
    const said = grams(levelsOf(curve(4500, at), { baselineGrams: 1000 }))
    const levels = said.filter((level, n) => n === 0 || Math.abs(level - said[n - 1]!) > 8)
    assert.equal(levels.length, expected.length, `${what}: ${said}`)
    for (const [n, level] of expected.entries()) assert(Math.abs(levels[n]! - level) <= 8, `${what}: ${said}`)
  }
})

test('a change began when the old level was left, within 200 ms', () => {
  for (const rateHz of [5, 10, 60, 200]) {
    for (const stepMs of [1000, 1037, 1250, 1499]) {
      for (const lastMs of [0, 150, 700, 2500]) {
        const moving = (ms: number) => (ms < stepMs ? 1000 : ms < stepMs + lastMs ? 377 + 200 * Math.sin(ms / 40) : 377)
        const levels = levelsOf(curve(5500, moving, rateHz), { rateHz, baselineGrams: 1000 })
        const level = levels.find((each) => Math.abs(each.grams - 377) < 5)
        assert(Math.abs(level!.startedMs - stepMs) <= 200, `${rateHz} Hz, ${lastMs} ms from ${stepMs}: ${level!.startedMs}`)
      }
    }
  }
})

test('a block just as near to the baseline as to the new level still belongs to the old one', () => {
  const halfway = curve(1300, (ms) => (ms < 600 ? 1000 : ms < 800 ? 900 : 800), 10)
  assert.deepEqual(
    levelsOf(halfway, { rateHz: 10, baselineGrams: 1000 }).map((level) => level.startedMs),
    [0, 800]
  )
})

test('the old level is found as far back as it was heard', () => {
  const [level] = levelsOf(
    curve(700, (ms) => (ms < 100 ? 1000 : ms < 200 ? 200 : 377)),
    { baselineGrams: 1000 }
  )
  assert.deepEqual([level?.grams, Math.round(level!.startedMs)], [377, 100])
})

test('where the old level is unknown or long ago, a level began with the 500 ms that settled it', () => {
  const long = (ms: number) => (ms < 500 ? 1000 : ms < 8000 ? 3000 + 1000 * Math.sin(ms / 50) : 377)
  const last = levelsOf(curve(8600, long), { baselineGrams: 1000 }).at(-1)!
  assert.deepEqual([last.grams, Math.round(last.startedMs)], [377, 8000])
  const unknown = levelsOf(curve(1200, (ms) => (ms < 600 ? 1000 : 377)))
  assert.deepEqual(rounded(unknown).at(-1), { grams: 377, atMs: 1100, startedMs: 600 })
  const fromNothing = levelsOf(curve(1500, (ms) => (ms < 600 ? 0 : ms < 1000 ? 3000 : 377)))
  assert.deepEqual(rounded(fromNothing).at(-1), { grams: 377, atMs: 1500, startedMs: 1000 })
})

test('moments without a reading are left out', () => {
  const holes = curve(1000, () => 1000).map((sample, n) => (n % 2 === 0 ? sample : null))
  const [level] = levelsOf(holes)
  assert.deepEqual([level?.grams, Math.round(level!.atMs)], [1000, 983])
  assert.deepEqual(levelsOf(curve(5000, () => null)), [])
  assert.deepEqual(levelsOf([]), [])
  const holed = levelsOf(
    curve(4000, (ms) => (ms < 2000 ? 1000 : 377)).map((sample, n) => (n % 2 === 0 ? sample : null)),
    { baselineGrams: 1000 }
  )
  assert(Math.abs(holed.find((each) => each.grams === 377)!.startedMs - 2000) <= 200, 'onset is by the clock, not by counting')
})

test('after more than a second without samples the 500 ms begin anew, within a message as between two', () => {
  for (const perMessage of [6, 1000]) {
    for (const [gapMs, count] of [
      [1000, 1],
      [1100, 0]
    ] as const) {
      const around = curve(500 + gapMs, (ms) => (ms < 300 - 1 || ms >= 300 + gapMs - 1 ? 1000 : null))
      assert.equal(levelsOf(around, { perMessage }).length, count, `${gapMs} ms, ${perMessage} to a message`)
    }
  }
})

test('a clock set back by more than a second begins anew, and the level is said again', () => {
  const plateau = newPlateau()
  const run = { samples: curve(600, () => 1000), rateHz: 60, toleranceGrams: 15, baselineGrams: null }
  assert.equal(feed(plateau, { ...run, firstMs: 3_600_000 }).length, 1)
  assert.deepEqual(rounded(feed(plateau, { ...run, firstMs: 0 })), [{ grams: 1000, atMs: 500, startedMs: 0 }])
})

test('half a block before a silence is not mixed with what comes after it', () => {
  const plateau = newPlateau()
  const run = { rateHz: 60, toleranceGrams: 15, baselineGrams: null }
  feed(plateau, { ...run, samples: [9000, 9000, 9000], firstMs: 0 })
  assert.deepEqual(grams(feed(plateau, { ...run, samples: curve(500, () => 1000), firstMs: 5000 })), [1000])
})

test('any level that is said was held: its blocks lie within the tolerance, and its grams among them', () => {
  const piece = fc.record({
    ms: fc.integer({ min: 20, max: 1500 }),
    grams: fc.integer({ min: -500, max: 5000 }),
    scatter: fc.constantFrom(0, 2, 8, 60)
  })
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 8 }), fc.constantFrom(10, 60, 200), (pieces, rateHz) => {
      const samples = pieces.flatMap(
        ({ ms, grams: level, scatter }) => curve(ms, (at) => level + scatter * Math.sin(at * 7), rateHz) as number[]
      )
      for (const level of levelsOf(samples, { rateHz, baselineGrams: 0 })) {
        const end = Math.round((level.atMs * rateHz) / 1000)
        const held = samples.slice(end - Math.round(rateHz / 2), end)
        assert(level.grams >= Math.min(...held) - 0.5 && level.grams <= Math.max(...held) + 0.5)
        const size = rateHz / 10
        const blocks = Array.from(
          { length: 5 },
          (_, n) => held.slice(n * size, (n + 1) * size).reduce((sum, each) => sum + each, 0) / size
        )
        assert(Math.max(...blocks) - Math.min(...blocks) <= 15 + 1e-6)
        assert(level.startedMs <= level.atMs - 499)
      }
    }),
    { numRuns: 1000 }
  )
})
