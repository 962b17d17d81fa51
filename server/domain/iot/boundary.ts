/** The weight at a cut, where a change was unsettled then: what becomes of that change moves the closing weight before and the opening weight after. */
import type { Batch } from './batch.ts'
import type { Effect, ScaleState } from './detector.ts'
import type { Boundary, ScaleMemory } from './memory.ts'

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
