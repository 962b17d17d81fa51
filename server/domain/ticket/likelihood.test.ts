/** How far a weight may be off: a unit on the scales that weighed it before, on others, and one that only the catalogue knows. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { robust, spreadOf, spreadOfKnown } from './likelihood.ts'

const GRAMS = 400
const known = (familiar: number, before = 1, scales = 1) => spreadOfKnown([{ grams: GRAMS, scales: before, familiar }], scales)

test('a scale weighs a unit again as it did; two scales are apart by the gains of both, the less the more scales it stands on', () => {
  assert(known(1) < 0.012 * GRAMS, `${known(1)}`)
  assert(known(0) > 0.028 * GRAMS, `${known(0)}`) // 2 % twice
  assert(known(0) > known(0.5) && known(0.5) > known(1))
  assert(known(0, 1, 3) < known(0) && known(0, 3, 1) < known(0))
})

test('a unit that was weighed is known better than its product, where it was weighed', () => {
  const product = spreadOf({ grams: GRAMS, quantity: 1, toleranceGrams: 0, scales: 1 })
  assert(known(1) < product / 2)
})

test('two units are off by more than one, and by less than twice as much', () => {
  const one = { grams: GRAMS, scales: 1, familiar: 0 }
  const two = spreadOfKnown([one, one], 1)
  assert(two > known(0) && two < 2 * known(0))
})

test('a weight is the likelier the nearer, and never impossible; all weights together are one', () => {
  assert(robust(0, 5) > robust(5, 5) && robust(5, 5) > robust(50, 5) && robust(500, 5) > Number.NEGATIVE_INFINITY)
  let sum = 0
  for (let off = -400; off <= 400; off += 0.1) sum += 0.1 * Math.exp(robust(off, 5))
  assert(Math.abs(sum - 1) < 1e-3, `${sum}`)
})
