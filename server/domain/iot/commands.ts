/**
 * Commands to machines. sent ──ack ok──▶ acknowledged · ──ack not ok──▶ refused · ──10 s──▶ silent (a late answer still counts).
 * A refusal or silence starts an alarm on the machine; the next acknowledged command of the kind ends it.
 */
import type { DeviceCommand } from '#contracts/api/machines.ts'
import { COMMAND_SILENCE_MS, type CommandName, commandTopic } from '#contracts/device/command.ts'
import { type Actor, type Context, type Tx, transact } from '#server/context.ts'
import { audit, endAlarm, startAlarm } from '#server/domain/staff/actions.ts'
import { databaseError } from '#server/platform/database.ts'
import { NotFound } from '#server/platform/errors.ts'
import { newId } from '#server/platform/ids.ts'
import { intakeOf } from './intakes.ts'
import type { ScaleMemory } from './memory.ts'
import { lockMachine } from './queries.ts'

type Wanted = { machineId: string; command: CommandName; scaleId?: string }

/** Sends a command; what becomes of it is at /commands/{id}. Throws NotFound. */
export async function sendCommand(
  ctx: Context,
  actor: Actor,
  { machineId, command, scaleId }: Wanted
): Promise<{ commandId: string }> {
  const id = newId()
  await transact(
    ctx,
    async (tx) => {
      await lockMachine(tx.db, machineId)
      if (scaleId !== undefined) await knownScale(tx, machineId, scaleId)
      await tx.db
        .insertInto('deviceCommand')
        .values({ id, machineId, command, scaleId: scaleId ?? null, requestedBy: actor.name, requestedAt: tx.now })
        .execute()
      tx.emit('command.sent', { commandId: id, machineId, command })
      await audit(tx, actor, {
        action: `machine.${command}`,
        resource: 'machine',
        resourceId: machineId,
        after: { command, ...(scaleId && { scaleId }) }
      })
    },
    actor
  )
  if (command === 'tare') holdReadings(ctx, { machineId, scaleId: scaleId ?? null }, true)
  const topic = commandTopic(ctx.store.storeId, machineId)
  await ctx.link
    .publish(topic, { id, command, ...(scaleId && { scaleId }) })
    .catch((err: unknown) => ctx.log.warn({ err, machineId }, 'command could not be sent'))
  return { commandId: id }
}

async function knownScale(tx: Tx, machineId: string, scaleId: string): Promise<void> {
  const row = await tx.db
    .selectFrom('scale')
    .select('scaleId')
    .where('machineId', '=', machineId)
    .where('scaleId', '=', scaleId)
    .executeTakeFirst()
  if (!row) throw new NotFound('scale', `${machineId}/${scaleId}`)
}

/**
 * Takes a machine's answer. One that names no waiting command of this machine is ignored: false. The zero that a tare moved is forgotten
 * before the answer is written down, so a crash between leaves a tare that waits, and never a false change.
 */
export async function answerCommand(
  ctx: Context,
  answer: { machineId: string; id: string; ok: boolean; reason: string | null }
): Promise<boolean> {
  const { machineId, id, ok } = answer
  const waiting = ctx.db.selectFrom('deviceCommand').selectAll().where('id', '=', id).where('machineId', '=', machineId)
  const command = await waiting
    .where('status', 'in', ['sent', 'silent'])
    .executeTakeFirst()
    .catch((error: unknown) => Promise.reject(databaseError(error)))
  if (!command) return false
  if (ok && command.command === 'tare') await afterTare(ctx, command)
  const isFirst = await transact(ctx, (tx) => noteAnswer(tx, command.command, answer))
  if (command.command === 'tare') holdReadings(ctx, command, false)
  return isFirst
}

async function noteAnswer(
  tx: Tx,
  command: string,
  { machineId, id, ok, reason }: { machineId: string; id: string; ok: boolean; reason: string | null }
): Promise<boolean> {
  const status = ok ? 'acknowledged' : 'refused'
  const set = { status, reason, answeredAt: tx.now }
  const waiting = tx.db.updateTable('deviceCommand').set(set).where('id', '=', id).where('status', 'in', ['sent', 'silent'])
  const noted = await waiting.executeTakeFirst()
  if (noted.numUpdatedRows === 0n) return false
  tx.emit('command.answered', { commandId: id, machineId, command, status, reason })
  const locked = command === 'lock'
  if (ok && command !== 'tare') await tx.db.updateTable('machine').set({ locked }).where('machineId', '=', machineId).execute()
  const alarm = { kind: alarmKind(command), subject: machineId }
  if (ok) await endAlarm(tx, alarm)
  else await startAlarm(tx, { ...alarm, message: `machine ${machineId} refused to ${command}: ${reason ?? 'no reason given'}` })
  return true
}

/** Commands unanswered for 10 s are silent. Returns how many. */
export async function expireCommands(ctx: Context): Promise<number> {
  const before = new Date(ctx.clock.now().getTime() - COMMAND_SILENCE_MS)
  const waiting = await ctx.db
    .selectFrom('deviceCommand')
    .select('id')
    .where('status', '=', 'sent')
    .where('requestedAt', '<=', before)
    .limit(100)
    .execute()
  if (waiting.length === 0) return 0
  const silent = await transact(ctx, async (tx) => {
    const rows = await tx.db
      .updateTable('deviceCommand')
      .set({ status: 'silent', answeredAt: null })
      .where(
        'id',
        'in',
        waiting.map((row) => row.id)
      )
      .where('status', '=', 'sent')
      .returningAll()
      .execute()
    for (const { id, machineId, command } of rows) {
      tx.emit('command.answered', { commandId: id, machineId, command, status: 'silent', reason: null })
      await startAlarm(tx, {
        kind: alarmKind(command),
        subject: machineId,
        message: `machine ${machineId} did not answer the command to ${command}`
      })
    }
    return rows
  })
  for (const command of silent) if (command.command === 'tare') holdReadings(ctx, command, false)
  return silent.length
}

/** One command. Throws NotFound. */
export async function readCommand(ctx: Context, id: string): Promise<DeviceCommand> {
  const row = await ctx.db.selectFrom('deviceCommand').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) throw new NotFound('command', id)
  return {
    ...row,
    command: row.command as CommandName,
    status: row.status as DeviceCommand['status'],
    requestedAt: row.requestedAt.toISOString(),
    answeredAt: row.answeredAt?.toISOString() ?? null
  }
}

const alarmKind = (command: string) => (command === 'tare' ? 'tare-failed' : 'lock-failed')

/** While a tare is on its way a reading may show the old zero or the new one: none is taken. */
function holdReadings(
  ctx: Context,
  { machineId, scaleId }: { machineId: string; scaleId: string | null },
  isTaring: boolean
): void {
  const machine = intakeOf(ctx).machines.get(machineId)
  for (const scale of machine?.scales.values() ?? []) if (scaleId === null || scale.scaleId === scaleId) scale.isTaring = isTaring
}

/** The zero moved: the next reading is a first one, and no change. A row still pending stands. */
async function afterTare(ctx: Context, { machineId, scaleId }: { machineId: string; scaleId: string | null }): Promise<void> {
  const intake = intakeOf(ctx)
  const isMeant = (scale: ScaleMemory) => scaleId === null || scale.scaleId === scaleId
  await intake.stand((machine, scale) => machine.machineId === machineId && isMeant(scale))
  await intake.write((batch) => {
    const machine = intake.machines.get(machineId)
    for (const scale of machine?.scales.values() ?? []) {
      if (!isMeant(scale)) continue
      scale.taredFromGrams ??= scale.state.weight
      scale.state = { ...scale.state, baseline: null, weight: null, unclaimed: null }
      scale.plateau = null
      batch.scales.set(scale, machine!)
    }
  })
}
