/**
 * A change that the machine settled itself, against what heartbeats and samples already said of the same action: it moves the baseline,
 * and where they were faster it takes their row over instead of making a second one. Pure, beside the detector. The first that fits:
 *   a row of the same grams ─▶ claimed                    (the nearest in time: changes may come after later rows)
 *   several rows that make up the grams ─▶ the last claimed, the others withdrawn   (a slow lift seen half-way)
 *   an unsettled row of fewer grams ─▶ claimed            (seen half-way, and not yet confirmed)
 *   a row of more grams ─▶ split                          (two actions between two readings)
 *   none ─▶ a row of its own
 */
import { type Effect, level, type ScaleState, type Tools, type Unclaimed } from './detector.ts'
import { moveTo } from './noise.ts'

export type DeviceChange = { rowId: string; grams: number; atMs: number }
type Step = { state: ScaleState; effects: Effect[] }

/** A clock and a link are rarely further off; a row older than that is another action, however alike. */
const CLAIM_MS = 5000

/** Takes a change of `grams` (negative: picked), settled by the machine. */
export function takeChange(state: ScaleState, change: DeviceChange, { thresholdGrams }: Tools): Step {
  if (state.baseline === null) return { state, effects: [own(change, null)] }
  const rows = (state.unclaimed ?? []).filter((row) => isNear(row, change)).sort((a, b) => awayMs(a, change) - awayMs(b, change))
  const isSame = (grams: number) => Math.abs(grams - change.grams) < thresholdGrams
  const same = rows.find((row) => isSame(row.grams))
  if (same) return claim(state, [same], change)
  const parts = lastRows(state.unclaimed ?? [], (found) => found.every((row) => isNear(row, change)) && isSame(sumOf(found)))
  if (parts) return claim(state, parts, change)
  const halfway = rows.find((row) => !row.settled && Math.abs(row.grams) < Math.abs(change.grams))
  if (halfway) return claim(state, [halfway], change)
  const larger = rows.find((row) => Math.abs(row.grams) > Math.abs(change.grams))
  return larger ? split(state, larger, change) : record(state, change)
}

function isNear(row: Unclaimed, { grams, atMs }: DeviceChange): boolean {
  return Math.sign(row.grams) === Math.sign(grams) && atMs <= row.atMs + CLAIM_MS && atMs >= row.sinceMs - CLAIM_MS
}

/** How far the change lies outside the time in which the row must have happened. */
const awayMs = (row: Unclaimed, { atMs }: DeviceChange) => Math.max(0, row.sinceMs - atMs, atMs - row.atMs)
const sumOf = (rows: Unclaimed[]) => rows.reduce((sum, row) => sum + row.grams, 0)

/** The fewest of the last rows, at least two, that fit. */
function lastRows(rows: Unclaimed[], fits: (rows: Unclaimed[]) => boolean): Unclaimed[] | null {
  for (let from = rows.length - 2; from >= 0; from--) if (fits(rows.slice(from))) return rows.slice(from)
  return null
}

/**
 * The last of the rows, oldest first, becomes the machine's: its grams, settled. The others were the same action. It is the last because
 * only that one can be pending, and a pending row's fate moves the weights of a machine session that was cut meanwhile.
 */
function claim(state: ScaleState, claimed: Unclaimed[], { grams }: DeviceChange): Step {
  const { row, version } = claimed.at(-1)!
  const { pending } = state
  const isPending = pending?.row.rowId === row.rowId
  const before = isPending ? pending.valueGrams - sumOf(claimed) : claimed[0]!.beforeGrams
  const after = before + grams
  const effects: Effect[] = [
    ...claimed.slice(0, -1).map((part): Effect => ({ kind: 'withdraw', row: part.row, version: part.version + 1 })),
    { kind: 'correct', row, version: version + 1, grams, before, after, settled: true, isClaim: true }
  ]
  const next = { ...state, unclaimed: state.unclaimed!.filter((found) => !claimed.includes(found)) }
  if (!isPending) return { state: shift(next, grams - sumOf(claimed)), effects }
  return { state: { ...level(next, { beforeGrams: pending.fromGrams, grams: after }), weight: after, pending: null }, effects }
}

/** The row held two actions: this one gets a row of its own, the rest stays and can be claimed by the next. */
function split(state: ScaleState, whole: Unclaimed, change: DeviceChange): Step {
  const beforeGrams = whole.beforeGrams + change.grams
  const rest = { ...whole, version: whole.version + 1, grams: whole.grams - change.grams, beforeGrams }
  const { row, version, grams, settled } = rest
  const effects: Effect[] = [
    own(change, whole.beforeGrams),
    { kind: 'correct', row, version, grams, before: beforeGrams, after: beforeGrams + grams, settled }
  ]
  const next = { ...state, unclaimed: state.unclaimed!.map((found) => (found === whole ? rest : found)) }
  if (state.pending?.row.rowId !== row.rowId) return { state: next, effects }
  const pending = { ...state.pending, fromGrams: beforeGrams, version }
  return {
    state: { ...next, baseline: state.baseline! + change.grams, pending, noise: moveTo(state.noise, beforeGrams) },
    effects
  }
}

function record(state: ScaleState, change: DeviceChange): Step {
  return {
    state: shift({ ...state, weight: state.weight! + change.grams }, change.grams),
    effects: [own(change, Math.round(state.baseline!))]
  }
}

/** Everything that is held against the baseline moves with it. */
function shift(state: ScaleState, grams: number): ScaleState {
  const { pending } = state
  const baseline = state.baseline! + grams
  return {
    ...state,
    baseline,
    pending: pending && { ...pending, fromGrams: pending.fromGrams + grams, valueGrams: pending.valueGrams + grams },
    unclaimed:
      state.unclaimed?.map((row) =>
        row.row.rowId === pending?.row.rowId ? { ...row, beforeGrams: row.beforeGrams + grams } : row
      ) ?? null,
    noise: moveTo(state.noise, Math.round(baseline))
  }
}

function own({ rowId, grams, atMs }: DeviceChange, before: number | null): Effect & { kind: 'record' } {
  const after = before === null ? null : before + grams
  return { kind: 'record', row: { rowId, occurredMs: atMs, fromMs: atMs, foundLate: false }, grams, before, after, settled: true }
}
