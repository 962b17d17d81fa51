/** Do the books balance: what is explained, what is missing, and what is not known. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { balanceOf, isBalanced, type ScaleBooks, toleranceGrams } from './balance.ts'

const BOOKS: ScaleBooks = {
  scaleId: '001',
  openingGrams: 1000,
  closingGrams: 400,
  changesGrams: -600,
  noiseGrams: 0,
  creepGrams: 0,
  thresholdGrams: 12
}

test('a residual may be less than a change, or what noise explains, and creep on top', () => {
  const table: [number, number, number, number][] = [
    [0, 0, 0, 5],
    [0, 0, 6, 5],
    [0, 0, 7, 6],
    [0, 0, 30, 29],
    [1, 0, 5, 6],
    [4, 0, 16, 23],
    [0, 3, 5, 8],
    [0, -3, 5, 8],
    [0, 2.6, 30, 32],
    [10, -10, 30, 67]
  ]
  for (const [noiseGrams, creepGrams, thresholdGrams, tolerance] of table)
    assert.equal(
      toleranceGrams({ noiseGrams, creepGrams, thresholdGrams }),
      tolerance,
      `${noiseGrams} ${creepGrams} ${thresholdGrams}`
    )
})

test('books hold within the noise, and a missing change shows', () => {
  const table: [string, Partial<ScaleBooks>, number, boolean][] = [
    ['to the gram', {}, 0, true],
    ['within the tolerance', { closingGrams: 411 }, 11, true],
    ['within it, below', { closingGrams: 389 }, -11, true],
    ['a gram more', { closingGrams: 412 }, 12, false],
    ['a gram more, below', { closingGrams: 388 }, -12, false],
    ['a change of twenty grams is missing', { changesGrams: -580 }, -20, false],
    ['a change that did not happen is there', { changesGrams: -620 }, 20, false],
    ['on a scale so noisy that it says nothing', { changesGrams: -580, noiseGrams: 4 }, -20, true],
    ['creep explains it', { closingGrams: 420, creepGrams: 12 }, 20, true]
  ]
  for (const [what, books, residualGrams, holds] of table) {
    const balance = balanceOf({ ...BOOKS, ...books })
    assert.deepEqual([balance.residualGrams, balance.isBalanced], [residualGrams, holds], what)
    assert.equal(balance.toleranceGrams, toleranceGrams(balance))
  }
})

test('while a weight is unknown nobody can tell', () => {
  for (const books of [{ openingGrams: null }, { closingGrams: null }, { openingGrams: null, closingGrams: null }])
    assert.deepEqual(balanceOf({ ...BOOKS, ...books }), {
      ...BOOKS,
      ...books,
      residualGrams: null,
      toleranceGrams: 11,
      isBalanced: null
    })
})

test('a machine balances when every scale that is known does', () => {
  const good = balanceOf(BOOKS)
  const bad = balanceOf({ ...BOOKS, changesGrams: 0 })
  const unknown = balanceOf({ ...BOOKS, closingGrams: null })
  const table = [
    [[], null],
    [[unknown], null],
    [[good], true],
    [[good, unknown], true],
    [[bad], false],
    [[good, bad, unknown], false]
  ] as const
  for (const [scales, holds] of table) assert.equal(isBalanced([...scales]), holds)
})

test('books with every change in them hold, and without any one of them that counts they do not', () => {
  const change = fc.integer({ min: 12, max: 900 }).chain((grams) => fc.constantFrom(grams, -grams))
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 20 }), fc.integer(), (changes, which) => {
      const changesGrams = changes.reduce((sum, grams) => sum + grams, 0)
      const books = { ...BOOKS, openingGrams: 5000, closingGrams: 5000 + changesGrams, changesGrams }
      assert.equal(balanceOf(books).isBalanced, true)
      const missing = changes[Math.abs(which) % changes.length]!
      const without = balanceOf({ ...books, changesGrams: changesGrams - missing })
      assert.deepEqual([without.residualGrams, without.isBalanced], [missing, false])
    }),
    { numRuns: 1000 }
  )
})
