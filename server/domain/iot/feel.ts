/** What a scale feels below its threshold goes into the batch being collected: with the next commit, within a second; no device waits for it. */
import type { Batch } from './batch.ts'
import { meaningfulSwing } from './detector.ts'
import { listenFaintly, newFaint } from './faint.ts'
import type { MachineMemory, ScaleMemory } from './memory.ts'

export type Felt = { grams: number; swingGrams: number | null; isSure: boolean; atMs: number; isLate: boolean }

/** Takes one reading after the detector has. After a silence it listens anew. */
export function feel(batch: Batch, { machine, scale }: { machine: MachineMemory; scale: ScaleMemory }, felt: Felt): void {
  const { baseline, pending, noise } = scale.state
  const { grams, atMs, isLate } = felt
  if (baseline === null || isLate || scale.faint === null) {
    scale.faint = baseline === null ? null : newFaint(grams, baseline)
    return
  }
  const swing = felt.isSure ? null : meaningfulSwing(felt.swingGrams)
  const reading = { grams, atMs, baseline, isPending: pending !== null, noise, swingGrams: swing === null ? null : swing / 2 }
  const shift = listenFaintly(scale.faint, reading)
  if (!shift) return
  const { before, after } = shift
  batch.scales.set(scale, machine) // with how much it scatters
  batch.addShift({ machineId: machine.machineId, scaleId: scale.scaleId, before, after, occurredAt: new Date(shift.atMs) })
}
