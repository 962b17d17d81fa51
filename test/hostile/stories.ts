/** Stories for the property of order: who is inside when, what leaves which scale when, and when the store hears of it. */
import fc from 'fast-check'
import { rowsOf, type Weights } from '#test/support/devices.ts'

/** A change that a machine settled itself. */
export type Change = { id: string; machine: number; scaleId: string; grams: number; atMs: number }
/** What a machine tells by its heartbeats alone, at most one on each scale in a slot. */
export type Pick = { slot: number; scaleId: string; grams: number }
export type Story = {
  startMs: number
  visits: { userId: string; inMs: number; outMs: number }[]
  changes: Change[]
  picks: Pick[]
  slots: number
  seed: number
}
export type Message = { kind: 'change' | 'heartbeat'; machine: number; body: object }
export type Moment = { atMs: number; entries: string[]; exits: string[]; messages: Message[] }

/** Machines that settle changes themselves; the one after them sends heartbeats. */
export const SETTLING = 2
export const BEATING = SETTLING
/** People pass the doors at the borders of slots; the heartbeats of a slot's first eight seconds tell what was picked in it; none in the first. */
export const SLOT_MS = 10_000
const START_MS = Date.UTC(2026, 2, 1, 8)
/** So that about fifteen are inside at a time. */
const SECONDS_A_VISIT = 2
/** A message comes up to this much late, longer than most visits. */
const LATE_SECONDS = 90
const BEATS_A_SLOT = 8
/** The last beats of a slot are on time: one shows what happened, one confirms it. All others may come when they are long overtaken. */
const BEATS_ON_TIME = 2
/** The machine boots again after so many slots. */
const SLOTS_A_BOOT = 7

/** Visits of a few seconds to a minute, so close together that many overlap; three changes for each, and a pick in most slots. */
export function storyOf({ seed, visits }: { seed: number; visits: number }): Story {
  const slots = Math.ceil((visits * SECONDS_A_VISIT * 1000) / SLOT_MS)
  const visit = fc.record({
    userId: fc.uuid({ version: 4 }),
    in: fc.integer({ min: 1, max: slots }),
    stays: fc.integer({ min: 1, max: 6 })
  })
  const grams = fc.integer({ min: -2000, max: 2000 })
  const scaleId = fc.constantFrom('001', '002', '003')
  const change = fc.record({
    machine: fc.nat(SETTLING - 1),
    scaleId,
    grams: grams.filter((some) => some !== 0),
    at: fc.nat((slots + 7) * (SLOT_MS / 1000))
  })
  const pick = fc.record({ scaleId, grams: grams.filter((some) => Math.abs(some) >= 60) })
  const picked = fc.uniqueArray(pick, { maxLength: 2, selector: (one) => one.scaleId })
  const sample = <T>(of: fc.Arbitrary<T>, numRuns: number, more: number): T[] => fc.sample(of, { seed: seed + more, numRuns })
  return {
    ...{ seed, startMs: START_MS, slots: slots + 7 },
    visits: sample(visit, visits, 0).map((one) => ({
      userId: one.userId,
      inMs: START_MS + one.in * SLOT_MS,
      outMs: START_MS + (one.in + one.stays) * SLOT_MS
    })),
    changes: sample(change, visits * 3, 1).map(({ at, ...one }, n) => ({
      ...one,
      id: `c${n}`,
      atMs: START_MS + at * 1000 + 500
    })),
    picks: sample(picked, slots + 7, 2).flatMap((ones, slot) => (slot === 0 ? [] : ones.map((one) => ({ ...one, slot }))))
  }
}

/** Second by second, what the store hears. In disorder every message comes late by some time of its own, and some come again. */
export function timetableOf(story: Story, { isDisordered }: { isDisordered: boolean }): Moment[] {
  const moments = new Map<number, Moment>()
  const at = (ms: number): Moment => {
    const atMs = Math.ceil(ms / 1000) * 1000
    const moment = moments.get(atMs) ?? { atMs, entries: [], exits: [], messages: [] }
    moments.set(atMs, moment)
    return moment
  }
  for (const { userId, inMs, outMs } of story.visits) {
    at(inMs).entries.push(userId)
    at(outMs).exits.push(userId)
  }
  const sent = [...changesOf(story), ...beatsOf(story)]
  const late = fc.array(fc.nat(LATE_SECONDS), { minLength: 1, maxLength: 3 })
  const delays = fc.sample(late, { seed: story.seed, numRuns: sent.length })
  for (const [n, { atMs, isOnTime, message }] of sent.entries()) {
    const [first = 0, ...again] = delays[n]!
    const seconds = isDisordered ? [isOnTime ? 0 : first, ...again] : [0]
    for (const late of seconds) at(atMs + late * 1000).messages.push(message)
  }
  return [...moments.values()]
    .toSorted((a, b) => a.atMs - b.atMs)
    .map((moment) => ({ ...moment, messages: isDisordered ? moment.messages.toReversed() : moment.messages }))
}

type Sent = { atMs: number; isOnTime: boolean; message: Message }

const changesOf = ({ changes }: Story): Sent[] =>
  changes.map(({ machine, atMs, ...change }) => ({
    atMs,
    isOnTime: false,
    message: { kind: 'change', machine, body: { ...change, at: new Date(atMs).toISOString() } }
  }))

/** Every second but the last of a slot, and one before anything happens; every other story's machine has no clock. */
function beatsOf({ startMs, slots, picks, seed }: Story): Sent[] {
  const weights: Weights = { '001': 50_000, '002': 50_000, '003': 50_000 }
  const sent: Sent[] = []
  for (let slot = 0; slot < slots; slot++) {
    for (const pick of picks) if (pick.slot === slot) weights[pick.scaleId]! += pick.grams
    for (let n = 1; n <= BEATS_A_SLOT; n++) {
      const atMs = startMs + slot * SLOT_MS + n * 1000
      const order = { bootId: `boot ${Math.floor(slot / SLOTS_A_BOOT)}`, seq: (slot % SLOTS_A_BOOT) * BEATS_A_SLOT + n }
      const time = seed % 2 === 0 ? { eventTime: new Date(atMs).toISOString() } : {}
      sent.push({
        atMs,
        isOnTime: n > BEATS_A_SLOT - BEATS_ON_TIME,
        message: {
          kind: 'heartbeat',
          machine: BEATING,
          body: { machineId: `m${BEATING + 1}`, scales: rowsOf(weights), ...order, ...time }
        }
      })
    }
  }
  return sent
}
