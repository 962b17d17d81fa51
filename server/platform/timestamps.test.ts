/** Times as PostgreSQL writes them, read without the driver's patterns: the same to the millisecond, or not at all. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { timestampInUtc } from './timestamps.ts'

test('a time in UTC is read to the millisecond, with any number of digits behind the second', () => {
  for (const [text, iso] of [
    ['2026-01-02 03:04:05+00', '2026-01-02T03:04:05.000Z'],
    ['2026-01-02 03:04:05.7+00', '2026-01-02T03:04:05.700Z'],
    ['2026-01-02 03:04:05.07+00', '2026-01-02T03:04:05.070Z'],
    ['2026-01-02 03:04:05.007+00', '2026-01-02T03:04:05.007Z'],
    ['2026-01-02 03:04:05.007999+00', '2026-01-02T03:04:05.007Z'],
    ['1969-12-31 23:59:59.999+00', '1969-12-31T23:59:59.999Z'],
    ['9999-12-31 23:59:59.999999+00', '9999-12-31T23:59:59.999Z']
  ] as const)
    assert.equal(timestampInUtc(text)?.toISOString(), iso, text)
  for (let n = 0, ms = -5e12; n < 5000; n++, ms += 3_617_777_777) {
    const iso = new Date(ms).toISOString()
    assert.equal(timestampInUtc(iso.replace('T', ' ').replace('Z', '+00'))?.getTime(), ms, iso)
  }
})

test('what is written in another way is left to the driver', () => {
  for (const text of [
    'infinity',
    '-infinity',
    '2026-01-02 03:04:05+05:30',
    '2026-01-02 03:04:05.5-03',
    '0044-03-15 12:00:00+00',
    '12026-01-02 03:04:05+00',
    '0044-03-15 12:00:00+00 BC',
    '2026-01-02T03:04:05.123Z'
  ])
    assert.equal(timestampInUtc(text), null, text)
})
