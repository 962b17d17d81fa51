/**
 * A change that the machine settled itself, against what heartbeats already said of the same action: it moves the baseline, and
 * where a heartbeat was faster it takes that row over instead of making a second one. Pure, beside the detector.
 */
import type { Effect, ScaleState, Tools, Unclaimed } from './detector.ts'
import { moveTo } from './noise.ts'

export type DeviceChange = { rowId: string; grams: number; atMs: number }
type Step = { state: ScaleState; effects: Effect[]; claims: string | null }

const CLAIM_MS = 15_000

/** Takes a change of `grams` (negative: picked). `claims`: the row that now is this change, or null when a row of its own was recorded. */
export function takeChange(state: ScaleState, change: DeviceChange, tools: Tools): Step {
  const row = state.unclaimed
  if (row && isSameAction(row, change, tools.thresholdGrams)) return claim(state, row, change)
  if (row && isPartOf(row, change, tools.thresholdGrams)) return split(state, row, change)
  return record(state, change)
}

function isNear(row: Unclaimed, { grams, atMs }: DeviceChange): boolean {
  return Math.sign(row.grams) === Math.sign(grams) && atMs <= row.atMs + CLAIM_MS && atMs >= row.sinceMs - CLAIM_MS
}
const isSameAction = (row: Unclaimed, change: DeviceChange, threshold: number) => isNear(row, change) && Math.abs(row.grams - change.grams) < threshold
const isPartOf = (row: Unclaimed, change: DeviceChange, threshold: number) =>
  isNear(row, change) && Math.abs(row.grams) - Math.abs(change.grams) >= threshold

/** The row becomes the machine's: its grams, settled. */
function claim(state: ScaleState, row: Unclaimed, { grams }: DeviceChange): Step {
  const after = row.beforeGrams + grams
  const effect: Effect = { kind: 'correct', row: row.row, version: row.version + 1, grams, before: row.beforeGrams, after, settled: true }
  const isPending = state.pending?.row.rowId === row.row.rowId
  const baseline = isPending ? after : state.baseline! + (grams - row.grams)
  return { state: { ...state, baseline, pending: isPending ? null : state.pending, unclaimed: null, noise: moveTo(state.noise, Math.round(baseline)) }, effects: [effect], claims: row.row.rowId }
}

/** The heartbeat's row held two actions: this one gets a row of its own, the rest stays and can be claimed by the next. */
function split(state: ScaleState, row: Unclaimed, change: DeviceChange): Step {
  const left = row.grams - change.grams
  const before = row.beforeGrams + change.grams
  const version = row.version + 1
  const effects: Effect[] = [
    own(change, row.beforeGrams),
    { kind: 'correct', row: row.row, version, grams: left, before, after: before + left, settled: row.settled }
  ]
  const pending = state.pending?.row.rowId === row.row.rowId ? { ...state.pending, fromGrams: before, version } : state.pending
  const unclaimed = { ...row, version, grams: left, beforeGrams: before }
  return { state: { ...state, baseline: pending ? before : state.baseline, pending, unclaimed }, effects, claims: null }
}

function record(state: ScaleState, change: DeviceChange): Step {
  const { pending } = state
  const before = state.baseline === null ? null : Math.round(state.baseline)
  const moved = {
    ...state,
    baseline: state.baseline === null ? null : state.baseline + change.grams,
    weight: state.weight === null ? null : state.weight + (pending ? 0 : change.grams),
    pending: pending && { ...pending, fromGrams: pending.fromGrams + change.grams, valueGrams: pending.valueGrams + change.grams }
  }
  const noise = moved.baseline === null ? state.noise : moveTo(state.noise, Math.round(moved.baseline))
  return { state: { ...moved, noise }, effects: [own(change, before)], claims: null }
}

function own({ rowId, grams, atMs }: DeviceChange, before: number | null): Effect & { kind: 'record' } {
  const after = before === null ? null : before + grams
  return { kind: 'record', row: { rowId, occurredMs: atMs, fromMs: atMs, foundLate: false }, grams, before, after, settled: true }
}
