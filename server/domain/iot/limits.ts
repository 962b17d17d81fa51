/** How much one machine may fill: a wrong or hostile device must not grow the box's memory, or a weight beyond what its column holds. */
import { Invalid } from '#server/platform/errors.ts'
import type { MachineMemory, ScaleMemory } from './memory.ts'

const MAX_SCALES = 4096
const MAX_GRAMS = 10_000_000

export const named = (scaleIds: string[]): { scaleId: string }[] => scaleIds.map((scaleId) => ({ scaleId }))

/** Throws Invalid where a message names more new scales than the machine has room for. */
export function checkRoom({ scales, machineId }: MachineMemory, named: { scaleId: string }[]): void {
  if (scales.size + named.length <= MAX_SCALES) return
  const added = named.filter(({ scaleId }) => !scales.has(scaleId)).length
  if (scales.size + added > MAX_SCALES) throw new Invalid('scales', `machine ${machineId} would have more than ${MAX_SCALES}`)
}

/** Throws Invalid where a change would leave more (or less) on a scale than any scale can weigh. */
export function checkWeight(scale: ScaleMemory | undefined, grams: number): void {
  const known = [scale?.state.baseline ?? 0, scale?.state.weight ?? 0]
  if (known.some((before) => Math.abs(before + grams) > MAX_GRAMS))
    throw new Invalid('grams', `would leave more than ±${MAX_GRAMS} g on the scale`)
}
