/**
 * The detector: one scale's readings in, weight changes out. Pure: state and time come as arguments, what is to be written comes back.
 *
 * A scale is at rest at its baseline, or a change is pending (recorded, `settled: false`):
 *   rest ──|reading − baseline| ≥ threshold──▶ pending (a row is recorded at once: the shopper may leave before the next reading)
 *   pending ──agrees──▶ rest at the new level (the row is confirmed or its grams corrected)
 *   pending ──back at the old level──▶ rest (the row is withdrawn)
 *   pending ──a further full step the same way, ≥ 500 ms later──▶ the row stands, a second one is pending
 *   pending ──any other jump──▶ pending (the same row, corrected)
 *   pending ──no reading for 10 s──▶ rest (the row stands)
 * Whatever the rows, their sum is the last settled weight minus the first, to the gram. Between changes the baseline follows creep
 * by time, never by reading: at most 2 g/min, and only from readings that scatter around it. Rows are whole grams, so a row that settles
 * rounds the fraction its baseline had crept to; `creep` counts that too: first baseline + Σ rows + creep = baseline, exactly.
 */
import { listen, moveTo, type Noise, SILENT, sigmaOf } from './noise.ts'

/** What a row said of its time when it was recorded; revisions of it repeat that. */
export type RowRef = { rowId: string; occurredMs: number; fromMs: number; foundLate: boolean }
export type Pending = { row: RowRef; fromGrams: number; valueGrams: number; version: number; agreed: number }
/** A row that heartbeats or samples made here, until the machine's own message about the same action claims it. */
export type Unclaimed = {
  row: RowRef
  version: number
  grams: number
  beforeGrams: number
  sinceMs: number
  atMs: number
  settled: boolean
}
export type ScaleState = {
  baseline: number | null
  weight: number | null
  readAtMs: number | null
  creep: number
  noise: Noise
  pending: Pending | null
  /** The last few, oldest first; a pending row is the last of them. */
  unclaimed: Unclaimed[] | null
}
export const NEW_SCALE: ScaleState = {
  baseline: null,
  weight: null,
  readAtMs: null,
  creep: 0,
  noise: SILENT,
  pending: null,
  unclaimed: null
}

/** One row to write. `grams` is signed: negative left the scale. Times in ms since the epoch. */
export type Effect =
  | { kind: 'record'; row: RowRef; grams: number; before: number | null; after: number | null; settled: boolean }
  | Correction
  | { kind: 'withdraw'; row: RowRef; version: number }
/** `isClaim`: from now on the row is the change that the machine itself settled. */
type Correction = {
  kind: 'correct'
  row: RowRef
  version: number
  grams: number
  before: number
  after: number
  settled: boolean
  isClaim?: true
}
/** `gapMs`: how long ago the scale's last reading was, by a clock that does not jump. */
export type Reading = {
  grams: number
  atMs: number
  gapMs: number
  isSure: boolean
  isLate: boolean
  startedMs?: number | undefined
  swingGrams?: number | null
}
export type Tools = { thresholdGrams: number; newId: () => string }
type Step = { state: ScaleState; effects: Effect[] }

export const STANDS_AFTER_MS = 10_000
const OWN_ACTION_MS = 500
const CREEP_GRAMS_PER_MS = 2 / 60_000
const CREEP_BAND_GRAMS = 3
const AGREEING_READINGS = 3
const MEANINGFUL_SWING_GRAMS = 500
const UNCLAIMED_KEPT = 8

/** Takes one reading (whole grams). `isSure`: settled by itself (from samples), needs no second one. `isLate`: the first after a restart or silence. */
export function read(state: ScaleState, reading: Reading, tools: Tools): Step {
  const first = state.pending && reading.gapMs >= STANDS_AFTER_MS ? stand(state) : { state, effects: NONE }
  if (isQuiet(first.state, reading, tools)) return { state: quiet(first.state, reading), effects: first.effects }
  const next = first.state.pending ? resolve(first.state, reading, tools) : rest(first.state, reading, tools)
  return { state: { ...next.state, weight: reading.grams, readAtMs: reading.atMs }, effects: [...first.effects, ...next.effects] }
}

const NONE: Effect[] = []

/** At rest, and nothing happened: as nearly every reading finds its scale. */
const isQuiet = ({ pending, baseline }: ScaleState, { grams }: Reading, { thresholdGrams }: Tools): boolean =>
  pending === null && baseline !== null && Math.abs(grams - Math.round(baseline)) < thresholdGrams

/** Only noise and creep have something to learn. Written out: of what is made a thousand times a second, a copy of a copy costs. */
function quiet({ baseline, creep, noise, unclaimed }: ScaleState, reading: Reading): ScaleState {
  const { grams, atMs } = reading
  const heard = listen(noise, grams, swingOf(reading))
  const crept = creepOf(baseline!, heard, reading)
  return {
    baseline: baseline! + crept,
    weight: grams,
    readAtMs: atMs,
    creep: creep + crept,
    noise: heard,
    pending: null,
    unclaimed
  }
}

/** No further reading came for 10 s: the pending row stands as it is. */
export function stand(state: ScaleState): Step {
  const { pending } = state
  if (!pending) return { state, effects: NONE }
  return settle(state, pending, pending.valueGrams)
}

/** The first reading of all, or a change. */
function rest(state: ScaleState, reading: Reading, { newId }: Tools): Step {
  const { grams, atMs } = reading
  if (state.baseline === null) return { state: { ...state, baseline: grams, noise: moveTo(state.noise, grams) }, effects: NONE }
  const before = Math.round(state.baseline)
  const occurredMs = reading.startedMs ?? atMs
  const sinceMs = Math.min(state.readAtMs ?? atMs, occurredMs)
  const row: RowRef = { rowId: newId(), occurredMs, fromMs: reading.isLate ? sinceMs : occurredMs, foundLate: reading.isLate }
  const effect: Effect = { kind: 'record', row, grams: grams - before, before, after: grams, settled: reading.isSure }
  const found: Unclaimed = { row, version: 1, grams: effect.grams, beforeGrams: before, sinceMs, atMs, settled: reading.isSure }
  const next = { ...state, unclaimed: [...(state.unclaimed ?? []), found].slice(-UNCLAIMED_KEPT) }
  if (reading.isSure) return { state: level(next, { beforeGrams: before, grams }), effects: [effect] }
  return { state: { ...next, pending: { row, fromGrams: before, valueGrams: grams, version: 1, agreed: 0 } }, effects: [effect] }
}

function resolve(state: ScaleState, reading: Reading, tools: Tools): Step {
  const pending = state.pending!
  const { thresholdGrams } = tools
  const step = reading.grams - pending.valueGrams
  if (Math.abs(reading.grams - pending.fromGrams) < thresholdGrams) return withdraw(state, pending, reading)
  const agreed = Math.abs(step) < thresholdGrams ? pending.agreed + 1 : 0
  if (reading.isSure || (agreed > 0 && (agreed >= AGREEING_READINGS || !isSwinging(state, reading))))
    return settle(state, pending, reading.grams)
  const isSameWay = Math.sign(step) === Math.sign(pending.valueGrams - pending.fromGrams)
  if (agreed === 0 && isSameWay && reading.gapMs >= OWN_ACTION_MS) {
    const first = settle(state, pending, pending.valueGrams)
    const second = rest(first.state, { ...reading, isLate: false }, tools)
    return { state: second.state, effects: [...first.effects, ...second.effects] }
  }
  const effect = correction(pending, reading.grams, false)
  const next = { ...state, pending: { ...pending, valueGrams: reading.grams, version: effect.version, agreed } }
  return { state: reclaim(next, effect), effects: [effect] }
}

/** Extremes further apart than any handling makes them are the cell's capacity, as some firmware sends it: they say nothing. */
export const meaningfulSwing = (swingGrams: number | null | undefined): number | null =>
  typeof swingGrams === 'number' && swingGrams < MEANINGFUL_SWING_GRAMS ? swingGrams : null
const swingOf = ({ swingGrams }: Reading) => meaningfulSwing(swingGrams)

/** The plate moved through as much as the change within this reading's own interval: a hand or a rocking bottle, not yet a level. */
function isSwinging(state: ScaleState, reading: Reading): boolean {
  const { fromGrams } = state.pending!
  return (swingOf(reading) ?? 0) >= Math.abs(reading.grams - fromGrams)
}

function settle(state: ScaleState, pending: Pending, grams: number): Step {
  const effect = correction(pending, grams, true)
  const next = { ...level(state, { beforeGrams: pending.fromGrams, grams }), pending: null }
  return { state: reclaim(next, effect), effects: [effect] }
}

function correction({ row, version, fromGrams }: Pending, after: number, settled: boolean): Correction {
  return { kind: 'correct', row, version: version + 1, grams: after - fromGrams, before: fromGrams, after, settled }
}

/** At rest at a new level, from a baseline that rows call `beforeGrams`. */
export function level(state: ScaleState, { beforeGrams, grams }: { beforeGrams: number; grams: number }): ScaleState {
  const rounding = beforeGrams - state.baseline!
  return { ...state, baseline: grams, creep: state.creep + rounding, noise: moveTo(state.noise, grams) }
}

/** Back at the old level, which one stray reading says nothing new about. */
function withdraw(state: ScaleState, pending: Pending, reading: Reading): Step {
  const unclaimed = state.unclaimed?.filter((found) => found.row.rowId !== pending.row.rowId) ?? null
  const noise = moveTo(state.noise, pending.fromGrams)
  const crept = creepOf(state.baseline!, noise, reading)
  const back = { ...state, baseline: state.baseline! + crept, creep: state.creep + crept, pending: null, unclaimed, noise }
  return { state: back, effects: [{ kind: 'withdraw', row: pending.row, version: pending.version + 1 }] }
}

/** Keeps what a machine's own message may still claim in step with its row. */
function reclaim(state: ScaleState, { row, version, grams, settled }: Correction): ScaleState {
  const unclaimed =
    state.unclaimed?.map((found) => (found.row.rowId === row.rowId ? { ...found, version, grams, settled } : found)) ?? null
  return { ...state, unclaimed }
}

/** How far the baseline creeps with this reading, grams. */
function creepOf(baseline: number, noise: Noise, { grams, gapMs }: Reading): number {
  const allowed = Math.max(0, gapMs) * CREEP_GRAMS_PER_MS
  const off = grams - baseline
  if (Math.abs(off) > Math.max(CREEP_BAND_GRAMS, 3 * sigmaOf(noise), allowed)) return 0
  return Math.max(-allowed, Math.min(allowed, off))
}
