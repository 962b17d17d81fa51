/** The level between changes: how the baseline creeps, what the noise learns from, and what a revised row leaves of both. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oneScale } from '#test/support/one-scale.ts'
import { sigmaOf } from './noise.ts'

const TWO_HOURS = 7200

test('creep of a gram a minute for two hours is no change, and the baseline follows it', () => {
  for (const way of [1, -1]) {
    const scale = oneScale()
    for (let second = 0; second <= TWO_HOURS; second++) scale.reads(1000 + Math.round((way * second) / 60))
    assert.deepEqual(scale.grams(), [])
    assert(Math.abs(scale.state.baseline! - (1000 + way * 120)) <= 1, String(scale.state.baseline))
    assert(Math.abs(scale.state.creep - way * 120) <= 1, String(scale.state.creep))
  }
})

test('creep goes by time and never by reading: a hundred and twenty readings a second move the baseline no faster', () => {
  const table: [number, number][] = [
    [1, 60],
    [120, 60 * 120],
    [5, 300]
  ]
  for (const [rate, readings] of table) {
    const scale = oneScale()
    scale.reads(1000)
    for (let n = 0; n < readings; n++) scale.reads(1003, { afterMs: 1000 / rate })
    assert(Math.abs(scale.state.creep - 2) < 1e-6, `${rate} a second: ${scale.state.creep} g in a minute`)
  }
})

test('a drift faster than two grams a minute becomes a change and is not swallowed', () => {
  const scale = oneScale()
  for (let second = 0; second <= 600; second++) scale.reads(1000 - Math.round((second * 10) / 60))
  scale.stands()
  assert(scale.sum() <= -60, String(scale.sum()))
  assert.equal(Math.round(1000 + scale.sum() + scale.state.creep), Math.round(scale.state.baseline!))
})

test('the baseline follows readings that scatter around it, and no reading that lies off', () => {
  const table: [string, number, number, number][] = [
    ['within the band, a minute', 1003, 60_000, 2],
    ['within the band, less than allowed', 1001, 60_000, 1],
    ['below', 997, 60_000, -2],
    ['off', 1004, 60_000, 0],
    ['off below', 996, 60_000, 0],
    ['long enough for all of it', 1004, 120_000, 4],
    ['long enough for more', 1020, 900_000, 20],
    ['not quite long enough', 1020, 599_000, 0],
    ['no time at all', 1001, 0, 0],
    ['a clock that ran backwards', 1001, -60_000, 0]
  ]
  for (const [what, grams, gapMs, moved] of table) {
    const scale = oneScale()
    scale.reads(1000)
    scale.reads(grams, { gapMs })
    assert.equal(scale.state.baseline, 1000 + moved, what)
    assert.equal(scale.state.creep, moved, what)
  }
})

test('on a noisy scale the band is three σ wide', () => {
  const scale = oneScale()
  for (let n = 0; n < 200; n++) scale.reads(1000 + (n % 2 === 0 ? 3 : -3), { gapMs: 0 })
  const sigma = sigmaOf(scale.state.noise)
  assert(sigma > 2.5 && sigma < 3.5, String(sigma))
  const start = scale.state.creep
  scale.reads(1008, { gapMs: 30_000 })
  assert.equal(scale.state.creep - start, 1)
  scale.reads(1017, { gapMs: 30_000 })
  assert.equal(scale.state.creep - start, 1)
})

test('a withdrawn jump leaves the baseline, and the noise, where the level is', () => {
  const scale = oneScale()
  scale.readsAll([1000, 700, 1020])
  assert.equal(scale.state.baseline, 1000)
  assert.equal(scale.state.noise.mean, 1000)
  for (let n = 0; n < 25; n++) scale.reads(1000 + (n % 2))
  assert(sigmaOf(scale.state.noise) > 0, 'the level is listened to again')
})

test('the reading that withdraws a jump may move the baseline by its time', () => {
  const scale = oneScale()
  scale.readsAll([1000, 700])
  scale.reads(1001, { afterMs: 6000 })
  assert(Math.abs(scale.state.creep - 0.2) < 1e-9, String(scale.state.creep))
})

test('σ never learns across a step, whether it was confirmed, stood, was sure or was withdrawn', () => {
  const steps = {
    confirmed: (scale: ReturnType<typeof oneScale>) => scale.readsAll([960, 960]),
    stood: (scale: ReturnType<typeof oneScale>) => [...scale.reads(960), ...scale.stands()],
    sure: (scale: ReturnType<typeof oneScale>) => scale.reads(960, { isSure: true }),
    withdrawn: (scale: ReturnType<typeof oneScale>) => scale.readsAll([960, 1000])
  }
  for (const [what, step] of Object.entries(steps)) {
    const scale = oneScale()
    scale.readsAll(Array.from({ length: 30 }, () => 1000))
    step(scale)
    assert.deepEqual([scale.state.noise.mean, scale.state.noise.previous], [scale.state.baseline, scale.state.baseline], what)
    scale.readsAll(Array.from({ length: 30 }, () => scale.state.baseline!))
    assert.equal(sigmaOf(scale.state.noise), 0, what)
  }
})

test('a change on a scale that crept books the rounding with the creep, so that rows and creep explain the level to the gram', () => {
  const scale = oneScale()
  scale.reads(1000)
  let level = 1000
  for (let n = 0; n < 40; n++) {
    scale.reads(level + 1, { afterMs: 13_000 })
    level += n % 2 === 0 ? -300 : 300
    if (n % 3 === 0) scale.reads(level, { isSure: true, gapMs: 0 })
    else scale.readsAll([level, level], { gapMs: 0 })
  }
  const { baseline, creep } = scale.state
  assert(Math.abs(1000 + scale.sum() + creep - baseline!) < 1e-6, `1000 ${scale.sum()} ${creep} ${baseline}`)
})

test('the swing of a heartbeat tells the noise, unless it is the cell’s capacity', () => {
  const hear = (swingGrams: number | null) => {
    const scale = oneScale()
    for (let n = 0; n < 30; n++) scale.reads(1000, { swingGrams })
    return sigmaOf(scale.state.noise)
  }
  assert(Math.abs(hear(9.2) - 2) < 0.001)
  assert.deepEqual([hear(null), hear(0), hear(600), hear(500)], [0, 0, 0, 0])
  assert(hear(499) > 100)
})
