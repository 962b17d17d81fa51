/** Which message is new: boots, duplicates, old ones, and machines that say neither. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { accept, type Position, type Sequence, UNBOOTED } from './sequence.ts'

const at = (bootId: string | null, seq: number | null): Position => ({ bootId, seq })

/** Feeds messages; returns which were taken. */
function taken(messages: (Position & { silentMs?: number })[]): boolean[] {
  let sequence = UNBOOTED
  return messages.map(({ silentMs = 1000, ...position }) => {
    const next = accept(sequence, position, silentMs)
    sequence = next ?? sequence
    return next !== null
  })
}

test('within a boot each sequence number counts once, and older ones not at all', () => {
  assert.deepEqual(taken([at('a', 1), at('a', 2), at('a', 2), at('a', 1), at('a', 3), at('a', 10), at('a', 4)]), [
    true,
    true,
    false,
    false,
    true,
    true,
    false
  ])
})

test('within a named boot a lower number is old, however long the silence', () => {
  assert.deepEqual(taken([at('a', 5), { ...at('a', 1), silentMs: 3_600_000 }]), [true, false])
})

test('a new boot begins anew, and a late message of an old boot changes nothing', () => {
  assert.deepEqual(taken([at('a', 50), at('b', 1), at('a', 51), at('b', 1), at('b', 2), at('a', null)]), [
    true,
    true,
    false,
    false,
    true,
    false
  ])
})

test('each boot has an epoch of its own', () => {
  const first = accept(UNBOOTED, at('a', 7), 0)!
  assert.deepEqual(first, { bootId: 'a', pastBootIds: [], epoch: 1, lastSeq: 7 })
  const second = accept(first, at('b', null), 0)!
  assert.deepEqual(second, { bootId: 'b', pastBootIds: ['a'], epoch: 2, lastSeq: null })
  assert.deepEqual(accept(second, at('b', 0), 0), { ...second, lastSeq: 0 })
})

test('without a boot a lower number is old, unless the machine was silent for 60 s', () => {
  const table: [number, number, boolean][] = [
    [4, 59_999, false],
    [4, 60_000, true],
    [5, 60_000, false],
    [6, 0, true],
    [5, 0, false]
  ]
  for (const [seq, silentMs, isNew] of table)
    assert.deepEqual(taken([at(null, 5), { ...at(null, seq), silentMs }]), [true, isNew], `${seq} after ${silentMs} ms`)
  const rebooted = accept({ ...UNBOOTED, lastSeq: 5 }, at(null, 1), 60_000)
  assert.deepEqual(rebooted, { bootId: null, pastBootIds: [], epoch: 1, lastSeq: 1 })
})

test('a boot without a name after a named one puts that one behind', () => {
  const named: Sequence = { bootId: 'a', pastBootIds: ['z'], epoch: 3, lastSeq: 9 }
  assert.deepEqual(accept(named, at(null, 1), 60_000), { bootId: null, pastBootIds: ['z', 'a'], epoch: 4, lastSeq: 1 })
  assert.deepEqual(accept(named, at(null, 10), 0), { ...named, lastSeq: 10 })
})

test('a message with neither is always new and moves nothing', () => {
  const sequence: Sequence = { bootId: 'a', pastBootIds: [], epoch: 1, lastSeq: 9 }
  assert.equal(accept(sequence, at(null, null), 0), sequence)
  assert.equal(accept(sequence, at('a', null), 0), sequence)
  assert.equal(accept(UNBOOTED, at(null, null), 0), UNBOOTED)
})

test('the last thirty-two boots are remembered', () => {
  let sequence = UNBOOTED
  for (let n = 0; n <= 33; n++) sequence = accept(sequence, at(`boot ${n}`, 0), 0)!
  assert.equal(sequence.pastBootIds.length, 32)
  assert.deepEqual([sequence.pastBootIds[0], sequence.pastBootIds.at(-1), sequence.bootId], ['boot 1', 'boot 32', 'boot 33'])
})

test('messages doubled and shuffled within a boot: each number counts at most once, and in growing order', () => {
  const stream = fc.array(fc.record({ bootId: fc.constantFrom('a', 'b', 'c'), seq: fc.integer({ min: 0, max: 20 }) }), {
    maxLength: 60
  })
  fc.assert(
    fc.property(stream, (messages) => {
      const counted = messages.filter((_, n, all) => taken(all.slice(0, n + 1)).at(-1))
      for (const boot of ['a', 'b', 'c']) {
        const seqs = counted.filter(({ bootId }) => bootId === boot).map(({ seq }) => seq)
        assert.deepEqual(
          seqs,
          [...new Set(seqs)].sort((a, b) => a - b)
        )
      }
      const boots = counted.map(({ bootId }) => bootId).filter((bootId, n, all) => bootId !== all[n - 1])
      assert.equal(new Set(boots).size, boots.length, 'no boot comes back')
    }),
    { numRuns: 1000 }
  )
})
