/** Who may pass a door; what a cart comes to. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { REFUSAL_REASONS } from '#contracts/api/entry.ts'
import type { StoreMode, UserRole } from '#contracts/api/store.ts'
import { cartOf, differenceKey, entryRefusal, locksOutCustomers, maskPhoneNumber, REFUSAL_MESSAGES } from './rules.ts'

test('each store mode lets in exactly those it should', () => {
  const table: [StoreMode, UserRole, string | null][] = [
    ['CUSTOMER_MODE', 'customer', null],
    ['CUSTOMER_MODE', 'operations', null],
    ['CUSTOMER_MODE', 'admin', null],
    ['REFILLMENT_MODE', 'customer', 'store-in-refillment'],
    ['REFILLMENT_MODE', 'operations', null],
    ['REFILLMENT_MODE', 'admin', null],
    ['MAINTENANCE_MODE', 'customer', 'store-in-maintenance'],
    ['MAINTENANCE_MODE', 'operations', 'store-in-maintenance'],
    ['MAINTENANCE_MODE', 'admin', null]
  ]
  for (const [mode, role, reason] of table)
    assert.equal(entryRefusal({ mode, role, isBlocked: false }), reason, `${mode} ${role}`)
})

test('that a user is blocked is said before anything about the store', () => {
  assert.equal(entryRefusal({ mode: 'MAINTENANCE_MODE', role: 'customer', isBlocked: true }), 'blocked')
})

test('only the modes without customers lock customers out', () => {
  assert.deepEqual((['CUSTOMER_MODE', 'REFILLMENT_MODE', 'MAINTENANCE_MODE'] as const).map(locksOutCustomers), [
    false,
    true,
    true
  ])
})

test('each refusal has a sentence of its own for the person at the door', () => {
  const sentences = REFUSAL_REASONS.map((reason) => REFUSAL_MESSAGES[reason])
  for (const sentence of sentences) assert.match(sentence, /^\p{Ll}+ .* \p{L}+$/u)
  assert.equal(new Set(sentences).size, sentences.length)
})

test('a masked phone number shows its last three digits and nothing of a short one', () => {
  assert.deepEqual(['+911234567890', '123456', '12345', ''].map(maskPhoneNumber), ['••••••••••890', '•••456', '•••••', ''])
})

test('lines of one product at one price become one; at two prices they stay two', () => {
  const line = (productId: string, quantity: number, unitPriceMinor: number) => ({ productId, quantity, unitPriceMinor })
  const cart = cartOf([line('a', 2, 100), line('b', 1, 50), line('a', 3, 100), line('a', 1, 90)])
  assert.deepEqual(cart, { lines: [line('a', 5, 100), line('b', 1, 50), line('a', 1, 90)], totalMinor: 640 })
})

test('a cart’s total is the sum of its lines and of the lines it was made from, to the minor unit', () => {
  const line = fc.record({
    productId: fc.constantFrom('a', 'b', 'c'),
    quantity: fc.integer({ min: 1, max: 999 }),
    unitPriceMinor: fc.integer({ min: 0, max: 2 ** 31 - 1 })
  })
  const sum = (lines: { quantity: number; unitPriceMinor: number }[]) =>
    lines.reduce((total, l) => total + l.quantity * l.unitPriceMinor, 0)
  fc.assert(
    fc.property(fc.array(line, { maxLength: 200 }), (lines) => {
      const cart = cartOf(lines)
      assert.equal(cart.totalMinor, sum(lines))
      assert.equal(sum(cart.lines), sum(lines))
      assert(Number.isSafeInteger(cart.totalMinor))
    })
  )
})

test('a refund and an extra charge have a key by the version that made them; the same amount has none', () => {
  const key = (differenceMinor: number) => differenceKey({ visitId: 'v', version: 3, differenceMinor })
  assert.deepEqual([-1, 0, 1].map(key), ['visit-v-v3-refund', null, 'visit-v-v3-extra'])
})
