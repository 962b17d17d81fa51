/** A reading that is kept for a while, so that asking often costs little. */
import type { Context } from '#server/context.ts'

const RETRY_MS = 1000

/** One reading for all who ask within `keepMs`; null while it fails, tried again soon. One scrape never gets two of them. */
export function kept<T>(ctx: Context, keepMs: number, read: (ctx: Context) => Promise<T>): () => Promise<T | null> {
  let until = Number.NEGATIVE_INFINITY
  let value: Promise<T | null> = Promise.resolve(null)
  return () => {
    if (ctx.metrics.askedAtMs() < until) return value
    until = Number.POSITIVE_INFINITY // who asks meanwhile gets the same answer
    value = read(ctx).then(
      (known) => {
        until = performance.now() + keepMs
        return known
      },
      (err: unknown) => {
        ctx.log.debug({ err }, 'figures cannot be read now')
        until = performance.now() + RETRY_MS
        return null
      }
    )
    return value
  }
}
