/** What was taken at one machine and put back at another is decided together. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Movement } from '#contracts/api/movements.ts'
import { bondsOf, type Standing, together } from './bonds.ts'

const movement = (machineId: string, quantity: number, more: Partial<Movement> = {}): Movement => ({
  ...{ id: 'm', machineId, visitId: 'v', productId: 'cola', quantity, returned: 0, occurredAt: '', confidence: 1 },
  ...{ shares: { v: 1 }, candidates: [], weightChangeIds: [], reasons: [], version: 1 },
  ...more
})
const plain = (bonds: Map<string, string[]>) => Object.fromEntries(bonds)

test('what was taken here and put back there binds the two, whatever else was taken', () => {
  const back = [movement('a', 1, { returned: 1 }), movement('b', -1), movement('c', 1)]
  assert.deepEqual(plain(bondsOf(back)), { a: ['b'], b: ['a'] })
  assert.deepEqual(plain(bondsOf([movement('a', 1, { returned: 1 }), movement('a', -1)])), { a: [] })
  assert.deepEqual(plain(bondsOf([movement('a', 1), movement('b', 1)])), {})
  assert.deepEqual(plain(bondsOf([movement('a', 1, { returned: 1 }), movement('b', -1, { productId: 'juice' })])), {
    a: [],
    b: []
  })
})

test('one that goes to people takes along what is bound to it, and one that waits keeps it waiting', () => {
  const lines = { lines: [] }
  const chain = new Map([
    ['a', ['b']],
    ['b', ['a', 'c']],
    ['c', ['b']]
  ])
  const heard = (a: Standing, c: Standing) =>
    [
      ...together(
        new Map<string, Standing>([
          ['a', a],
          ['b', lines],
          ['c', c],
          ['d', lines]
        ]),
        chain
      ).values()
    ].map((each) => (typeof each === 'string' ? each : 'lines'))
  assert.deepEqual(heard(lines, lines), ['lines', 'lines', 'lines', 'lines'])
  assert.deepEqual(heard('people', lines), ['people', 'people', 'people', 'lines'])
  assert.deepEqual(heard('waits', lines), ['waits', 'waits', 'waits', 'lines'])
  assert.deepEqual(heard('waits', 'people'), ['people', 'people', 'people', 'lines'])
  assert.deepEqual(heard('done', lines), ['done', 'lines', 'lines', 'lines'])
  assert.deepEqual(heard('done', 'people'), ['done', 'people', 'people', 'lines'])
})
