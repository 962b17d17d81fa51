/** Stock by weight: how many stand there, how sure that is, and when that is few. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { countUnits, type FacingFacts, isLow, levelOf } from './rules.ts'

const scale = (baselineGrams: number | null, more = {}) => ({ baselineGrams, noiseGrams: 1, isDisabled: false, ...more })
const cola = (grams: (number | null)[], more: Partial<FacingFacts> = {}): FacingFacts => ({
  ...{ unitGrams: 345, toleranceGrams: 5, emptyGrams: 0, isShared: false, scales: grams.map((each) => scale(each)) },
  ...more
})

test('units are counted by weight over all scales of a facing, and what makes the count doubtful is named', () => {
  const table: [what: string, facts: FacingFacts, onHand: number | null, doubts: string[]][] = [
    ['an empty shelf', cola([0]), 0, []],
    ['an empty shelf whose zero is off a little', cola([-4]), 0, []],
    ['ten cans', cola([3450]), 10, []],
    ['ten cans of which each differs a little', cola([3462]), 10, []],
    ['on two scales', cola([1200, 2250]), 10, []],
    ['on a tray', cola([3450 + 800], { emptyGrams: 800 }), 10, []],
    ['half a can too many', cola([3450 + 172]), 10, ['not-whole']],
    ['something else lies there too', cola([3450 + 90]), 10, ['not-whole']],
    ['a tray that is not there any more', cola([0], { emptyGrams: 800 }), 0, ['below-empty']],
    ['never read', cola([3450, null]), null, ['no-reading']],
    ['out of use', cola([3450], { scales: [scale(3450, { isDisabled: true })] }), null, ['scale-disabled']],
    ['other products on the same scale', cola([3450], { isShared: true }), null, ['shared-scale']],
    ['all of them gone', cola([3], { isShared: true }), 0, []],
    ['sachets of 8 g', cola([80], { unitGrams: 8, toleranceGrams: 1 }), 10, ['unit-too-light']],
    ['a scale that trembles', cola([3450], { scales: [scale(3450, { noiseGrams: 60 })] }), 10, ['unit-too-light']]
  ]
  for (const [what, facts, onHand, doubts] of table) assert.deepEqual(countUnits(facts), { onHand, doubts }, what)
})

test('a zero and a spread that are off to the same side, at their furthest, leave no count sure and wrong', () => {
  const wrong: string[] = []
  for (let unitGrams = 10; unitGrams <= 200; unitGrams++)
    for (let units = 0; units <= 60; units++)
      for (const side of [-1, 1]) {
        const toleranceGrams = Math.round(unitGrams * 0.03)
        const grams = units * unitGrams + side * (5 + toleranceGrams * Math.sqrt(units))
        const { onHand, doubts } = countUnits(cola([grams], { unitGrams, toleranceGrams }))
        if (doubts.length === 0 && onHand !== units) wrong.push(`${onHand} of ${units} at ${unitGrams} g`)
      }
  assert.deepEqual(wrong, [])
})

test('a count that is sure is the true one, whatever zero, noise and spread there are', () => {
  const story = fc.record({
    units: fc.integer({ min: 0, max: 60 }),
    unitGrams: fc.integer({ min: 10, max: 2000 }),
    zero: fc.double({ min: -5, max: 5, noNaN: true }),
    spread: fc.double({ min: -1, max: 1, noNaN: true })
  })
  fc.assert(
    fc.property(story, ({ units, unitGrams, zero, spread }) => {
      const toleranceGrams = Math.round(unitGrams * 0.03)
      const grams = units * unitGrams + zero + spread * toleranceGrams * Math.sqrt(units)
      const { onHand, doubts } = countUnits(cola([grams], { unitGrams, toleranceGrams }))
      assert(doubts.length > 0 || onHand === units, `${onHand} of ${units}`)
      assert(onHand !== null && onHand >= 0)
    })
  )
})

test('low at what the planogram says, else at a quarter; it recovers some units above, where it can', () => {
  const table: [limits: Parameters<typeof levelOf>[0], full: number | null, lowAt: number, recoversAt: number][] = [
    [{ capacity: 20, lowAt: null, most: 3 }, 20, 5, 8],
    [{ capacity: 20, lowAt: 8, most: 0 }, 20, 8, 11],
    [{ capacity: 4, lowAt: null, most: 0 }, 4, 1, 3],
    [{ capacity: 1, lowAt: null, most: 0 }, 1, 0, 1],
    [{ capacity: 6, lowAt: 5, most: 0 }, 6, 5, 6],
    [{ capacity: null, lowAt: null, most: 40 }, 40, 10, 15],
    [{ capacity: null, lowAt: null, most: 0 }, null, 0, 2],
    [{ capacity: null, lowAt: 9, most: 4 }, 4, 9, 10]
  ]
  for (const [limits, full, lowAt, recoversAt] of table)
    assert.deepEqual(levelOf(limits), { full, lowAt, recoversAt }, JSON.stringify(limits))
})

test('what is taken and put back around the limit is told once', () => {
  const level = levelOf({ capacity: 20, lowAt: null, most: 20 })
  let low = false
  const told: string[] = []
  for (const onHand of [9, 6, 5, 6, 5, 4, 6, 7, 5, 8, 6, 5]) {
    const now = isLow(onHand, level, low)
    if (now !== low) told.push(`${now ? 'low' : 'recovered'} at ${onHand}`)
    low = now
  }
  assert.deepEqual(told, ['low at 5', 'recovered at 8', 'low at 5'])
})
