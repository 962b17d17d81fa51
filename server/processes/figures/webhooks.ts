/** The figures of webhooks: what waits to be told. What was told is counted where it happens. */
import type { Context } from '#server/context.ts'
import { waitingDeliveries } from '#server/domain/webhook/actions.ts'
import { kept } from './kept.ts'

const QUICK_MS = 10_000

/** Of the endpoints that are enabled. */
export function registerWebhooks(ctx: Context): void {
  const waiting = kept(ctx, QUICK_MS, async () => {
    const { pending, oldestAt } = await waitingDeliveries(ctx.db)
    return { pending, ageSeconds: oldestAt ? Math.max(0, ctx.clock.now().getTime() - oldestAt.getTime()) / 1000 : 0 }
  })
  const figure = (name: string, help: string, value: (known: { pending: number; ageSeconds: number }) => number) =>
    ctx.metrics.gauges({ name: `niflr_webhook_${name}`, help, labelNames: [] }, async () => {
      const known = await waiting()
      return known ? [{ labels: {}, value: value(known) }] : []
    })
  figure('pending', 'Deliveries that wait for webhooks that are enabled', ({ pending }) => pending)
  figure('oldest_pending_seconds', 'How long the oldest of them has waited; 0 when none does', ({ ageSeconds }) => ageSeconds)
}
