/** Inference on small stories: what is taken, several at once, put back, put elsewhere, taken from there; and how sure it may be. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Hand, movementsOf, products, told } from '#test/support/shelf-stories.ts'

const left = (at: number, grams: Record<string, number>): Hand => ({ at, machine: 'left', grams })
const right = (at: number, grams: Record<string, number>): Hand => ({ at, machine: 'right', grams })

test('what left which scales says what was taken', () => {
  const table: [string, Hand[], string[]][] = [
    ['nothing', [], []],
    ['from one scale', [left(5, { 103: -519 })], ['1 juice']],
    ['from the scales of one facing', [left(5, { 101: -140, 102: -204 })], ['1 cola']],
    ['parts below every threshold', [right(5, { 101: -21, 102: -22, 103: -19 })], ['1 chips']],
    ['a part stood on the neighbour', [left(5, { 105: -150, 104: -32 })], ['1 nuts']],
    ['the shelf bends', [left(5, { 103: -518, 102: -7, 104: -6 })], ['1 juice']],
    ['three at once', [left(5, { 101: -500, 102: -540 })], ['3 cola']],
    ['two products fall together', [left(5, { 103: -521, 105: -90, 106: -92 })], ['1 juice', '1 nuts']],
    ['a slow lift is told in steps', [left(5, { 103: -300 }), left(6, { 103: -221 })], ['1 juice']],
    ['put back where it came from', [left(5, { 103: -519 }), left(15, { 103: 519 })], ['1 juice', '-1 juice']],
    ['put elsewhere', [left(5, { 103: -519 }), right(15, { 104: 517 })], ['1 juice', '-1 juice']],
    [
      'taken from elsewhere',
      [left(5, { 103: -519 }), right(15, { 104: 517 }), right(30, { 104: -517 })],
      ['1 juice', '-1 juice', '1 juice']
    ],
    ['a few grams wander', [left(5, { 104: 5 }), right(9, { 105: -4 })], []],
    ['a hand leans and lets go', [left(5, { 104: 80 }), left(6, { 104: -79 })], []]
  ]
  for (const [what, hands, movements] of table) assert.deepEqual(told({ hands }), movements, what)
})

test('a clear pick by the only shopper inside is sure, and needs no reason', () => {
  const [movement] = movementsOf({ hands: [left(5, { 103: -519 })] })
  assert(movement!.confidence > 0.98, String(movement!.confidence))
  assert.deepEqual(movement!.reasons, [])
  assert.deepEqual(movement!.changeIds, ['left/103@5'])
})

test('doubt is told in words', () => {
  const table: [string, Parameters<typeof movementsOf>[0], string][] = [
    [
      'two that weigh alike',
      { hands: [right(4, { 105: -90 }), right(9, { 106: -91 }), left(30, { 104: 90 })] },
      'two-products-alike'
    ],
    [
      'two people inside',
      {
        hands: [left(5, { 103: -519 })],
        stays: [
          [0, null],
          [1, null]
        ]
      },
      'several-shoppers'
    ],
    ['where nothing like it stands', { hands: [left(5, { 104: -90 })] }, 'off-planogram'],
    ['put back by nobody who has it', { hands: [left(5, { 103: 519 })] }, 'nobody-holds-it'],
    ['many at once', { hands: [left(5, { 103: -4 * 520 })] }, 'many-units'],
    ['a weight that is off', { hands: [left(5, { 103: -440 })] }, 'weight-off']
  ]
  for (const [what, story, reason] of table) {
    const last = movementsOf(story).at(-1)!
    assert(last.reasons.includes(reason as never), `${what}: ${last.reasons.join() || 'no reason'}`)
    if (reason !== 'many-units') assert(last.confidence < 0.995, `${what}: ${last.confidence}`)
  }
})

test('of two that weigh nearly alike, the scale that weighed one knows it again; another scale does not', () => {
  const taken = [right(4, { 105: -88 }), right(9, { 106: -93 })]
  const confidenceOf = (back: Hand) => {
    const last = movementsOf({ hands: [...taken, back] }).at(-1)!
    assert.equal(last.productId, 'brush')
    return last.confidence
  }
  assert(confidenceOf(right(30, { 106: 93 })) > 0.99)
  assert(confidenceOf(left(30, { 104: 93 })) < 0.98)
})

test('a weight is not off when what is missing hides in what is put down beside it at the same moment', () => {
  const taken = left(5, { 103: -519 })
  const hidden = { taken: left(30, { 101: -142, 102: -143 }), laid: left(30, { 103: 519 - 60 }) }
  const reasonsOf = (hands: Hand[]) => {
    const cola = movementsOf({ hands }).find(({ productId }) => productId === 'cola')!
    return { reasons: cola.reasons, isSure: cola.confidence > 0.98 }
  }
  assert.deepEqual(reasonsOf([hidden.taken]), { reasons: ['weight-off'], isSure: false })
  assert.deepEqual(reasonsOf([taken, hidden.taken, hidden.laid]), { reasons: [], isSure: true })
  assert.deepEqual(reasonsOf([taken, hidden.taken, left(30, { 103: 519 })]), { reasons: ['weight-off'], isSure: false })
  assert.deepEqual(reasonsOf([taken, hidden.taken, left(40, { 103: 519 - 60 })]), { reasons: ['weight-off'], isSure: false })
})

test('who came after it cannot have done it, and who is alone inside has', () => {
  const hands = [left(5, { 103: -519 }), right(40, { 105: -90 })]
  const owners = movementsOf({
    hands,
    stays: [
      [0, 20],
      [10, null]
    ]
  }).map(({ owner }) => owner)
  assert.deepEqual(owners, [
    [1, 0],
    [0, 1]
  ])
})

test('of two inside, nobody is sure to have done it; who puts it back when alone has taken it', () => {
  const stays: [number, number | null][] = [
    [0, 20],
    [0, null]
  ]
  const [pick] = movementsOf({ hands: [left(5, { 103: -519 })], stays })
  assert(Math.max(...pick!.owner) < 0.95)
  const again = movementsOf({ hands: [left(5, { 103: -519 }), left(40, { 103: 519 })], stays })
  assert.deepEqual(
    again.map(({ owner }) => owner),
    [
      [0, 1],
      [0, 1]
    ]
  )
})

test('who stood there is the likelier', () => {
  const reach = () => [0.9, 0.02]
  const [pick] = movementsOf({
    hands: [left(5, { 103: -519 })],
    stays: [
      [0, null],
      [0, null]
    ],
    reach
  })
  assert(pick!.owner[0]! > 0.8)
})

test('what is put down by who took nothing like it is not laid to somebody far away who did', () => {
  const stays: [number, number | null][] = [
    [0, null],
    [0, null]
  ]
  const [pick, back] = movementsOf({
    hands: [right(5, { 105: -82 }), left(40, { 103: 95 })],
    stays,
    reach: (part) => (part.machineId === 'right' ? [0.004, 0.9] : [0.9, 0.004])
  })
  assert(pick!.owner[1]! > 0.9 && pick!.returned === 0, `${pick!.owner} ${pick!.returned}`)
  assert(back!.owner[0]! > 0.9 && back!.reasons.includes('nobody-holds-it'), `${back!.owner} ${back!.reasons}`)
})

const hands = fc.array(
  fc.record({
    at: fc.integer({ min: 1, max: 120 }),
    machine: fc.constantFrom('left' as const, 'right' as const),
    grams: fc.dictionary(fc.constantFrom('101', '102', '103', '104', '105', '106'), fc.integer({ min: -700, max: 700 }), {
      minKeys: 1,
      maxKeys: 3
    })
  }),
  { maxLength: 8 }
)
const stays = fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.option(fc.integer({ min: 61, max: 200 }))), {
  minLength: 1,
  maxLength: 3
})
const inOrder = (list: Hand[]) => list.toSorted((a, b) => a.at - b.at)

test('whatever happens to the shelves: shares sum to one or none, nothing is returned twice, no change is lost', () => {
  fc.assert(
    fc.property(hands, stays, (list, inside) => {
      const movements = movementsOf({ hands: inOrder(list), stays: inside })
      for (const { owner, confidence, quantity, returned, productId, candidates, grams } of movements) {
        const sum = owner.reduce((total, share) => total + share, 0)
        assert(Math.abs(sum - 1) < 1e-6 || sum === 0, `shares ${owner}`)
        assert(confidence >= 0 && confidence <= 1 + 1e-9, `confidence ${confidence}`)
        assert(quantity !== 0 && Math.sign(quantity) === -Math.sign(grams))
        assert(returned >= 0 && returned <= Math.max(0, quantity))
        assert(productId === null || products.has(productId))
        assert(candidates.every((each) => each.confidence <= 1 + 1e-9))
      }
      const [taken, back] = [movements.reduce((n, each) => n + each.returned, 0), movements.filter((each) => each.quantity < 0)]
      assert(taken <= back.reduce((n, each) => n - each.quantity, 0), 'what came back was put back')
    }),
    { numRuns: 60 }
  )
})

test('what is told step by step as it happens is what is told at the end', () => {
  fc.assert(
    fc.property(hands, stays, (list, inside) => {
      const sorted = inOrder(list)
      const trail = { base: '', told: [] }
      for (let n = 0; n < sorted.length; n++) movementsOf({ hands: sorted.slice(0, n + 1), stays: inside, trail })
      const plain = (movements: ReturnType<typeof movementsOf>) =>
        movements.map(({ anchor: { atMs, scaleId }, ...rest }) => ({ ...rest, atMs, scaleId }))
      assert.deepEqual(
        plain(movementsOf({ hands: sorted, stays: inside, trail })),
        plain(movementsOf({ hands: sorted, stays: inside }))
      )
    }),
    { numRuns: 30 }
  )
})
