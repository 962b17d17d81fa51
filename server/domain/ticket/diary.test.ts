/** The odds of an act in a visit are what the whole visit is like with it, against without it: worked out here from the whole visit each time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Diary, type Moment, type Stay } from './diary.ts'
import type { Stop } from './stopping.ts'

const VISITS = 3
const MACHINES = ['fridge', 'shelf']

const logNormal = (ms: number, { median, spread }: { median: number; spread: number }) => {
  const seconds = Math.max(0.2, ms / 1000)
  return Math.sqrt(Math.exp(-((Math.log(seconds) - Math.log(median)) ** 2) / (2 * spread ** 2)) / (seconds * spread))
}

/** How likely a visit's moments are, one after the other, from door to door. */
function likelihood(moments: Moment[], { fromMs, toMs }: Stay): number {
  const way = [
    { atMs: fromMs, machineId: 'entry' },
    ...moments.toSorted((a, b) => a.atMs - b.atMs),
    ...(toMs === null ? [] : [{ atMs: toMs, machineId: 'exit' }])
  ]
  return way.slice(1).reduce((product, here, n) => {
    const isSame = way[n]!.machineId === here.machineId
    return product * logNormal(here.atMs - way[n]!.atMs, isSame ? { median: 5, spread: 1.1 } : { median: 8, spread: 0.8 })
  }, 1)
}

const act = fc.record({ atMs: fc.integer({ min: 1000, max: 90_000 }), machine: fc.nat(1), owner: fc.nat(VISITS - 1) })
const facts = fc.record({
  // up to 70: some are further apart than the paces that are kept; what happens at one moment has no order
  acts: fc.uniqueArray(act, { minLength: 1, maxLength: 70, selector: ({ atMs }) => atMs }),
  asked: fc.nat(),
  exits: fc.array(fc.option(fc.integer({ min: 91_000, max: 200_000 })), { minLength: VISITS, maxLength: VISITS })
})

test('the odds of an act are its whole visit with it against without it, whatever came and went before', () => {
  fc.assert(
    fc.property(facts, ({ acts, asked, exits }) => {
      const told = acts.map(({ atMs, machine }): Moment[] => [
        { atMs, machineId: MACHINES[machine]!, reach: [1, 0.5, 1], stops: [null, null, null], isSeen: false }
      ])
      const stays = exits.map((toMs): Stay => ({ fromMs: 0, toMs }))
      const diary = new Diary(told, stays)
      for (const [n, { owner }] of acts.entries()) diary.add(n, owner)
      const one = asked % acts.length
      diary.remove(one, acts[one]!.owner)
      const weights = Float64Array.of(1, 1, 1)
      diary.weigh(one, Int32Array.of(0, 1, 2), weights)
      const odds = stays.map((stay, visit) => {
        const others = told.filter((_, n) => n !== one && acts[n]!.owner === visit).flat()
        return likelihood([...others, ...told[one]!], stay) / likelihood(others, stay)
      })
      const sum = odds.reduce((total, each) => total + each, 0)
      for (const [visit, each] of odds.entries())
        assert(Math.abs(Math.log((weights[visit]! * sum) / each)) < 1e-9, `${weights[visit]} is not ${each / sum}`)
    }),
    { numRuns: 300 }
  )
})

test('a stop counts only those things that are still in the diary', () => {
  const stop = (fromMs: number): Stop => ({ key: 'here', endMs: 12_000, isOver: true, fromMs, toMs: fromMs + 500 })
  const moment = (atMs: number): Moment => ({ atMs, machineId: 'shelf', reach: [1, 1], stops: [stop(atMs), null], isSeen: true })
  const oddsAfter = (change: (diary: Diary) => void) => {
    const diary = new Diary(
      [[moment(10_000)], [moment(11_000)], [moment(11_200)]],
      [
        { fromMs: 0, toMs: 20_000 },
        { fromMs: 0, toMs: 20_000 }
      ]
    )
    change(diary)
    const weights = Float64Array.of(1, 1)
    diary.weigh(0, Int32Array.of(0, 1), weights)
    return weights[0]!
  }
  const alone = oddsAfter(() => {})
  const beside = oddsAfter((diary) => diary.add(1, 0))
  const cleared = oddsAfter((diary) => {
    diary.add(1, 0)
    diary.add(2, 0)
    diary.remove(1, 0)
    diary.remove(2, 0)
  })
  assert.equal(cleared, alone)
  assert.notEqual(beside, alone)
})
