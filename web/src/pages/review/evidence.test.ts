/** What a reviewer is shown of a ticket: what is clear, what is asked, what others have to do with it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Product } from '#contracts/api/products.ts'
import type { Ticket, TicketWeightChange } from '#contracts/api/tickets.ts'
import { happenings } from './evidence.ts'

const product = (id: string, weightGrams: number) => ({ id, weightGrams, weightToleranceGrams: 0 }) as Product
const [cola, salad, wrap] = [product('cola', 345), product('salad', 260), product('wrap', 262)]
const products = new Map([cola!, salad!, wrap!].map((one) => [one.id, one]))
const STANDS: Record<string, Product[]> = { '001': [cola!], '002': [salad!, wrap!] }
const known = { products, productsOn: (_machine: string, scaleId: string) => STANDS[scaleId] ?? [] }

const change = (id: string, grams: number, more: Partial<TicketWeightChange> = {}) =>
  ({
    ...{ id, machineId: 'm1', scaleId: '001', status: grams < 0 ? 'PICKED' : 'PLACED', grams: Math.abs(grams) },
    ...{
      occurredAt: '2026-03-01T08:00:00.000Z',
      visitIds: ['v1'],
      foundLate: false,
      billedTicketId: null,
      movementId: null,
      assignedVisitId: null
    },
    ...more
  }) as TicketWeightChange
const ticket = (weightChanges: TicketWeightChange[], movements: Partial<Ticket['movements'][number]>[] = []) =>
  ({ id: 't1', visitId: 'v1', machineId: 'm1', weightChanges, movements }) as unknown as Ticket
const shown = (changes: TicketWeightChange[], movements: Partial<Ticket['movements'][number]>[] = []) =>
  happenings([ticket(changes, movements)], known)

for (const [name, grams, scaleId, proposed] of [
  ['one piece', -345, '001', ['cola', 1]],
  ['one piece, a little light', -330, '001', ['cola', 1]],
  ['two pieces', -690, '001', ['cola', 2]],
  ['a piece put back', 345, '001', ['cola', -1]],
  ['half a piece', -170, '001', null],
  ['two products, one of which fits better', -260, '002', ['salad', 1]],
  ['two products that fit alike', -261, '002', null],
  ['a scale that holds nothing', -345, '009', null]
] as const)
  test(`${name}: ${proposed ? `taken for ${proposed.join(' × ')}` : 'asked'}`, () => {
    const [event] = shown([change('c1', grams, { scaleId })])
    assert.deepEqual(event!.proposed && [event!.proposed.productId, event!.proposed.quantity], proposed)
  })

test('what the server has inferred goes before what the planogram says, and its weight changes are shown once', () => {
  const movement = {
    ...{ id: 'mv', productId: 'wrap', quantity: 2, confidence: 0.7, reasons: ['two-products-alike' as const] },
    ...{ candidates: [{ productId: 'wrap', quantity: 2, confidence: 0.7 }], weightChangeIds: ['c1', 'c2'] }
  }
  const events = shown([change('c1', -262), change('c2', -262), change('c3', -345)], [movement])
  assert.deepEqual(
    events.map(({ id, grams, changeIds, proposed }) => [id, grams, changeIds, proposed?.productId]),
    [
      ['c3', -345, ['c3'], 'cola'],
      ['mv', -524, ['c1', 'c2'], 'wrap']
    ]
  )
  assert.equal(events[1]!.candidates[0]!.offGrams, 0)
})

test('what inference takes for somebody else’s is theirs until the reviewer says otherwise', () => {
  const [theirs, nobodys] = shown([change('a', -345, { movementId: 'of-another-visit' }), change('b', -345)])
  assert.deepEqual([theirs!.isOthers, nobodys!.isOthers], [true, false])
})

test('what a reviewer has given away is that visit’s, and what was given here is asked here, whatever inference takes it for', () => {
  const [away, here] = shown([
    change('a', -345, { assignedVisitId: 'v2', visitIds: ['v1', 'v2', 'v3'] }),
    change('b', -345, { assignedVisitId: 'v1', movementId: 'of-another-visit' })
  ])
  assert.deepEqual([away!.isOthers, away!.givenTo, away!.otherVisitIds], [true, 'v2', ['v2', 'v3']])
  assert.deepEqual([here!.isOthers, here!.givenTo, here!.proposed?.productId], [false, 'v1', 'cola'])
})

test('one change that is two movements is shown as both; a doubtful one is asked', () => {
  const movement = (id: string, productId: string, confidence: number) =>
    ({ id, productId, quantity: 1, confidence, reasons: [], candidates: [], weightChangeIds: ['c1'] }) as never
  const events = shown([change('c1', -605, { movementId: 'm1' })], [movement('m1', 'cola', 0.9), movement('m2', 'salad', 0.4)])
  assert.deepEqual(
    events.map(({ id, changeIds, proposed }) => [id, changeIds, proposed?.productId ?? null]),
    [
      ['m1', ['c1'], 'cola'],
      ['m2', ['c1'], null]
    ]
  )
})

test('events stand in the order of time, across tickets', () => {
  const late = change('late', -345, { occurredAt: '2026-03-01T08:00:09.000Z' })
  const early = change('early', -345, { occurredAt: '2026-03-01T08:00:01.000Z' })
  const events = happenings([ticket([late]), { ...ticket([early]), id: 't2' }], known)
  assert.deepEqual(
    events.map(({ id }) => id),
    ['early', 'late']
  )
})

test('it is said when others were inside, when it was found late, and when it is billed elsewhere', () => {
  const events = shown([
    change('a', -345, { visitIds: ['v1', 'v2'] }),
    change('b', -345, { foundLate: true }),
    change('c', -345, { billedTicketId: 't9' }),
    change('d', -345, { billedTicketId: 't1' })
  ])
  assert.deepEqual(
    events.map(({ isShared, isLate, isBilledElsewhere }) => [isShared, isLate, isBilledElsewhere]),
    [
      [true, false, false],
      [false, true, false],
      [false, false, true],
      [false, false, false]
    ]
  )
})
