/** The heartbeat watchdog: a machine silent for three of its usual intervals (at least 10 s) is offline; its next message brings it back. */
import { type Context, transact } from '#server/context.ts'
import { endAlarm, startAlarm } from '#server/domain/staff/actions.ts'
import { intakeOf } from './intakes.ts'
import type { MachineMemory } from './memory.ts'
import { silenceAllowedMs } from './rules.ts'

const KIND = 'machine-offline'
const FLUSH_EVERY_MS = 5000
const FLUSH_SCALES_EVERY_MS = 30_000
const flushed = new WeakMap<Context, { machinesMs: number; scalesMs: number }>()

/** Finds machines that fell silent and ends the alarms of those that are back. Returns how many changed. */
export async function watchMachines(ctx: Context): Promise<number> {
  const intake = intakeOf(ctx)
  await intake.commits.ready()
  const all = [...intake.machines.values()]
  const lost = all.filter((machine) => machine.isOnline && isSilent(ctx, machine))
  const back = all.filter((machine) => machine.isOnline && machine.isAlarmed && !lost.includes(machine))
  if (lost.length > 0) await declareOffline(ctx, lost)
  if (back.length > 0) await endAlarms(ctx, back)
  await flush(ctx)
  return lost.length + back.length
}

/** The broker says that a machine's connection is gone (its last will): no need to wait for the silence. */
export async function machineLost(ctx: Context, machineId: string): Promise<void> {
  const machine = intakeOf(ctx).machines.get(machineId)
  if (machine?.isOnline) await declareOffline(ctx, [machine])
}

/** When the machine was last heard, by the box's wall clock; null: never. */
export function lastHeardAt(ctx: Context, machineId: string): Date | null {
  const heardMs = intakeOf(ctx).machines.get(machineId)?.lastSeenMs ?? null
  return heardMs === null ? null : new Date(heardMs)
}

export const isMachineOnline = (ctx: Context, machineId: string): boolean =>
  intakeOf(ctx).machines.get(machineId)?.isOnline ?? false

/** By the clock that does not jump, and only as long as this process listens: what was sent while the box was down, it could not hear. */
function isSilent(ctx: Context, { lastSeenMonoMs, listeningMonoMs, usualIntervalMs }: MachineMemory): boolean {
  return ctx.clock.monotonicMs() - (lastSeenMonoMs ?? listeningMonoMs) >= silenceAllowedMs(usualIntervalMs)
}

async function declareOffline(ctx: Context, machines: MachineMemory[]): Promise<void> {
  await transact(ctx, async (tx) => {
    const ids = machines.map((machine) => machine.machineId)
    await tx.db.updateTable('machine').set({ online: false }).where('machineId', 'in', ids).execute()
    for (const { machineId, lastSeenMs } of machines) {
      tx.emit('machine.offline', { machineId, lastHeartbeatAt: lastSeenMs === null ? null : new Date(lastSeenMs).toISOString() })
      await startAlarm(tx, {
        kind: KIND,
        subject: machineId,
        message: `machine ${machineId} is silent: check its power and network`
      })
    }
  })
  for (const machine of machines) Object.assign(machine, { isOnline: false, isAlarmed: true })
}

async function endAlarms(ctx: Context, machines: MachineMemory[]): Promise<void> {
  await transact(ctx, async (tx) => {
    for (const { machineId } of machines) await endAlarm(tx, { kind: KIND, subject: machineId })
  })
  for (const machine of machines) machine.isAlarmed = false
}

async function flush(ctx: Context): Promise<void> {
  const nowMs = ctx.clock.monotonicMs()
  const last = flushed.get(ctx) ?? { machinesMs: 0, scalesMs: 0 }
  if (nowMs - last.machinesMs < FLUSH_EVERY_MS) return
  const withScales = nowMs - last.scalesMs >= FLUSH_SCALES_EVERY_MS
  flushed.set(ctx, { machinesMs: nowMs, scalesMs: withScales ? nowMs : last.scalesMs })
  await intakeOf(ctx).flush({ withScales })
}
