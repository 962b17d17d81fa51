/**
 * The opening and closing weights of machine sessions, where they are not simply the last reading: a scale's first one, a tare, and a cut
 * while a change was unsettled; what becomes of that change moves the closing weight before and the opening weight after.
 */
import type { Batch } from './batch.ts'
import type { Effect, ScaleState } from './detector.ts'
import type { Boundary, MachineMemory, ScaleMemory } from './memory.ts'

const NOBODY = '00000000-0000-0000-0000-000000000000'

/** A scale's first reading opens its books in the running machine session; the first after a tare moves their opening with the zero. */
export function openBooks(
  batch: Batch,
  { machine, scale, grams }: { machine: MachineMemory; scale: ScaleMemory; grams: number }
): void {
  const { sessionId } = machine
  const { scaleId, taredFromGrams } = scale
  const nowhere = { rowId: NOBODY, closedSessionId: NOBODY, openedSessionId: sessionId }
  if (taredFromGrams === null) batch.openings.push({ sessionId, scaleId, grams })
  else batch.moves.push({ ...nowhere, scaleId, grams: grams - taredFromGrams })
  scale.taredFromGrams = null
  batch.scales.set(scale, machine)
  batch.machines.add(machine)
}

/** The scale's open boundaries after one more cut: those of the change that is pending now. */
export function boundariesAfter(
  { state, boundaries }: ScaleMemory,
  { closedSessionId, openedSessionId }: Omit<Boundary, 'rowId'>
): Boundary[] {
  const rowId = state.pending?.row.rowId
  if (rowId === undefined) return []
  return [...boundaries.filter((earlier) => earlier.rowId === rowId), { rowId, closedSessionId, openedSessionId }]
}

/** A change that was unsettled at a cut was revised: the weight there was not what it seemed. */
export function moveBoundaries(
  batch: Batch,
  scale: ScaleMemory,
  { effect, before }: { effect: Effect; before: ScaleState }
): void {
  const { pending } = before
  if (effect.kind === 'record' || pending?.row.rowId !== effect.row.rowId) return
  const own = scale.boundaries.filter((boundary) => boundary.rowId === effect.row.rowId)
  const grams = (effect.kind === 'withdraw' ? pending.fromGrams : effect.after) - pending.valueGrams
  if (grams !== 0) batch.moves.push(...own.map((boundary) => ({ ...boundary, scaleId: scale.scaleId, grams })))
  if (effect.kind === 'withdraw' || effect.settled) scale.boundaries = []
}
