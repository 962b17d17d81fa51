/** Windows, late evidence, auto review, claims: what decides about tickets. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  autoReviewDueAt,
  type ContestFacts,
  contestRefusal,
  contestResult,
  type Evidence,
  evidenceNews,
  isAutoReviewDue,
  isHeldByOther,
  sameLines,
  ticketNumber,
  windowOf
} from './rules.ts'

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 12) + seconds * 1000)
const times = (window: { start: Date; end: Date }) =>
  [window.start, window.end].map((time) => (time.getTime() - at(0).getTime()) / 1000)

test('a ticket’s number has six digits, and more when they are needed', () => {
  assert.deepEqual([1, 123, 999_999, 1_234_567].map(ticketNumber), ['T-000001', 'T-000123', 'T-999999', 'T-1234567'])
})

test('a window reaches from login to logout, or over the machine sessions that overlap them', () => {
  const facts = { login: at(400), logout: at(700), machineSessionSeconds: 300 }
  const ran = (start: number, end: number | null) => ({ startedAt: at(start), endedAt: end === null ? null : at(end) })
  const table: [string, 'visit' | 'machine-session', ReturnType<typeof ran> | null, ReturnType<typeof ran> | null, number[]][] = [
    ['visit', 'visit', ran(300, 600), ran(600, null), [400, 700]],
    ['running at logout: its scheduled end', 'machine-session', ran(300, 600), ran(600, null), [300, 900]],
    ['ended: its end', 'machine-session', ran(300, 600), ran(600, 820), [300, 820]],
    ['one over all', 'machine-session', ran(350, null), ran(350, null), [350, 700]],
    ['overdue: not before the logout', 'machine-session', ran(100, null), ran(100, null), [100, 700]],
    ['began after the login', 'machine-session', ran(450, 600), ran(600, null), [400, 900]],
    ['none at login', 'machine-session', null, ran(600, null), [400, 900]],
    ['none at all', 'machine-session', null, null, [400, 700]]
  ]
  for (const [what, kind, first, last, window] of table)
    assert.deepEqual(times(windowOf(kind, { ...facts, first, last })), window, what)
})

test('an empty ticket waits for one and a half heartbeats of its machine, from two seconds to ten', () => {
  const table: [number | null, number][] = [
    [null, 2],
    [0, 2],
    [1000, 2],
    [2000, 3],
    [5000, 7.5],
    [60_000, 10]
  ]
  for (const [intervalMs, seconds] of table) assert.deepEqual(autoReviewDueAt(at(0), intervalMs), at(seconds), String(intervalMs))
})

test('an empty ticket is due when its machine has spoken since, or has had its time', () => {
  const facts = { dueAt: at(10), logout: at(0), windowEnd: at(0) }
  const table: [number, number | null, boolean][] = [
    [9, null, false],
    [10, null, true],
    [9, -1, false],
    [9, 0, false],
    [9, 1, true],
    [9, 8.9, false],
    [1.5, 1, true],
    [1.499, 1, false],
    [0, null, false],
    [10, 9.9, true],
    [-1, null, true]
  ]
  for (const [now, heard, isDue] of table)
    assert.equal(
      isAutoReviewDue({ ...facts, now: at(now), heardAt: heard === null ? null : at(heard) }),
      isDue,
      `${now} ${heard}`
    )
})

test('late evidence: what is news, and what could alter a cart', () => {
  const table: [string, Evidence, Evidence, { here?: string[]; elsewhere?: string[] }, ReturnType<typeof evidenceNews>][] = [
    ['nothing', {}, {}, {}, null],
    ['a row that only settled', { a: -330 }, { a: -330 }, {}, null],
    ['a change appears', {}, { a: -330 }, {}, { hasAdded: true, couldAlterCart: true }],
    ['… that another ticket has billed', {}, { a: -330 }, { elsewhere: ['a'] }, { hasAdded: true, couldAlterCart: false }],
    ['grams are corrected', { a: -330 }, { a: -660 }, { here: ['a'] }, { hasAdded: false, couldAlterCart: true }],
    ['… of one billed elsewhere', { a: -330 }, { a: -660 }, { elsewhere: ['a'] }, { hasAdded: false, couldAlterCart: false }],
    ['withdrawn, billed here', { a: -330 }, {}, { here: ['a'] }, { hasAdded: false, couldAlterCart: true }],
    ['withdrawn, billed nowhere', { a: -330 }, {}, {}, { hasAdded: false, couldAlterCart: false }],
    ['picked becomes placed', { a: -330 }, { a: 330 }, {}, { hasAdded: false, couldAlterCart: true }],
    ['one appears, one is corrected', { a: -330 }, { a: -660, b: 5 }, {}, { hasAdded: true, couldAlterCart: true }],
    [
      'two appear, one of them billed elsewhere',
      {},
      { a: -330, b: 5 },
      { elsewhere: ['a'] },
      { hasAdded: true, couldAlterCart: true }
    ],
    ['one settles, one appears', { a: -330 }, { a: -330, b: 5 }, { here: ['a'] }, { hasAdded: true, couldAlterCart: true }]
  ]
  for (const [what, known, current, { here = [], elsewhere = [] }, news] of table)
    assert.deepEqual(evidenceNews({ known, current, billedHere: new Set(here), billedElsewhere: new Set(elsewhere) }), news, what)
})

test('the same lines in another order are the same decision', () => {
  const a = { productId: 'A', quantity: 1, weightChangeIds: ['x', 'y'] }
  const b = { productId: 'b', quantity: 2 }
  assert(
    sameLines(
      [a, b],
      [
        { ...b, weightChangeIds: [] },
        { productId: 'a', quantity: 1, weightChangeIds: ['Y', 'X'] }
      ]
    )
  )
  assert(sameLines([], []))
  for (const other of [
    [],
    [a],
    [a, b, b],
    [a, { ...b, quantity: 3 }],
    [{ ...a, weightChangeIds: ['x'] }, b],
    [{ ...a, weightChangeIds: ['x', 'z'] }, b]
  ])
    assert(!sameLines([a, b], other))
})

test('a claim holds against others until its lease ends', () => {
  const claim = { claimedBy: 'me', leaseExpiresAt: at(10) }
  assert.deepEqual(
    [isHeldByOther(claim, 'you', at(9)), isHeldByOther(claim, 'you', at(10)), isHeldByOther(claim, 'me', at(9))],
    [true, false, false]
  )
  for (const leaseExpiresAt of [null, at(10)])
    assert.equal(isHeldByOther({ claimedBy: null, leaseExpiresAt }, 'you', at(0)), false)
})

test('a settled visit of a customer can be contested while its evidence is kept; what stands in the way is said', () => {
  const facts: ContestFacts = {
    ...{ role: 'customer', isSettled: true, isAnythingDecided: true },
    ...{ exitedAt: at(0), now: at(3 * 86_400), days: 3 }
  }
  const table: [Partial<ContestFacts>, string | null, RegExp | null][] = [
    [{}, null, null],
    [{ role: 'operations' }, 'nothing-to-contest', /staff have nothing to pay/],
    [{ role: 'operations', isSettled: false }, 'nothing-to-contest', /staff/],
    [{ isSettled: false }, 'not-settled', /wait for visit\.settled/],
    [{ exitedAt: null }, 'not-settled', /wait for visit\.settled/],
    [{ now: new Date(at(3 * 86_400).getTime() + 1) }, 'contest-too-late', /over more than 3 days ago/],
    [{ now: at(4 * 86_400), isAnythingDecided: false }, 'contest-too-late', /3 days/],
    [{ isAnythingDecided: false }, 'nothing-to-contest', /nothing happened/]
  ]
  for (const [differs, code, words] of table) {
    const refusal = contestRefusal({ ...facts, ...differs })
    assert.equal(refusal?.[0] ?? null, code, JSON.stringify(differs))
    if (words) assert.match(refusal![1], words)
  }
})

test('a contest is upheld where the shopper pays less, or the same for other things, and refused otherwise', () => {
  const table: [differenceMinor: number, isSame: boolean, result: string][] = [
    [-1, false, 'UPHELD'],
    [-1, true, 'UPHELD'],
    [0, false, 'UPHELD'],
    [0, true, 'REFUSED'],
    [1, false, 'REFUSED'],
    [1, true, 'REFUSED']
  ]
  for (const [differenceMinor, isSame, result] of table)
    assert.equal(contestResult({ differenceMinor, isSame }), result, `${differenceMinor} ${isSame}`)
})
