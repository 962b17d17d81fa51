/** weight.log: one JSON line for each version of each weight change, as it was committed. */
import type { ChangeUpdate } from './batch.ts'

/** The line, without its end. `grams` positive, `status` says the direction; a withdrawn version has neither. */
export function logLine(row: ChangeUpdate): string {
  const { id, machineId, scaleId, version, settled, withdrawn } = row
  if (withdrawn) return JSON.stringify({ id, machineId, scaleId, version, settled, withdrawn })
  const status = row.grams < 0 ? 'PICKED' : 'PLACED'
  return JSON.stringify({ id, machineId, scaleId, status, grams: Math.abs(row.grams), weightBefore: row.before, weightAfter: row.after, settled, version })
}
