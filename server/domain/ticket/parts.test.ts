/** What a part comes to: its largest step, and the scales between that did not move with it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { partOf } from './parts.ts'
import { shelfPlan } from './shelf-plan.ts'
import type { Step } from './shelf-steps.ts'

const step = (scaleId: string, grams: number): Step => ({
  ...{ changeId: scaleId, machineId: 'shelf', scaleId, grams, fromMs: 1000, atMs: 2000, sigmaGrams: 1 }
})

test('a scale between those that moved is a gap, wherever the steps stand in their list; a number that no scale has is none', () => {
  const gaps = (scaleIds: string[], moved: string[]) =>
    partOf(
      moved.map((id) => step(id, -100)),
      shelfPlan('shelf', scaleIds, []),
      1000
    ).gaps
  const row = ['101', '102', '103', '104', '105']
  const table: [string[], string[], number][] = [
    [row, ['101'], 0],
    [row, ['101', '102', '103'], 0],
    [row, ['103', '101'], 1],
    [row, ['101', '104'], 1],
    [row, ['105', '101', '103'], 2],
    [['101', '102', '103', '105', '106'], ['103', '105'], 0],
    [['101', '102', '103', '105', '106'], ['102', '105'], 1]
  ]
  for (const [scaleIds, moved, count] of table) assert.equal(gaps(scaleIds, moved), count, `${moved} of ${scaleIds}`)
})

test('a part is anchored at its largest step, the first of equals', () => {
  const steps = [step('101', -40), step('102', 90), step('103', -90)]
  assert.equal(partOf(steps, shelfPlan('shelf', ['101', '102', '103'], []), 1000).anchor, steps[1])
})
