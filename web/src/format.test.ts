/** Times in the store's zone, money and spans as people read them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clock, fromStoreTime, milliseconds, money, setLocale, signedGrams, span, toStoreTime } from './format.ts'

for (const [timeZone, local, utc] of [
  ['Asia/Kolkata', '2026-03-01T08:00', '2026-03-01T02:30:00.000Z'],
  ['America/New_York', '2026-03-08T01:30', '2026-03-08T06:30:00.000Z'],
  ['America/New_York', '2026-03-08T03:30', '2026-03-08T07:30:00.000Z'],
  ['UTC', '2026-12-31T23:59', '2026-12-31T23:59:00.000Z']
] as const)
  test(`${local} in ${timeZone} is ${utc}, and back`, () => {
    setLocale({ timeZone, currency: 'INR' })
    assert.equal(fromStoreTime(local), utc)
    assert.equal(toStoreTime(utc).slice(0, 16), local)
    assert.equal(clock(utc).slice(0, 5), local.slice(11))
  })

test('what is no time is none', () => assert.equal(fromStoreTime('yesterday'), null))

for (const [currency, minor, shown] of [
  ['INR', 123456, '₹1,234.56'],
  ['JPY', 500, 'JP¥500'],
  ['KWD', 1234, 'KWD 1.234']
] as const)
  test(`${minor} minor units of ${currency} are ${shown}`, () => {
    setLocale({ timeZone: 'UTC', currency })
    assert.equal(money(minor).replace('\u00a0', ' '), shown)
  })

for (const [ms, shown] of [
  [0, '0 s'],
  [400, 'under 1 s'],
  [800, '1 s'],
  [61_000, '1 min 1 s'],
  [90_061_000, '1 d 1 h'],
  [3_600_000, '1 h']
] as const)
  test(`${ms} ms are ${shown}`, () => assert.equal(span(ms), shown))

for (const [ms, shown] of [
  [0, '0 ms'],
  [-12.4, '−12 ms'],
  [1000, '1 s'],
  [2549, '2.5 s'],
  [-86_400_000, '−1 d']
] as const)
  test(`of a device, ${ms} ms are ${shown}`, () => assert.equal(milliseconds(ms), shown))

test('a weight says whether it came or left', () =>
  assert.deepEqual([signedGrams(-1005), signedGrams(20)], ['−1,005 g', '+20 g']))
