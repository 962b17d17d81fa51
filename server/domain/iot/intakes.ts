/** One intake for each context: the room's own memory, found again by whoever holds the context. */
import { join } from 'node:path'
import type { Context } from '#server/context.ts'
import { hashSecret } from '#server/platform/ids.ts'
import { LogFile } from '#server/platform/log-file.ts'
import { Intake } from './intake.ts'

const intakes = new WeakMap<Context, Intake>()

/** The context's intake; made at first use. */
export function intakeOf(ctx: Context): Intake {
  const known = intakes.get(ctx)
  if (known) return known
  const path = join(ctx.config.dataDir, 'logs', 'weight.log')
  const log = new LogFile({ path, onError: (err) => ctx.log.warn({ err }, 'weight.log cannot be written') })
  ctx.metrics.gauge(
    'niflr_weight_log_dropped_lines',
    'Lines that weight.log had no space for, since the start',
    () => log.dropped
  )
  const intake = new Intake(ctx, log)
  intakes.set(ctx, intake)
  return intake
}

/** Reads memory; returns the way to stop: what was taken is finished, what is only remembered is written down. */
export async function openShelves(ctx: Context): Promise<() => Promise<void>> {
  const intake = intakeOf(ctx)
  await intake.commits.ready()
  return () => intake.stop()
}

/** Whose device key is this? Null for nobody's. */
export const machineByKey = (ctx: Context, key: string): { machineId: string } | null =>
  machineByKeyHash(ctx, hashSecret(key).toString('hex'))

/** As machineByKey, for who keeps a key's SHA-256 (hex) rather than the key. */
export function machineByKeyHash(ctx: Context, keyHash: string): { machineId: string } | null {
  const machineId = intakeOf(ctx).keys.get(keyHash)
  return machineId === undefined ? null : { machineId }
}
