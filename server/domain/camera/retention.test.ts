/** Retention by property: whatever the bounds, pinned videos stay, the oldest go first, and no more than it takes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { exceeded, type KeptClip, planRemovals } from './retention.ts'

const bytes = fc.integer({ min: 0, max: 500 })
const clipsOf = fc
  .array(fc.record({ bytes, isPinned: fc.boolean(), isAwaited: fc.boolean() }), { maxLength: 60 })
  .map((clips) => clips.map((clip, n): KeptClip => ({ ...clip, id: `${n}`, endMs: n * 100 })))
const factsOf = fc.record({
  clips: clipsOf,
  freeBytes: fc.integer({ min: 0, max: 5000 }),
  bounds: fc.record({
    quotaBytes: fc.integer({ min: 0, max: 20_000 }),
    leastFreeBytes: fc.integer({ min: 0, max: 20_000 }),
    oldestMs: fc.integer({ min: -100, max: 7000 })
  })
})
const sum = (clips: KeptClip[]) => clips.reduce((total, clip) => total + clip.bytes, 0)

test('under any bounds: pinned videos never go, unpinned ones go oldest first, and it stops as soon as the bounds hold', () => {
  fc.assert(
    fc.property(factsOf, ({ clips, freeBytes, bounds }) => {
      const before = { usedBytes: sum(clips), freeBytes }
      const { removals, disk } = planRemovals(clips, before, bounds)
      const going = removals.map(({ id }) => clips[Number(id)]!)
      assert.ok(going.every((clip) => !clip.isPinned))
      const loose = clips.filter((clip) => !clip.isPinned && !clip.isAwaited)
      assert.deepEqual(going, loose.slice(0, going.length), 'the oldest unpinned ones, none left out')
      assert.deepEqual(disk, { usedBytes: before.usedBytes - sum(going), freeBytes: freeBytes + sum(going) })
      const last = going.at(-1)
      if (last && last.endMs >= bounds.oldestMs) {
        const oneLess = { usedBytes: disk.usedBytes + last.bytes, freeBytes: disk.freeBytes - last.bytes }
        assert.notEqual(exceeded(oneLess, bounds), null, 'the last one had to go')
      }
      if (exceeded(disk, bounds) !== null) assert.equal(going.length, loose.length, 'it stops for pinned ones only')
      assert.ok(loose.slice(going.length).every((clip) => clip.endMs >= bounds.oldestMs))
    }),
    { numRuns: 2000 }
  )
})

test('those that wait to be uploaded go for space alone: oldest first, never pinned ones, no more than it takes', () => {
  fc.assert(
    fc.property(factsOf, ({ clips, freeBytes, bounds }) => {
      const before = { usedBytes: sum(clips), freeBytes }
      const { removals, disk } = planRemovals(clips, before, bounds, { awaited: true })
      const going = removals.map(({ id }) => clips[Number(id)]!)
      const loose = clips.filter((clip) => !clip.isPinned && clip.isAwaited)
      assert.deepEqual(going, loose.slice(0, going.length))
      assert.ok(removals.every(({ reason }) => reason !== 'age'))
      if (exceeded(before, bounds) === null) assert.equal(going.length, 0, 'time alone takes none')
      if (exceeded(disk, bounds) !== null) assert.equal(going.length, loose.length)
    }),
    { numRuns: 1000 }
  )
})

test('each video that goes is told why', () => {
  const clips = [100, 200, 300, 400].map(
    (endMs, n): KeptClip => ({ id: `${n}`, endMs, bytes: 10, isPinned: false, isAwaited: false })
  )
  const bounds = { quotaBytes: 25, leastFreeBytes: 35, oldestMs: 150 }
  assert.deepEqual(planRemovals(clips, { usedBytes: 40, freeBytes: 5 }, bounds), {
    removals: [
      { id: '0', reason: 'age' },
      { id: '1', reason: 'quota' },
      { id: '2', reason: 'space' }
    ],
    disk: { usedBytes: 10, freeBytes: 35 }
  })
})
