/** When a catalogue weight is said to be off: enough pieces, of more than one day or scale, that agree with each other and not with it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Weighing, weightSuggestion } from './weight-suggestion.ts'

type Some = { grams: number[]; days?: number; scales?: number; noiseGrams?: number }
const weighings = ({ grams, days = 2, scales = 1, noiseGrams = 1 }: Some): Weighing[] =>
  grams.map((each, n) => ({ grams: each, day: `day ${n % days}`, scale: `scale ${n % scales}`, noiseGrams }))
const pieces = (count: number, grams: number) => Array.from({ length: count }, (_, n) => grams + (n % 3) - 1)

test('a weight is suggested when eight pieces of two days or two scales agree on another', () => {
  const table: [what: string, some: Some, catalogue: number, suggested: number | null][] = [
    ['eight pieces of two days', { grams: pieces(8, 362) }, 345, 362],
    ['seven', { grams: pieces(7, 362) }, 345, null],
    ['one day, one scale', { grams: pieces(20, 362), days: 1 }, 345, null],
    ['one day, two scales', { grams: pieces(8, 362), days: 1, scales: 2 }, 345, 362],
    ['lighter', { grams: pieces(8, 300) }, 345, 300],
    ['within three per cent', { grams: pieces(40, 355) }, 345, null],
    ['a light product: within what scales can tell', { grams: pieces(40, 33) }, 30, null],
    ['a light product, beyond it', { grams: pieces(40, 35) }, 30, 35],
    ['a scale that is restless', { grams: pieces(40, 362), noiseGrams: 9 }, 345, null],
    ['a third of them wrong', { grams: [...pieces(16, 362), ...pieces(8, 90)] }, 345, 361],
    ['two products mixed up', { grams: [...pieces(10, 200), ...pieces(10, 400)] }, 345, null],
    ['few that scatter', { grams: [300, 330, 350, 362, 370, 380, 410, 440] }, 345, null],
    ['twice as heavy', { grams: pieces(8, 690) }, 345, 690]
  ]
  for (const [what, some, catalogue, suggested] of table)
    assert.equal(weightSuggestion(weighings(some), catalogue).suggestedWeightGrams, suggested, what)
})

test('what was seen is told before it is enough, and nothing where nothing was', () => {
  assert.deepEqual(weightSuggestion([], 345), { seenWeights: null, suggestedWeightGrams: null })
  const { seenWeights } = weightSuggestion(weighings({ grams: [340, 350, 346] }), 345)
  assert.deepEqual(seenWeights, { count: 3, median: 346, spread: 5.9 })
})

test('a catalogue that follows the suggestion is left alone, and fewer than half of the pieces cannot move it far', () => {
  const grams = fc.array(fc.integer({ min: 100, max: 1000 }), { minLength: 8, maxLength: 40 })
  fc.assert(
    fc.property(grams, fc.integer({ min: 50, max: 1200 }), (seen, catalogue) => {
      const { suggestedWeightGrams } = weightSuggestion(weighings({ grams: seen }), catalogue)
      if (suggestedWeightGrams !== null)
        assert.equal(weightSuggestion(weighings({ grams: seen }), suggestedWeightGrams).suggestedWeightGrams, null)
    })
  )
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 10_000 }), { maxLength: 9 }), (wrong) => {
      const { suggestedWeightGrams } = weightSuggestion(weighings({ grams: [...pieces(20, 345), ...wrong] }), 345)
      assert.equal(suggestedWeightGrams, null)
    })
  )
})
