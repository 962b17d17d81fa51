/** Which products a planogram warns of. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Product } from '#contracts/api/products.ts'
import { closeNeighbours, closeWeights } from './warnings.ts'

const WEIGHTS: Record<string, number> = { a: 40, b: 44, c: 50, d: 200 }
const products = new Map(Object.entries(WEIGHTS).map(([id, weightGrams]) => [id, { id, weightGrams } as Product]))
const facing = (productId: string, ...scaleIds: string[]) => ({ productId, scaleIds })
const pairs = (found: { first: Product; second: Product; byGrams: number }[]) =>
  found.map(({ first, second, byGrams }) => [first.id, second.id, byGrams])

test('two on one scale that differ by less than 10 g are named, each pair once', () => {
  assert.deepEqual(pairs(closeWeights([facing('a', '001', '002'), facing('b', '001', '002')], products)), [['a', 'b', 4]])
  assert.deepEqual(pairs(closeWeights([facing('a', '001'), facing('c', '001')], products)), [], 'by 10 g they can be told apart')
  assert.deepEqual(pairs(closeWeights([facing('a', '001'), facing('b', '002')], products)), [])
})

test('two side by side that differ by less than 10 g are named', () => {
  const scales = ['001', '002', '003']
  assert.deepEqual(pairs(closeNeighbours([facing('a', '001'), facing('b', '002'), facing('d', '003')], products, scales)), [
    ['a', 'b', 4]
  ])
  assert.deepEqual(pairs(closeNeighbours([facing('a', '001'), facing('b', '003')], products, scales)), [])
  assert.deepEqual(pairs(closeNeighbours([facing('a', '001', '002')], products, scales)), [], 'one product on both is no pair')
})
