/** Where scales lie by their ids, and the steps that changes and shifts come to. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { distanceTo, shelfPlan } from './shelf-plan.ts'
import { stepsOf } from './shelf-steps.ts'

const distances = (ids: string[]) => {
  const { places } = shelfPlan('m', ids, [])
  return ids.slice(1).map((id, n) => Math.min(9, places.get(id)! - places.get(ids[n]!)!))
}

test('scales numbered in a row are neighbours, a wider gap is another shelf', () => {
  const table: [string, string[], number[]][] = [
    ['plates of two shelves', ['101', '102', '103', '201', '202'], [1, 1, 9, 1]],
    ['leading zeros', ['001', '002', '003'], [1, 1]],
    ['tens', ['10', '20', '30', '40'], [1, 1, 1]],
    ['a plate is missing', ['101', '102', '104', '105'], [1, 2, 1]],
    ['one scale', ['1'], []],
    ['names without numbers', ['left', 'right'], [1]]
  ]
  for (const [what, ids, apart] of table) assert.deepEqual(distances(ids), apart, what)
})

test('the distance to a facing counts from its nearest scale', () => {
  const facing = { productId: 'p', scaleIds: ['102', '103'] }
  const plan = shelfPlan('m', ['101', '102', '103', '104', '105', '201'], [facing])
  assert.deepEqual(
    ['101', '102', '103', '105', '201', 'strange'].map((id) => Math.min(9, distanceTo(plan, facing, id))),
    [1, 0, 0, 2, 9, 9]
  )
})

test('a change repeats the shifts told since the last one; steps tell each gram once', () => {
  const quirks = { intervalMs: () => 1000, sigmaGrams: () => 0 }
  fc.assert(
    fc.property(
      fc.array(fc.record({ grams: fc.integer({ min: -60, max: 60 }), isChange: fc.boolean() }), { maxLength: 30 }),
      (moves) => {
        let level = 1000
        let baseline = 1000
        const changes: Parameters<typeof stepsOf>[0] = []
        const shifts: Parameters<typeof stepsOf>[1] = []
        for (const [n, { grams, isChange }] of moves.entries()) {
          const at = { machineId: 'm', scaleId: '1', atMs: 1000 * (n + 1) }
          if (isChange) {
            changes.push({ ...at, id: `c${n}`, grams: level + grams - baseline, fromMs: at.atMs, foundLate: false })
            baseline = level + grams
          } else shifts.push({ ...at, before: level, after: level + grams })
          level += grams
        }
        const sum = stepsOf(changes, shifts, quirks).reduce((total, step) => total + step.grams, 0)
        assert.equal(1000 + sum, level)
      }
    )
  )
})
