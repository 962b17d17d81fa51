/** Shifts below the threshold: told once, when two readings agree, and adding up with the changes of the scale. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Faint, type FaintShift, listenFaintly, newFaint } from './faint.ts'
import { SILENT } from './noise.ts'

type Told = { grams: number; baseline?: number; isPending?: boolean; swingGrams?: number | null }

/** Readings a second apart; where a scale is not said to have changed, its baseline is the first reading. */
function listen(readings: Told[]): { shifts: FaintShift[]; state: Faint } {
  const [{ grams: first, baseline: itsOwn = first }] = readings as [Told]
  const state = newFaint(first, itsOwn)
  const shifts = readings.slice(1).flatMap(({ grams, baseline = first, isPending = false, swingGrams = null }, n) => {
    const shift = listenFaintly(state, { grams, atMs: 1000 * (n + 1), baseline, isPending, noise: SILENT, swingGrams })
    return shift ? [shift] : []
  })
  return { shifts, state }
}
const grams = (...values: number[]): Told[] => values.map((each) => ({ grams: each }))
const steps = (shifts: FaintShift[]) => shifts.map(({ before, after, atMs }) => [after - before, atMs])

test('a shift is told once two readings agree on it, with the time of the first that was off', () => {
  const table: [string, Told[], number[][]][] = [
    ['nothing moves', grams(500, 501, 499, 500), []],
    ['a part of a pack leaves', grams(500, 500, 482, 482, 482), [[-18, 2000]]],
    ['one stray reading says nothing', grams(500, 482, 500, 500), []],
    ['it trembles before it settles', grams(500, 470, 482, 482), [[-18, 1000]]],
    [
      'it goes and comes back',
      grams(500, 482, 482, 500, 500),
      [
        [-18, 1000],
        [18, 3000]
      ]
    ],
    ['less than four grams are nothing', grams(500, 503, 503, 503), []],
    [
      'a plate that still swings is not believed',
      [...grams(500, 520), { grams: 520, swingGrams: 30 }, ...grams(520)],
      [[20, 1000]]
    ]
  ]
  for (const [what, readings, told] of table) assert.deepEqual(steps(listen(readings).shifts), told, what)
})

test('while a change is pending nothing is told, and one that settled takes in what was told before', () => {
  const pending = { grams: 380, isPending: true }
  const settled = { grams: 380, baseline: 380 }
  assert.deepEqual(steps(listen([...grams(500, 488, 488), pending, settled, settled, settled]).shifts), [[-12, 1000]])
})

test('what is told adds up to where the level ended, whatever the readings', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 400, max: 440 }), { minLength: 1, maxLength: 60 }), (values) => {
      const { shifts, state } = listen(grams(...values))
      for (const [n, shift] of shifts.entries()) {
        assert.notEqual(shift.before, shift.after)
        if (n > 0) assert(shift.atMs > shifts[n - 1]!.atMs, 'one after the other')
      }
      const sum = shifts.reduce((total, { before, after }) => total + after - before, 0)
      assert(Math.abs(values[0]! + sum - state.level) <= 4 * (shifts.length + 1), `${values[0]} + ${sum} is not ${state.level}`)
    })
  )
})
