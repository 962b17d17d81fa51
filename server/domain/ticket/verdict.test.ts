/** How sure a movement is of who did it, and a put-back of being by who took it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Hand, movementsOf } from '#test/support/shelf-stories.ts'

const hands: Hand[] = [
  { at: 5, machine: 'left', grams: { 103: -519 } },
  { at: 40, machine: 'left', grams: { 103: 519 } }
]
const stays: [number, number | null][] = [
  [0, null],
  [0, null]
]
/** What was put back, by who was how near when it was taken and when it came back. */
const putBack = (taken: number[], back: number[]) =>
  movementsOf({ hands, stays, reach: (part) => (part.atMs < 20_000 ? taken : back) }).at(-1)!

test('of two who stand side by side each time, it is in doubt who did it, not that it was one of them', () => {
  const { confidence, owner } = putBack([0.7, 0.3], [0.4, 0.6])
  assert(confidence > 0.97 * Math.max(...owner), `${confidence} ${owner}`)
})

test('somebody else standing where it is put back makes it doubtful, the more the surer it was who took it', () => {
  const little = putBack([0.9, 0.1], [0.05, 0.9]).confidence
  const much = putBack([0.9, 0.004], [0.004, 0.9]).confidence
  assert(much < little && much < 0.6, `${much} ${little}`)
})

test('where people were seen, who is likely to have done it is likelier yet; where they were not, no surer than said', () => {
  const pick = (isSeen: boolean) => movementsOf({ hands: hands.slice(0, 1), stays, reach: () => [0.9, 0.05], isSeen })[0]!
  const [seen, guessed] = [pick(true), pick(false)]
  assert(seen.confidence > Math.max(...seen.owner), `${seen.confidence} ${seen.owner}`)
  assert(guessed.confidence <= Math.max(...guessed.owner), `${guessed.confidence} ${guessed.owner}`)
  assert(seen.reasons.includes('several-shoppers'))
})
