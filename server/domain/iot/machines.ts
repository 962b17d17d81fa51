/** Machines as people onboard, change and retire them. Rows first, memory after the commit. */
import { sql } from 'kysely'
import type { Machine, MachineChange, MachineInput, MachineQuery, NewMachine } from '#contracts/api/machines.ts'
import { type Actor, type Context, type Tx, transact } from '#server/context.ts'
import { audit } from '#server/domain/staff/actions.ts'
import { NotFound, Refused } from '#server/platform/errors.ts'
import { hashSecret, newSecret } from '#server/platform/ids.ts'
import { intakeOf } from './intakes.ts'
import { endMachineSession, startMachineSession } from './machine-sessions.ts'
import { loadMachines } from './memory-load.ts'
import { lockMachine, type MachineRow, machineById, machinePage } from './queries.ts'
import { reportsSeldom } from './rules.ts'

const facts = ({ machineId, displayName, kind }: MachineRow) => ({ machineId, displayName, kind })

/** Onboards a machine, or brings a retired one back; its device key is in this answer and never again. Throws Refused `machine-known`. */
export async function addMachine(ctx: Context, actor: Actor, input: MachineInput): Promise<NewMachine> {
  const deviceKey = newSecret('niflr_dev')
  const deviceKeyHash = hashSecret(deviceKey)
  const row = await transact(
    ctx,
    async (tx) => {
      const added = await tx.db
        .insertInto('machine')
        .values({ ...input, deviceKeyHash, createdAt: tx.now })
        .onConflict((c) =>
          c
            .column('machineId')
            .doUpdateSet({
              displayName: input.displayName,
              kind: input.kind,
              deviceKeyHash,
              retiredAt: null,
              version: sql`machine.version + 1`
            })
            .where('machine.retiredAt', 'is not', null)
        )
        .returningAll()
        .executeTakeFirst()
      if (!added)
        throw new Refused('machine-known', `machine ${input.machineId} is onboarded already; rotate its device key instead`)
      await startMachineSession(tx, input.machineId)
      tx.emit('machine.onboarded', { machineId: input.machineId })
      await audit(tx, actor, {
        action: 'machine.onboarded',
        resource: 'machine',
        resourceId: input.machineId,
        after: facts(added)
      })
      return added
    },
    actor
  )
  await welcome(ctx, input.machineId)
  return { ...machineOf(ctx, row, 0), deviceKey }
}

/** Memory learns of a machine: a new one, or one that comes back with its scales. */
async function welcome(ctx: Context, machineId: string): Promise<void> {
  const intake = intakeOf(ctx)
  await intake.commits.exclusive(async () => {
    const { machines, keys } = await loadMachines(ctx, machineId)
    for (const [id, machine] of machines) intake.machines.set(id, machine)
    intake.keys = new Map([...intake.keys, ...keys])
  })
}

/** Changes name or kind. Throws NotFound, Refused `stale-version`. */
export async function changeMachine(
  ctx: Context,
  actor: Actor,
  { machineId, change }: { machineId: string; change: MachineChange }
): Promise<Machine> {
  const { version, ...set } = change
  const row = await transact(
    ctx,
    async (tx) => {
      const before = await lockMachine(tx.db, machineId)
      if (version !== undefined && version !== before.version)
        throw new Refused('stale-version', 'somebody changed this machine since', { version: before.version })
      const after = await update(tx, machineId, set)
      await audit(tx, actor, {
        action: 'machine.changed',
        resource: 'machine',
        resourceId: machineId,
        before: facts(before),
        after: facts(after)
      })
      return after
    },
    actor
  )
  return machineOf(ctx, row)
}

/** Retires a machine: its key ends, its machine session closes, its history stays. Throws NotFound. */
export async function retireMachine(ctx: Context, actor: Actor, machineId: string): Promise<void> {
  const intake = intakeOf(ctx)
  await intake.stand((machine) => machine.machineId === machineId)
  await intake.flush({ withScales: true })
  await intake.commits.exclusive(async () => {
    const row = await transact(
      ctx,
      async (tx) => {
        const before = await lockMachine(tx.db, machineId)
        await update(tx, machineId, { retiredAt: tx.now, online: false })
        await endMachineSession(tx, intake.machines.get(machineId)!)
        await tx.db
          .updateTable('alarm')
          .set({ endedAt: tx.now })
          .where('subject', '=', machineId)
          .where('endedAt', 'is', null)
          .execute()
        tx.emit('machine.retired', { machineId })
        await audit(tx, actor, { action: 'machine.retired', resource: 'machine', resourceId: machineId, before: facts(before) })
        return before
      },
      actor
    )
    intake.keys = without(intake.keys, row)
    intake.machines.delete(machineId)
  })
}

/** A new device key; the old one ends at once. Throws NotFound. */
export async function rotateMachineKey(
  ctx: Context,
  actor: Actor,
  machineId: string
): Promise<{ machineId: string; deviceKey: string }> {
  const deviceKey = newSecret('niflr_dev')
  const before = await transact(
    ctx,
    async (tx) => {
      const known = await lockMachine(tx.db, machineId)
      await update(tx, machineId, { deviceKeyHash: hashSecret(deviceKey) })
      await audit(tx, actor, { action: 'machine.key-rotated', resource: 'machine', resourceId: machineId })
      return known
    },
    actor
  )
  const intake = intakeOf(ctx)
  intake.keys = without(intake.keys, before).set(hashSecret(deviceKey).toString('hex'), machineId)
  return { machineId, deviceKey }
}

const without = (keys: Map<string, string>, { deviceKeyHash }: MachineRow): Map<string, string> => {
  const ended = deviceKeyHash.toString('hex')
  return new Map([...keys].filter(([keyHash]) => keyHash !== ended))
}

/** Reads device keys anew: one may have been rotated on the command line. What was read while a key began or ended here counts for nothing. */
export async function reloadMachineKeys(ctx: Context): Promise<void> {
  const intake = intakeOf(ctx)
  for (let isOld = true; isOld; ) {
    const { keys } = intake
    const rows = await ctx.db
      .selectFrom('machine')
      .select(['machineId', 'deviceKeyHash'])
      .where('retiredAt', 'is', null)
      .execute()
    isOld = intake.keys !== keys
    if (!isOld) intake.keys = new Map(rows.map((row) => [row.deviceKeyHash.toString('hex'), row.machineId]))
  }
}

/** Machines, newest first; retired ones only on request. */
export async function listMachines(ctx: Context, query: MachineQuery) {
  const page = await machinePage(ctx.db, query)
  return { ...page, items: page.items.map((row) => machineOf(ctx, row, row.scaleCount)) }
}

/** One machine, retired or not. Throws NotFound. */
export async function readMachine(ctx: Context, machineId: string): Promise<Machine> {
  const row = await machineById(ctx.db, machineId)
  if (!row) throw new NotFound('machine', machineId)
  return machineOf(ctx, row, row.scaleCount)
}

/** Is this machine onboarded now? Answered from memory. */
export const isOnboarded = (ctx: Context, machineId: string): boolean => intakeOf(ctx).machines.has(machineId)

function machineOf(ctx: Context, row: MachineRow, scaleCount?: number): Machine {
  const memory = intakeOf(ctx).machines.get(row.machineId)
  const heardMs = memory?.lastSeenMs ?? row.lastHeartbeatAt?.getTime() ?? null
  const usualIntervalMs = memory?.usualIntervalMs ? Math.round(memory.usualIntervalMs) : row.usualIntervalMs
  return {
    machineId: row.machineId,
    displayName: row.displayName,
    kind: row.kind as Machine['kind'],
    operationStatus: row.operationStatus,
    online: memory?.isOnline ?? false,
    locked: row.locked,
    lastHeartbeatAt: heardMs === null ? null : new Date(heardMs).toISOString(),
    usualIntervalMs,
    reportsSeldom: reportsSeldom(usualIntervalMs),
    clockOffsetMs:
      memory && memory.clock.slots.length > 0 ? Math.round(Math.min(...memory.clock.slots.map((slot) => slot.offsetMs))) : null,
    scaleCount: memory?.scales.size ?? scaleCount ?? 0,
    createdAt: row.createdAt.toISOString(),
    retiredAt: row.retiredAt?.toISOString() ?? null,
    version: row.version
  }
}

type Changes = { displayName?: string; kind?: string; deviceKeyHash?: Buffer; retiredAt?: Date; online?: boolean }

function update(tx: Tx, machineId: string, changes: Changes): Promise<MachineRow> {
  return tx.db
    .updateTable('machine')
    .set({ ...changes, version: sql`version + 1` })
    .where('machineId', '=', machineId)
    .returningAll()
    .executeTakeFirstOrThrow()
}
