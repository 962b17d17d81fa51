/** What a Range header means: the examples of RFC 9110 and what is wrong in every other way. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRange } from './byte-range.ts'

const CASES: [header: string | undefined, bytes: number, expected: ReturnType<typeof parseRange>][] = [
  [undefined, 1000, null],
  ['bytes=0-499', 1000, { start: 0, end: 499 }],
  ['bytes=500-999', 1000, { start: 500, end: 999 }],
  ['bytes=500-', 1000, { start: 500, end: 999 }],
  ['bytes=999-', 1000, { start: 999, end: 999 }],
  ['bytes=0-5000', 1000, { start: 0, end: 999 }],
  ['bytes=-1', 1000, { start: 999, end: 999 }],
  ['bytes=-5000', 1000, { start: 0, end: 999 }],
  ['Bytes=0-0', 1000, { start: 0, end: 0 }],
  ['bytes= 1-2 ', 1000, { start: 1, end: 2 }],
  ['bytes=1000-', 1000, 'unsatisfiable'],
  ['bytes=1000-2000', 1000, 'unsatisfiable'],
  ['bytes=-0', 1000, 'unsatisfiable'],
  ['bytes=0-', 0, 'unsatisfiable'],
  ['bytes=-5', 0, 'unsatisfiable'],
  ['bytes=5-4', 1000, null],
  ['bytes=0-1,5-6', 1000, null],
  ['bytes=', 1000, null],
  ['bytes=-', 1000, null],
  ['bytes=a-b', 1000, null],
  ['bytes=1.5-3', 1000, null],
  ['bytes=-1-2', 1000, null],
  ['items=0-1', 1000, null],
  [`bytes=${'9'.repeat(400)}-`, 1000, null]
]

test('a Range header means one range, all of it, or nothing that is there', () => {
  for (const [header, bytes, expected] of CASES) assert.deepEqual(parseRange(header, bytes), expected, `${header} of ${bytes}`)
})
