/** What a reviewer may decide: products at the price of when they were taken, the ticket's own evidence, each weight change once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TicketDecision } from '#contracts/api/tickets.ts'
import { pricedLines } from './lines.ts'

const SALAD = '018f0000-0000-7000-8000-00000000000a'
const SOAP = '018f0000-0000-7000-8000-00000000000b'
const PICK = '018f0000-0000-7000-8000-0000000000c1'
const PUT_BACK = '018f0000-0000-7000-8000-0000000000c2'
const FACTS = {
  prices: new Map([
    [SALAD, { now: 13_900, past: [{ untilMs: 5000, priceMinor: 12_900 }] }],
    [SOAP, { now: 0, past: [] }]
  ]),
  moments: { picks: new Map([[PICK, { fromMs: 4000, toMs: 4000 }]]), stay: { fromMs: 5000, toMs: 9000 } },
  evidence: { [PICK]: -257, [PUT_BACK]: 257 }
}
const decide = (...lines: TicketDecision['lines']) => pricedLines(lines, FACTS)

test('each line gets the price its product had when it was picked, and what was typed in capitals is the same id', () => {
  assert.deepEqual(decide({ productId: SALAD.toUpperCase(), quantity: 2, weightChangeIds: [PICK.toUpperCase(), PUT_BACK] }), [
    { productId: SALAD, quantity: 2, unitPriceMinor: 12_900, weightChangeIds: [PICK, PUT_BACK] }
  ])
  assert.deepEqual(decide({ productId: SOAP, quantity: 999 }, { productId: SALAD, quantity: 1 }), [
    { productId: SOAP, quantity: 999, unitPriceMinor: 0, weightChangeIds: [] },
    { productId: SALAD, quantity: 1, unitPriceMinor: 13_900, weightChangeIds: [] }
  ])
  assert.deepEqual(decide(), [])
})

test('a line that cannot be billed is refused by the name of its field, with what is wrong', () => {
  const good = { productId: SALAD, quantity: 1, weightChangeIds: [PICK] }
  const stranger = '018f0000-0000-7000-8000-0000000000ff'
  const table: [TicketDecision['lines'], string][] = [
    [[{ ...good, productId: stranger }], 'lines/0/productId: is not a product of the catalogue'],
    [[good, { productId: stranger, quantity: 1 }], 'lines/1/productId: is not a product of the catalogue'],
    [[{ ...good, quantity: 0 }], 'lines/0/quantity: must be from 1 to 999'],
    [[{ ...good, quantity: 1000 }], 'lines/0/quantity: must be from 1 to 999'],
    [[{ ...good, quantity: Number.NaN }], 'lines/0/quantity: must be from 1 to 999'],
    [[{ ...good, weightChangeIds: [PICK, stranger] }], 'lines/0/weightChangeIds/1: is not a weight change of this ticket'],
    [[{ ...good, weightChangeIds: [PICK, PICK.toUpperCase()] }], 'lines/0/weightChangeIds/1: stands in these lines twice'],
    [[good, { ...good, productId: SOAP }], 'lines/1/weightChangeIds/0: stands in these lines twice']
  ]
  for (const [lines, message] of table) assert.throws(() => pricedLines(lines, FACTS), { name: 'Invalid', message })
})
