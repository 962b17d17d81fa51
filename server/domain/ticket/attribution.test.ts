/** Who did it: who was inside, where people stood, at what pace they shop. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Act, attribute } from './attribution.ts'
import type { Stop } from './stopping.ts'

const stay = (fromMs: number, toMs: number | null) => ({ fromMs, toMs })
const act = (
  atMs: number,
  reach: number[],
  more: { machineId?: string; stops?: (Stop | null)[]; isSeen?: boolean } = {}
): Act => ({
  moments: [{ atMs, machineId: 'm', reach, stops: reach.map(() => null), isSeen: false, ...more }]
})
const most = (shares: number[]) => shares.indexOf(Math.max(...shares))

test('nobody inside: nobody; one who could: that one', () => {
  assert.deepEqual(attribute([act(5000, [0, 0])], [stay(0, null), stay(0, null)]), [[0, 0]])
  assert.deepEqual(attribute([act(5000, [0, 0.2])], [stay(0, null), stay(0, null)]), [[0, 1]])
})

test('nobody is at two machines at once', () => {
  const acts = [act(10_000, [1, 0]), act(10_200, [1, 1], { machineId: 'far' })]
  assert.equal(most(attribute(acts, [stay(0, 30_000), stay(0, 30_000)])[1]!), 1)
})

test('pace alone never makes sure', () => {
  const shares = attribute(
    [act(6000, [1, 1]), act(6100, [1, 1], { machineId: 'far' }), act(20_000, [1, 1])],
    [stay(0, 9000), stay(0, null)]
  )
  for (const own of shares) assert(Math.max(...own) < 0.95, own.join())
})

test('of two who stand there, the one who walks on after it and took nothing else has done it', () => {
  const stops = [
    { key: 'a', endMs: 40_000, isOver: true, fromMs: 9500, toMs: 10_500 },
    { key: 'b', endMs: 11_300, isOver: true, fromMs: 9500, toMs: 10_500 }
  ]
  const acts = [
    act(10_000, [0.5, 0.5], { stops, isSeen: true }),
    act(39_000, [0.9, 0], { stops: [{ ...stops[0]!, fromMs: 38_500, toMs: 39_500 }, null], isSeen: true })
  ]
  assert.equal(most(attribute(acts, [stay(0, 60_000), stay(0, 60_000)])[0]!), 1)
})

test('of two who walk on, it was the one whose hand had the time, not the one who left at once or stood on', () => {
  const inTurn = (endMs: number[]) =>
    endMs.map((end, n) => ({ key: `${n}`, endMs: end, isOver: true, fromMs: 10_000, toMs: Math.min(end, 11_000) }))
  const shares = (endMs: number[]) =>
    attribute([act(10_500, [0.5, 0.5], { stops: inTurn(endMs), isSeen: true })], [stay(0, 60_000), stay(0, 60_000)])[0]!
  assert.equal(most(shares([11_400, 10_100])), 0)
  assert.equal(most(shares([11_400, 30_000])), 0)
})

test('who was last seen standing there may walk on yet: that makes it no less likely', () => {
  const share = (isOver: boolean) => {
    const here = { key: 'here', endMs: 10_100, isOver, fromMs: 10_000, toMs: 10_100 }
    const stood = { key: 'stood', endMs: 14_000, isOver: true, fromMs: 10_000, toMs: 10_100 }
    return attribute([act(10_050, [0.5, 0.5], { stops: [here, stood], isSeen: true })], [stay(0, null), stay(0, null)])[0]![0]!
  }
  assert(share(false) > 0.5 && share(true) < share(false), `${share(false)} ${share(true)}`)
})

test('who went to and fro with a thing five hundred times has it still, and no number runs out of digits', () => {
  const to = (atMs: number, reach: number[]) => act(atMs, reach, { isSeen: true }).moments[0]!
  const long = { moments: Array.from({ length: 500 }, (_, n) => to(1000 * (n + 1), [0.004, 0.003])) }
  const stays = [stay(0, 900_000), stay(0, 900_000)]
  assert(attribute([long], stays)[0]![0]! > 0.99)
  for (const own of attribute([long, act(20_500, [0.5, 0.5])], stays)) assert(Math.abs(own[0]! + own[1]! - 1) < 1e-6, own.join())
})

test('equal facts give equal shares, and they sum to one', () => {
  const reach = fc.array(fc.double({ min: 0.001, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 })
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 1000, max: 90_000 }), reach), { maxLength: 8 }), (list) => {
      const acts = list.map(([atMs, own]) => act(atMs, own))
      const stays = [stay(0, null), stay(500, 60_000), stay(900, 95_000)]
      const shares = attribute(acts, stays)
      assert.deepEqual(attribute(acts, stays), shares)
      for (const own of shares) assert(Math.abs(own.reduce((sum, share) => sum + share, 0) - 1) < 1e-6)
    }),
    { numRuns: 40 }
  )
})
