/** What a line costs: the price when it was picked, and where that is not known for sure, the lowest it can have been. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { linePrice, type Moments } from './prices.ts'

const at = (ms: number) => ({ fromMs: ms, toMs: ms })
/** 100 until 1000, 150 until 2000, 120 until 3000, 200 since. */
const PRICES = {
  now: 200,
  past: [
    { untilMs: 1000, priceMinor: 100 },
    { untilMs: 2000, priceMinor: 150 },
    { untilMs: 3000, priceMinor: 120 }
  ]
}
const STEADY = { now: 90, past: [] }

test('a line costs what its product cost when it was picked, and never more than at any moment at which it may have been', () => {
  const moments = (picks: Record<string, { fromMs: number; toMs: number }>, stay = at(5000)): Moments => ({
    picks: new Map(Object.entries(picks)),
    stay
  })
  const table: [what: string, price: number, ids: string[], moments: Moments][] = [
    ['before the first change of price', 100, ['a'], moments({ a: at(0) })],
    ['a millisecond before the change', 100, ['a'], moments({ a: at(999) })],
    ['at the very moment of the change: the new one holds', 150, ['a'], moments({ a: at(1000) })],
    ['between two changes', 120, ['a'], moments({ a: at(2500) })],
    ['after the last', 200, ['a'], moments({ a: at(3000) })],
    ['found late, over a change', 100, ['a'], moments({ a: { fromMs: 900, toMs: 1500 } })],
    ['found late, over a cheaper hour', 120, ['a'], moments({ a: { fromMs: 1500, toMs: 9000 } })],
    ['found late, up to the moment a cheaper one begins', 120, ['a'], moments({ a: { fromMs: 1500, toMs: 2000 } })],
    ['two picks, the price went up between them', 150, ['a', 'b'], moments({ a: at(1500), b: at(3500) })],
    ['two picks around a cheap hour in which nothing was taken', 150, ['a', 'b'], moments({ a: at(1500), b: at(4000) })],
    ['no weight change: any time of the visit', 120, [], moments({}, { fromMs: 1200, toMs: 4000 })],
    ['a put-back alone tells no moment', 200, ['back'], moments({ a: at(0) }, { fromMs: 3000, toMs: 4000 })]
  ]
  for (const [what, price, ids, when] of table) assert.equal(linePrice(PRICES, ids, when), price, what)
})

test('a price that never changed is the price, whenever', () => {
  assert.equal(linePrice(STEADY, [], { picks: new Map(), stay: { fromMs: 0, toMs: 1 } }), 90)
  assert.equal(linePrice(STEADY, ['a'], { picks: new Map([['a', at(7)]]), stay: at(0) }), 90)
})
