/** Two stories come to the same when as much of a product leaves by the same steps with the same people, however the steps are parted. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { comesToTheSame, sharedLength, tellingOf } from './agreement.ts'
import type { Deed } from './hypotheses.ts'
import { partOf } from './parts.ts'
import { shelfPlan } from './shelf-plan.ts'
import type { Step } from './shelf-steps.ts'

const plan = shelfPlan('shelf', ['1', '2', '3'], [])
const step = (scaleId: string): Step => ({
  ...{ changeId: scaleId, machineId: 'shelf', scaleId, grams: -100, fromMs: 1000, atMs: 1000, sigmaGrams: 1 }
})
const [a, b, c] = [step('1'), step('2'), step('3')]

type Told = { of: Step[]; units: number; productId?: string; owner?: number[] }

/** A story's deeds, in their order. */
function story(told: Told[]): Deed[] {
  const deeds: Deed[] = []
  for (const { of, units, productId = 'water', owner = [1] } of told) {
    const action = { productId, quantity: units, isAway: false, isHeld: false, unitIds: [] }
    deeds.push({ part: partOf(of, plan, 1000), action, owner, before: deeds.at(-1) ?? null })
  }
  return deeds
}

/** Of each deed of the one: does the other come to the same? */
function agree(one: Told[], other: Told[]): boolean[] {
  const here = story(one)
  return here.map((deed) => comesToTheSame(deed, tellingOf(here), tellingOf(story(other))))
}

test('two taken one after the other, or both in one go, are the same two', () => {
  const apart: Told[] = [
    { of: [a], units: 1 },
    { of: [b], units: 1 }
  ]
  const together: Told[] = [{ of: [a, b], units: 2 }]
  assert.deepEqual(agree(apart, together), [true, true])
  assert.deepEqual(agree(together, apart), [true])
  assert.deepEqual(agree(apart, apart), [true, true])
  assert.deepEqual(agree(apart, [{ of: [a, b], units: 3 }]), [false, false])
  assert.deepEqual(agree(apart, [{ of: [a, b], units: 1 }]), [false, false])
})

test('what overlaps in a chain is compared as a whole', () => {
  const one: Told[] = [
    { of: [a], units: 1 },
    { of: [b, c], units: 2 }
  ]
  const more = (units: number): Told[] => [
    { of: [a, b], units },
    { of: [c], units: 1 }
  ]
  assert.deepEqual(agree(one, more(2)), [true, true])
  assert.deepEqual(agree(one, more(3)), [false, false])
})

test('another product, nothing at all, or a thing put back is not the same; what is parted alike is, whatever lies beside it', () => {
  const pair: Told[] = [
    { of: [a], units: 1 },
    { of: [b], units: 1 }
  ]
  assert.deepEqual(agree(pair, [{ of: [a, b], units: 2, productId: 'juice' }]), [false, false])
  assert.deepEqual(agree(pair, [{ of: [a], units: 1 }]), [true, false])
  assert.deepEqual(agree([{ of: [a], units: -1 }], [{ of: [a], units: 1 }]), [false])
  const [water, both] = [
    { of: [a], units: 1 },
    { of: [b], units: 1, productId: 'juice' }
  ]
  assert.deepEqual(agree([water!, both!], [water!, { of: [b], units: 2, productId: 'juice' }]), [true, false])
})

test('one each is not two of one person and none of the other, unless nobody knows who it was', () => {
  const each: Told[] = [
    { of: [a], units: 1, owner: [1, 0] },
    { of: [b], units: 1, owner: [0, 1] }
  ]
  assert.deepEqual(agree(each, [{ of: [a, b], units: 2, owner: [1, 0] }]), [false, false])
  const blind: Told[] = [
    { of: [a], units: 1, owner: [0.5, 0.5] },
    { of: [b], units: 1, owner: [0.5, 0.5] }
  ]
  assert.deepEqual(agree(blind, [{ of: [a, b], units: 2, owner: [0.5, 0.5] }]), [true, true])
})

test('stories share what they begin with, up to the first deed that is another', () => {
  const [x, y, z] = story([
    { of: [a], units: 1 },
    { of: [b], units: 1 },
    { of: [c], units: 1 }
  ]) as [Deed, Deed, Deed]
  assert.deepEqual(
    [
      sharedLength([
        [x, y],
        [x, z],
        [x, y, z]
      ]),
      sharedLength([
        [x, y, z],
        [x, y]
      ]),
      sharedLength([[x], [x, y]]),
      sharedLength([[x, y]]),
      sharedLength([[]])
    ],
    [1, 2, 1, 2, 0]
  )
})
