/** weight.log: one JSON line for each version of each weight change, as it was committed. */
import type { LoggedChange } from './batch.ts'

/**
 * The line, without its end. `grams` is positive, `status` says the direction; `source` is the message that made this version; a withdrawn
 * version (it was no change after all) has no weights.
 */
export function logLine({ id, machineId, scaleId, version, settled, ...row }: LoggedChange): string {
  const { withdrawn, foundLate, source, grams, before: weightBefore, after: weightAfter } = row
  const status = grams < 0 ? 'PICKED' : 'PLACED'
  const times = { occurredAt: row.occurredAt.toISOString(), receivedAt: row.receivedAt.toISOString() }
  const weights = withdrawn ? { withdrawn } : { status, grams: Math.abs(grams), weightBefore, weightAfter }
  return JSON.stringify({ id, machineId, scaleId, version, ...weights, settled, foundLate, source, ...times })
}
