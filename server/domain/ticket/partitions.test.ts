/** How a group of steps is split: what a scale told in several steps is one piece, and a split nearly as good as the best is not lost. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { partitions } from './partitions.ts'
import { partOf } from './parts.ts'
import { shelfPlan } from './shelf-plan.ts'
import type { Step } from './shelf-steps.ts'

const plan = shelfPlan('m', ['1', '2', '3'], [])
const step = (scaleId: string, atMs: number, grams: number): Step => ({
  ...{ machineId: 'm', scaleId, grams, fromMs: atMs - 1000, atMs },
  ...{ changeId: `${scaleId}@${atMs}`, sigmaGrams: 2 }
})
const [lift, rest, middle, right] = [step('1', 1000, -52), step('1', 2000, -92), step('2', 1000, -110), step('3', 1000, -151)]
const nameOf = (steps: Step[]) =>
  steps
    .map(({ changeId }) => changeId)
    .sort()
    .join(' ')

test('what one scale told in two steps may leave the others together', () => {
  const logs = new Map([
    [nameOf([lift, rest, middle, right]), -35.6],
    [nameOf([lift, rest]), -15.9],
    [nameOf([middle, right]), -21],
    ...[lift, rest, middle, right].map((each): [string, number] => [nameOf([each]), -20])
  ])
  const scoring = {
    partOf: (steps: Step[]) => partOf(steps, plan, 1000),
    log: ({ steps }: { steps: Step[] }) => logs.get(nameOf(steps)) ?? -150
  }
  assert.deepEqual(
    partitions([lift, rest, middle, right], scoring).map(({ parts }) => parts.map(({ steps }) => nameOf(steps))),
    [['1@1000 1@2000 2@1000 3@1000'], ['2@1000 3@1000', '1@1000 1@2000']]
  )
})
