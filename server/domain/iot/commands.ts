/**
 * Commands to machines. sent ──ack ok──▶ acknowledged · ──ack not ok──▶ refused · ──10 s──▶ silent (a late answer still counts).
 * A refusal or silence starts an alarm on the machine; the next acknowledged command of the kind ends it.
 */
import type { DeviceCommand } from '#contracts/api/machines.ts'
import { COMMAND_SILENCE_MS, type CommandName, commandTopic } from '#contracts/device/command.ts'
import { type Actor, type Context, type Tx, transact } from '#server/context.ts'
import { audit } from '#server/domain/staff/actions.ts'
import { NotFound } from '#server/platform/errors.ts'
import { newId } from '#server/platform/ids.ts'
import { endAlarm, startAlarm } from './alarms.ts'
import { stand } from './detector.ts'
import { intakeOf } from './intakes.ts'
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
  if (command === 'tare') await holdReadings(ctx, { machineId, ...(scaleId && { scaleId }) }, true)
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

/** Takes a machine's answer. One that names no waiting command of this machine is ignored: false. */
export async function answerCommand(
  ctx: Context,
  { machineId, id, ok, reason }: { machineId: string; id: string; ok: boolean; reason: string | null }
): Promise<boolean> {
  const status = ok ? 'acknowledged' : 'refused'
  const command = await transact(ctx, async (tx) => {
    const row = await tx.db
      .updateTable('deviceCommand')
      .set({ status, reason, answeredAt: tx.now })
      .where('id', '=', id)
      .where('machineId', '=', machineId)
      .where('status', 'in', ['sent', 'silent'])
      .returningAll()
      .executeTakeFirst()
    if (!row) return null
    tx.emit('command.answered', { commandId: id, machineId, command: row.command, status, reason })
    if (ok && row.command !== 'tare')
      await tx.db
        .updateTable('machine')
        .set({ locked: row.command === 'lock' })
        .where('machineId', '=', machineId)
        .execute()
    if (ok) await endAlarm(tx, { kind: alarmKind(row.command), subject: machineId })
    else
      await startAlarm(tx, {
        kind: alarmKind(row.command),
        subject: machineId,
        message: `machine ${machineId} refused to ${row.command}: ${reason ?? 'no reason given'}`
      })
    return row
  })
  if (command?.command === 'tare') await afterTare(ctx, { machineId, ok, ...(command.scaleId && { scaleId: command.scaleId }) })
  return command !== null
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
  for (const { machineId, command, scaleId } of silent)
    if (command === 'tare') await holdReadings(ctx, { machineId, ...(scaleId && { scaleId }) }, false)
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
async function holdReadings(
  ctx: Context,
  { machineId, scaleId }: { machineId: string; scaleId?: string },
  isTaring: boolean
): Promise<void> {
  const machine = intakeOf(ctx).machines.get(machineId)
  for (const scale of machine?.scales.values() ?? [])
    if (scaleId === undefined || scale.scaleId === scaleId) scale.isTaring = isTaring
}

/** The zero moved: the next reading is a first one, and no change. A row still pending stands. */
async function afterTare(
  ctx: Context,
  { machineId, scaleId, ok }: { machineId: string; scaleId?: string; ok: boolean }
): Promise<void> {
  const intake = intakeOf(ctx)
  const machine = intake.machines.get(machineId)
  if (!machine) return
  await intake.write((batch) => {
    for (const scale of machine.scales.values()) {
      if (scaleId !== undefined && scale.scaleId !== scaleId) continue
      scale.isTaring = false
      if (!ok) continue
      const { state, effects } = stand(scale.state)
      for (const effect of effects)
        batch.add(effect, {
          machine,
          scale,
          source: 'heartbeat',
          receivedMs: ctx.clock.now().getTime(),
          seq: null,
          deviceChangeId: null
        })
      scale.taredFromGrams = state.weight
      scale.state = { ...state, baseline: null, weight: null, unclaimed: null }
      scale.plateau = null
      batch.scales.set(scale, machine)
    }
  })
}
