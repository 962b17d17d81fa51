/** The lines that movements come to. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { proposedLines } from './proposed-lines.ts'

type Taken = Parameters<typeof proposedLines>[0][number]
const taken = (productId: string | null, quantity: number, more: Partial<Taken> = {}): Taken => ({
  ...{ productId, quantity, returned: 0, confidence: 0.9, weightChangeIds: [`${productId} ${quantity}`] },
  ...more
})

test('what was taken and kept is proposed, a product at a time', () => {
  const table: [string, Taken[], [string, number, number][]][] = [
    ['nothing', [], []],
    ['one', [taken('a', 1)], [['a', 1, 0.9]]],
    ['the same twice: as sure as the less sure', [taken('a', 1), taken('a', 2, { confidence: 0.5 })], [['a', 3, 0.5]]],
    ['put back', [taken('a', 1, { returned: 1 }), taken('a', -1)], []],
    ['one of two put back', [taken('a', 2, { returned: 1 })], [['a', 1, 0.9]]],
    ['nobody knows what', [taken(null, 1)], []],
    ['more likely wrong than right', [taken('a', 1, { confidence: 0.3 })], []]
  ]
  for (const [what, movements, lines] of table)
    assert.deepEqual(
      proposedLines(movements).map(({ productId, quantity, confidence }) => [productId, quantity, confidence]),
      lines,
      what
    )
})

test('a weight change that is part of two movements stands in one line only', () => {
  const lines = proposedLines([taken('a', 1, { weightChangeIds: ['x', 'y'] }), taken('b', 1, { weightChangeIds: ['y', 'z'] })])
  assert.deepEqual(
    lines.map((line) => line.weightChangeIds),
    [['x', 'y'], ['z']]
  )
})
