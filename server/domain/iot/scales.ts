/** Scales: what a machine's heartbeats made of them, live; taking one out of use; thresholds that follow the planogram. */
import { sql } from 'kysely'
import type { Scale } from '#contracts/api/scales.ts'
import { type Actor, type Context, type Tx, transact } from '#server/context.ts'
import { lightestProducts } from '#server/domain/catalog/actions.ts'
import { audit } from '#server/domain/staff/actions.ts'
import { NotFound } from '#server/platform/errors.ts'
import { NEW_SCALE } from './detector.ts'
import { intakeOf } from './intakes.ts'
import { readMachine } from './machines.ts'
import { retune } from './memory.ts'
import { sigmaOf } from './noise.ts'
import { scaleRows } from './queries.ts'

/** The scales of a machine with their live weights. Throws NotFound. */
export async function listScales(ctx: Context, machineId: string): Promise<{ items: Scale[]; nextCursor: null }> {
  await readMachine(ctx, machineId)
  const rows = await scaleRows(ctx.db, machineId)
  const memory = intakeOf(ctx).machines.get(machineId)?.scales
  const items = rows.map((row): Scale => {
    const scale = memory?.get(row.scaleId)
    const state = scale?.state ?? {
      weight: row.weightGrams,
      baseline: row.baselineGrams,
      readAtMs: row.lastReadingAt?.getTime() ?? null
    }
    return {
      machineId,
      scaleId: row.scaleId,
      weightGrams: state.weight,
      baselineGrams: state.baseline === null ? null : Math.round(state.baseline),
      noiseGrams: Math.round((scale ? sigmaOf(scale.state.noise) : row.noiseGrams) * 100) / 100,
      thresholdGrams: scale?.thresholdGrams ?? row.thresholdGrams,
      lastReadingAt: state.readAtMs === null ? null : new Date(state.readAtMs).toISOString(),
      lastChangeAt: row.lastChangeAt?.toISOString() ?? null,
      disabled: row.disabledAt !== null
    }
  })
  return { items, nextCursor: null }
}

type Use = { machineId: string; scaleId: string; disabled: boolean }

/** Takes a scale out of use, or back into it: its next reading is then its first. A change still unsettled stands. Throws NotFound. */
export async function changeScale(ctx: Context, actor: Actor, use: Use): Promise<Scale> {
  const { machineId, scaleId, disabled } = use
  const intake = intakeOf(ctx)
  await intake.stand((machine, scale) => machine.machineId === machineId && scale.scaleId === scaleId)
  await intake.commits.exclusive(async () => {
    const scale = intake.machines.get(machineId)?.scales.get(scaleId)
    const isBack = scale?.isDisabled && !disabled
    const fresh = isBack ? { taredFromGrams: scale.state.weight, state: { ...NEW_SCALE, noise: scale.state.noise } } : {}
    await transact(ctx, (tx) => noteUse(tx, actor, { ...use, fresh }), actor)
    if (scale) Object.assign(scale, fresh, { isDisabled: disabled })
  })
  const { items } = await listScales(ctx, machineId)
  return items.find((scale) => scale.scaleId === scaleId)!
}

/** `fresh`: what the scale's detector forgets, in the same transaction, so that a restart finds no change either. */
async function noteUse(tx: Tx, actor: Actor, { machineId, scaleId, disabled, fresh }: Use & { fresh: object }): Promise<void> {
  const detector = sql<string>`detector || ${JSON.stringify(fresh)}::jsonb`
  const set = { disabledAt: disabled ? tx.now : null, detector }
  const scale = tx.db.updateTable('scale').set(set).where('machineId', '=', machineId).where('scaleId', '=', scaleId)
  if (!(await scale.returning('scaleId').executeTakeFirst())) throw new NotFound('scale', `${machineId}/${scaleId}`)
  const action = disabled ? 'scale.disabled' : 'scale.enabled'
  await audit(tx, actor, { action, resource: 'scale', resourceId: `${machineId}/${scaleId}`, after: { disabled } })
}

/** Thresholds follow the planogram and the products' weights: call after either changed. */
export async function refreshThresholds(ctx: Context, machineIds?: string[]): Promise<void> {
  for (const machine of intakeOf(ctx).machines.values()) {
    if (machineIds && !machineIds.includes(machine.machineId)) continue
    machine.lightest = await lightestProducts(ctx.db, machine.machineId)
    for (const scale of machine.scales.values()) {
      scale.lightestGrams = machine.lightest.get(scale.scaleId) ?? null
      retune(scale, ctx.config.changeThresholdGrams)
    }
  }
}
