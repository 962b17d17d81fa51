/** Reads what is remembered of every onboarded machine from the database: at the start, and after a commit that failed. */
import { sql } from 'kysely'
import type { Context, Db } from '#server/context.ts'
import { lightestProducts } from '#server/domain/catalog/actions.ts'
import { databaseError } from '#server/platform/database.ts'
import { NEW_SCALE, type ScaleState } from './detector.ts'
import { type Boundary, type MachineMemory, newMachine, newScale, retune } from './memory.ts'

/** What a scale's column `detector` keeps. */
type Stored = { state?: ScaleState; boundaries?: Boundary[]; taredFromGrams?: number | null }

/** Machines (or the one of `machineId`) by id and device keys by the hex of their hash. Throws Unavailable. */
export async function loadMachines(
  ctx: Context,
  machineId?: string
): Promise<{ machines: Map<string, MachineMemory>; keys: Map<string, string> }> {
  try {
    const rows = await selectMachines(ctx.db, machineId)
    const machines = new Map(rows.map((row) => [row.machineId, remember(ctx, row)]))
    for (const machine of machines.values()) machine.lightest = await lightestProducts(ctx.db, machine.machineId)
    await loadScales(ctx, machines, machineId)
    await holdTares(ctx.db, machines)
    return { machines, keys: new Map(rows.map((row) => [row.deviceKeyHash.toString('hex'), row.machineId])) }
  } catch (error) {
    throw databaseError(error)
  }
}

function selectMachines(db: Db, machineId?: string) {
  return db
    .selectFrom('machine')
    .innerJoin('machineSession', (join) =>
      join.onRef('machineSession.machineId', '=', 'machine.machineId').on('machineSession.endedAt', 'is', null)
    )
    .selectAll('machine')
    .select(['machineSession.id as sessionId', 'machineSession.startedAt'])
    .select(
      sql<boolean>`EXISTS (SELECT FROM alarm WHERE kind = 'machine-offline' AND subject = machine.machine_id AND ended_at IS NULL)`.as(
        'isAlarmed'
      )
    )
    .where('machine.retiredAt', 'is', null)
    .$if(machineId !== undefined, (query) => query.where('machine.machineId', '=', machineId!))
    .execute()
}
type MachineRow = Awaited<ReturnType<typeof selectMachines>>[number]

function remember(ctx: Context, row: MachineRow): MachineMemory {
  const startedMs = row.startedAt.getTime()
  const monoMs = ctx.clock.monotonicMs()
  const elapsedMs = Math.max(0, ctx.clock.now().getTime() - startedMs)
  return {
    ...newMachine(row.machineId, { sessionId: row.sessionId, startedMs, listeningMonoMs: monoMs }),
    sessionStartedMonoMs: monoMs - elapsedMs,
    sequence: { bootId: row.bootId, pastBootIds: row.pastBootIds, epoch: row.bootEpoch, lastSeq: row.lastSeq },
    clock: { lastDeviceMs: row.lastDeviceAt?.getTime() ?? null, slots: [] },
    usualIntervalMs: row.usualIntervalMs,
    lastSeenMs: row.lastHeartbeatAt?.getTime() ?? null,
    isOnline: row.online,
    isAlarmed: row.isAlarmed
  }
}

async function loadScales({ db, config }: Context, machines: Map<string, MachineMemory>, machineId?: string): Promise<void> {
  const scales = db.selectFrom('scale').selectAll()
  for (const row of await (machineId === undefined ? scales : scales.where('machineId', '=', machineId)).execute()) {
    const machine = machines.get(row.machineId)
    if (!machine) continue
    const scale = newScale(machine, row.scaleId, config.changeThresholdGrams)
    const { state, boundaries, taredFromGrams } = row.detector as Stored
    scale.state = { ...NEW_SCALE, ...state }
    scale.boundaries = boundaries ?? []
    scale.taredFromGrams = taredFromGrams ?? null
    scale.isDisabled = row.disabledAt !== null
    scale.isStored = true
    retune(scale, config.changeThresholdGrams)
    machine.scales.set(row.scaleId, scale)
  }
}

/** A tare that waits for its answer: until then readings of its scales say nothing. */
async function holdTares(db: Db, machines: Map<string, MachineMemory>): Promise<void> {
  const waiting = db.selectFrom('deviceCommand').select(['machineId', 'scaleId']).where('status', '=', 'sent')
  for (const { machineId, scaleId } of await waiting.where('command', '=', 'tare').execute())
    for (const scale of machines.get(machineId)?.scales.values() ?? [])
      if (scaleId === null || scale.scaleId === scaleId) scale.isTaring = true
}
