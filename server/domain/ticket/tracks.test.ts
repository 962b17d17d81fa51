/** Tracks: bound to visits at the door, and what they say of who reached where. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Part } from './parts.ts'
import { bindTracks, reachOf, type Sight, stopsOf } from './tracks.ts'

const at = (atMs: number, x: number, y = 0): Sight => ({ atMs, x, y })
/** A walk from the door to a place and back: one sighting every 200 ms. */
const walk = (fromMs: number, toMs: number, x: number): Sight[] =>
  Array.from({ length: Math.floor((toMs - fromMs) / 200) + 1 }, (_, n) =>
    at(fromMs + 200 * n, Math.min(x, n * 0.24, ((toMs - fromMs) / 200 - n) * 0.24))
  )
const part = (fromMs: number, atMs: number, scaleId = '1') =>
  ({ machineId: 'm', fromMs, atMs, byScale: new Map([[scaleId, -100]]) }) as Part
const spots = new Map([
  ['m/1', { x: 2, y: 0 }],
  ['m/2', { x: 4, y: 0 }]
])

test('a track is bound to the visit that begins and ends with it', () => {
  const tracks = new Map([
    ['a', walk(1000, 30_000, 2)],
    ['b', walk(4000, 50_000, 4)],
    ['passer-by', walk(70_000, 80_000, 1)]
  ])
  const visit = (fromMs: number, toMs: number | null) => ({ fromMs, toMs, entry: null })
  const ways = bindTracks([visit(1100, 30_200), visit(4000, null), visit(100_000, null)], tracks)
  assert.deepEqual(
    ways.map((way) => way?.[0]?.atMs ?? null),
    [1000, 4000, null]
  )
})

test('of two who come in at once, each is bound to the door they came through', () => {
  const tracks = new Map([
    ['far', [at(1000, 9), at(2000, 8)]],
    ['near', [at(1000, 0), at(2000, 1)]]
  ])
  const ways = bindTracks(
    [
      { fromMs: 1000, toMs: null, entry: { x: 0, y: 0 } },
      { fromMs: 1000, toMs: null, entry: { x: 9, y: 0 } }
    ],
    tracks
  )
  assert.deepEqual(
    ways.map((way) => way![0]!.x),
    [0, 9]
  )
})

test('who stands before a scale reaches it, who walks by or stands elsewhere hardly, of whom nothing is seen nothing is known', () => {
  const standing = (x: number) => [at(4000, x), at(5000, x + 0.1), at(5200, x)]
  const walking = [at(4000, 0.4), at(5000, 1.9), at(5200, 2.2)]
  const reach = reachOf([standing(2), standing(4), null, walking], spots)(part(5000, 5200))!
  assert(reach[0]! > 0.9 && reach[1]! < 0.01 && reach[2]! > reach[1]!, reach.join())
  assert(reach[3]! < 0.2 && reach[3]! > 0.05, reach.join())
  assert.equal(reachOf([], spots)(part(0, 1, 'not on the plan')), null)
})

test('stops are where somebody stayed, and end when they walk on', () => {
  const way = [...Array.from({ length: 10 }, (_, n) => at(200 * n, 2)), at(2000, 2.5), at(2200, 3), at(2400, 3.5)]
  const stops = stopsOf([way, null], spots)
  assert.deepEqual(stops(part(1000, 1200)), [{ key: '0/0', endMs: 1800, isOver: true, fromMs: 1000, toMs: 1200 }, null])
  assert.deepEqual(stops(part(2300, 2400)), [null, null])
})

test('of two stops during a part, the one before its scale counts, and only the time there', () => {
  const way = [
    ...Array.from({ length: 10 }, (_, n) => at(200 * n, 2)),
    ...Array.from({ length: 10 }, (_, n) => at(2000 + 200 * n, 4))
  ]
  const stops = stopsOf([way], spots)
  assert.deepEqual(stops(part(1000, 2600, '1')), [{ key: '0/0', endMs: 1800, isOver: true, fromMs: 1000, toMs: 1800 }])
  assert.deepEqual(stops(part(1000, 2600, '2')), [{ key: '0/1', endMs: 3800, isOver: false, fromMs: 2000, toMs: 2600 }])
})

test('a stop is told by its middle: who trembles stays, who moves a shelf further has walked on', () => {
  const way = Array.from({ length: 20 }, (_, n) => at(200 * n, n < 10 ? 2 + 0.1 * (n % 2) : 2.4 + 0.1 * (n % 2)))
  const [before] = stopsOf([way], spots)(part(1000, 1200))
  const [later] = stopsOf([way], spots)(part(3000, 3200))
  assert.deepEqual([before!.endMs, later!.endMs], [1800, 3800])
  assert.notEqual(before!.key, later!.key)
})

test('whatever tracks there are, no track is bound twice and every reach is a likelihood', () => {
  const sights = fc.array(fc.tuple(fc.nat(60_000), fc.double({ min: -9, max: 9, noNaN: true })), { minLength: 1, maxLength: 20 })
  const visits = fc.array(fc.record({ fromMs: fc.nat(60_000), toMs: fc.constant(null), entry: fc.constant(null) }), {
    maxLength: 4
  })
  fc.assert(
    fc.property(fc.dictionary(fc.string(), sights, { maxKeys: 5 }), visits, (dictionary, inside) => {
      const ways = Object.entries(dictionary).map(([id, list]): [string, Sight[]] => [
        id,
        list.map(([atMs, x]) => at(atMs, x)).sort((a, b) => a.atMs - b.atMs)
      ])
      const bound = bindTracks(inside, new Map(ways))
      const known = bound.filter((way) => way !== null)
      assert.equal(new Set(known).size, known.length)
      for (const each of reachOf(bound, spots)(part(10_000, 20_000))!) assert(each > 0 && each <= 1.005)
    })
  )
})
