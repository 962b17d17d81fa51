/** Stories for the property of order: who is inside when, what leaves which scale when, and when the store hears of it. */
import fc from 'fast-check'

export type Change = { id: string; machine: number; scaleId: string; grams: number; atMs: number }
export type Story = {
  startMs: number
  visits: { userId: string; inMs: number; outMs: number }[]
  changes: Change[]
  seed: number
}
export type Moment = { atMs: number; entries: string[]; exits: string[]; messages: Change[] }

const START_MS = Date.UTC(2026, 2, 1, 8)
/** So that about fifteen are inside at a time. */
const SECONDS_A_VISIT = 2
/** A message comes up to this much late, longer than most visits. */
const LATE_SECONDS = 90

/** Visits of a few seconds to a minute, so close together that many overlap; three changes for each. */
export function storyOf({ seed, visits, machines }: { seed: number; visits: number; machines: number }): Story {
  const visit = fc.record({
    userId: fc.uuid({ version: 4 }),
    in: fc.integer({ min: 1, max: visits * SECONDS_A_VISIT }),
    stays: fc.integer({ min: 1, max: 60 })
  })
  const change = fc.record({
    machine: fc.nat(machines - 1),
    scaleId: fc.constantFrom('001', '002', '003'),
    grams: fc.integer({ min: -2000, max: 2000 }).filter((grams) => grams !== 0),
    at: fc.integer({ min: 0, max: visits * SECONDS_A_VISIT + 70 })
  })
  const sample = <T>(of: fc.Arbitrary<T>, numRuns: number, more: number): T[] => fc.sample(of, { seed: seed + more, numRuns })
  return {
    ...{ seed, startMs: START_MS },
    visits: sample(visit, visits, 0).map((one) => ({
      userId: one.userId,
      inMs: START_MS + one.in * 1000,
      outMs: START_MS + (one.in + one.stays) * 1000
    })),
    // between two seconds: people pass the doors at whole ones
    changes: sample(change, visits * 3, 1).map(({ at, ...one }, n) => ({ ...one, id: `c${n}`, atMs: START_MS + at * 1000 + 500 }))
  }
}

/** Second by second, what the store hears. In disorder every message comes late by some time of its own, and some come again. */
export function timetableOf({ visits, changes, seed }: Story, { isDisordered }: { isDisordered: boolean }): Moment[] {
  const moments = new Map<number, Moment>()
  const at = (ms: number): Moment => {
    const atMs = Math.ceil(ms / 1000) * 1000
    const moment = moments.get(atMs) ?? { atMs, entries: [], exits: [], messages: [] }
    moments.set(atMs, moment)
    return moment
  }
  for (const { userId, inMs, outMs } of visits) {
    at(inMs).entries.push(userId)
    at(outMs).exits.push(userId)
  }
  const delays = fc.sample(fc.array(fc.nat(LATE_SECONDS), { minLength: 1, maxLength: 3 }), { seed, numRuns: changes.length })
  for (const [n, change] of changes.entries())
    for (const seconds of isDisordered ? delays[n]! : [0]) at(change.atMs + seconds * 1000).messages.push(change)
  return [...moments.values()]
    .toSorted((a, b) => a.atMs - b.atMs)
    .map((moment) => ({ ...moment, messages: isDisordered ? moment.messages.toReversed() : moment.messages }))
}
