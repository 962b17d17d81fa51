/** Which changes that a machine settled itself are known already: those in the table, and those on their way to it. */
import { databaseError, type Pool } from '#server/platform/database.ts'
import type { MachineMemory } from './memory.ts'

const IDS_KEPT = 1000

/** Was a change of this id taken before? Throws Unavailable. */
export async function isKnownChange(pool: Pool, machine: MachineMemory, deviceChangeId: string): Promise<boolean> {
  if (machine.changeIds.has(deviceChangeId)) return true
  const text = 'SELECT 1 FROM weight_change WHERE machine_id = $1 AND device_change_id = $2'
  try {
    const { rows } = await pool.query({ name: 'known-change', text, values: [machine.machineId, deviceChangeId] })
    return rows.length > 0
  } catch (error) {
    throw databaseError(error)
  }
}

/** Keeps the id of a change that was taken just now: it is in no table yet. */
export function rememberChange(machine: MachineMemory, deviceChangeId: string): void {
  machine.changeIds.add(deviceChangeId)
  if (machine.changeIds.size > IDS_KEPT) machine.changeIds.delete(machine.changeIds.values().next().value!)
}
