/** Is the store ready: do sign-in, doors and ingest work? What is missing beside them is degraded, not a failure. */
import type { Context } from '#server/context.ts'

/** The check behind /readyz. */
export const readiness =
  (ctx: Context, mqtt: { isConnected: () => boolean }, others: { degraded: () => string[] }[]) => async () => {
    const database = await ctx.pool.query('SELECT 1').then(
      () => 'ok',
      (error: Error) => error.message
    )
    const degraded = [
      ...(mqtt.isConnected() ? [] : ['mqtt: not connected to the broker']),
      ...(ctx.config.allowAnonymousDevices ? ['devices: anonymous heartbeats are taken'] : []),
      ...others.flatMap((other) => other.degraded())
    ]
    return { ok: database === 'ok', checks: { database }, degraded }
  }
