/** From decisions to the lines of a ticket, and back through every step. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Decision, type Draft, type Drafts, decisionOn, linesOf, type Step, take } from './draft.ts'
import type { Happening } from './evidence.ts'

const event = (id: string, proposed: [productId: string, quantity: number] | null, more: Partial<Happening> = {}) =>
  ({
    ...{ id, ticketId: 't1', changeIds: [`${id}-change`], isBilledElsewhere: false, isOthers: false },
    proposed: proposed && { productId: proposed[0], quantity: proposed[1], offGrams: 0, confidence: null },
    ...more
  }) as Happening
const EMPTY: Draft = { decisions: {}, extras: [], note: '' }
const decided = (decisions: Record<string, Decision>): Draft => ({ ...EMPTY, decisions })
const outcome = (events: Happening[], draft: Draft = EMPTY) => linesOf('t1', events, draft, (id) => id)

const TABLE: [name: string, events: Happening[], draft: Draft, lines: [string, number, string[]][], problems: number][] = [
  ['what is proposed is billed', [event('a', ['cola', 2])], EMPTY, [['cola', 2, ['a-change']]], 0],
  [
    'the same product twice is one line with both changes',
    [event('a', ['cola', 1]), event('b', ['cola', 1])],
    EMPTY,
    [['cola', 2, ['a-change', 'b-change']]],
    0
  ],
  ['taken and put back is nothing', [event('a', ['cola', 1]), event('b', ['cola', -1])], EMPTY, [], 0],
  [
    'one of two put back is one',
    [event('a', ['cola', 2]), event('b', ['cola', -1])],
    EMPTY,
    [['cola', 1, ['a-change', 'b-change']]],
    0
  ],
  ['more put back than taken is a mistake', [event('a', ['cola', -1])], EMPTY, [], 1],
  ['what nobody can tell is not billed', [event('a', null)], EMPTY, [], 0],
  ['a false alarm is not billed', [event('a', ['cola', 1])], decided({ a: { kind: 'noise' } }), [], 0],
  [
    'what is given to another visit is not billed',
    [event('a', ['cola', 1])],
    decided({ a: { kind: 'other', visitId: 'v2' } }),
    [],
    0
  ],
  ['what somebody else did is not billed', [event('a', ['cola', 1])], decided({ a: { kind: 'other' } }), [], 0],
  [
    'a decision goes before the proposal',
    [event('a', ['cola', 1])],
    decided({ a: { kind: 'product', productId: 'soda', quantity: 3 } }),
    [['soda', 3, ['a-change']]],
    0
  ],
  [
    'what is billed elsewhere is not billed again, whatever is decided',
    [event('a', ['cola', 1], { isBilledElsewhere: true })],
    decided({ a: { kind: 'product', productId: 'cola', quantity: 1 } }),
    [],
    0
  ],
  [
    'a change that is two movements stands in one line only',
    [event('a', ['cola', 1]), event('b', ['soda', 1], { changeIds: ['a-change'] })],
    EMPTY,
    [
      ['cola', 1, ['a-change']],
      ['soda', 1, []]
    ],
    0
  ],
  ['what inference takes for somebody else’s is not billed', [event('a', ['cola', 1], { isOthers: true })], EMPTY, [], 0],
  [
    '… unless the reviewer says so',
    [event('a', ['cola', 1], { isOthers: true })],
    decided({ a: { kind: 'product', productId: 'cola', quantity: 1 } }),
    [['cola', 1, ['a-change']]],
    0
  ],
  ['another ticket’s events are its own', [event('a', ['cola', 1], { ticketId: 't2' })], EMPTY, [], 0],
  [
    'what was added by hand has no weight change',
    [],
    { ...EMPTY, extras: [{ id: 'x', ticketId: 't1', productId: 'cola', quantity: 1 }] },
    [['cola', 1, []]],
    0
  ]
]
for (const [name, events, draft, lines, problems] of TABLE)
  test(name, () => {
    const found = outcome(events, draft)
    assert.deepEqual(
      found.lines.map(({ productId, quantity, weightChangeIds }) => [productId, quantity, weightChangeIds]),
      lines
    )
    assert.equal(found.problems.length, problems)
  })

test('undo goes back through every step, redo forward, and a new step ends what could be redone', () => {
  const after = (steps: Step[]) => steps.reduce(take, { past: [], now: EMPTY, future: [] } as Drafts)
  const noise: Step = { do: 'decide', id: 'a', decision: { kind: 'noise' } }
  const other: Step = { do: 'decide', id: 'a', decision: { kind: 'other' } }
  const says = (steps: Step[]) => decisionOn(event('a', null), after(steps).now)?.kind ?? null
  assert.equal(says([noise, other]), 'other')
  assert.equal(says([noise, other, { do: 'undo' }]), 'noise')
  assert.equal(says([noise, other, { do: 'undo' }, { do: 'undo' }, { do: 'undo' }]), null)
  assert.equal(says([noise, other, { do: 'undo' }, { do: 'redo' }]), 'other')
  assert.equal(says([noise, { do: 'undo' }, other, { do: 'redo' }]), 'other')
  assert.equal(says([noise, { do: 'decide', id: 'a', decision: null }]), null, 'back to what was proposed')
  assert.deepEqual(after([{ do: 'note', text: 'x' }, { do: 'undo' }]).now.note, '')
})

test('what others did goes to their visits, each change once, and stays there until somebody says otherwise', () => {
  const events = [event('a', ['cola', 1]), event('b', ['cola', 1], { isOthers: true, givenTo: 'v3' }), event('c', ['cola', 1])]
  const draft = decided({ a: { kind: 'other', visitId: 'v2' }, c: { kind: 'other' } })
  assert.deepEqual(outcome(events, draft).others, [
    { visitId: 'v2', weightChangeIds: ['a-change'] },
    { visitId: 'v3', weightChangeIds: ['b-change'] }
  ])
  const taken = decided({ ...draft.decisions, b: { kind: 'product', productId: 'cola', quantity: 1 } })
  assert.deepEqual(outcome(events, taken).others, [{ visitId: 'v2', weightChangeIds: ['a-change'] }])
})
