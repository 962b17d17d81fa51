/** The ingest path's only write: one statement, one round trip, one commit, whatever arrived together. Measured in docs/performance.md. */
import pg from 'pg'
import { outliveConnections, type Pool, violates } from '#server/platform/database.ts'
import { Unavailable } from '#server/platform/errors.ts'
import type { Batch } from './batch.ts'
import { PARTS } from './batch-parts.ts'

/** Each row is found by its index, whatever the tables hold: planned once and never again, and right from the first row on. */
const PLANS =
  '-c plan_cache_mode=force_generic_plan -c enable_hashjoin=off -c enable_mergejoin=off -c enable_seqscan=off -c enable_bitmapscan=off'

/** A connection that nobody else uses: transactions that wait for a commit may hold all those of `pool`. */
export function ownConnection({ options }: Pool): Pool {
  const own = new pg.Pool({ ...options, max: 1, allowExitOnIdle: true, options: PLANS })
  outliveConnections(own)
  return own
}

/**
 * Writes a batch durably. Throws what the database said; then nothing of it happened. Unavailable: a message of it is there already, by a
 * commit whose answer was lost; memory is read again, and the message is old when it comes again.
 */
export async function writeBatch(pool: Pool, batch: Batch, now: Date): Promise<void> {
  const filled = PARTS.map((part) => part.values(batch, now))
  const values = filled.flatMap((columns) => columns ?? [])
  if (values.length === 0) return
  try {
    await pool.query({ ...statementOf(filled), values })
  } catch (error) {
    const isThere = violates(error, 'weight_change_message') || violates(error, 'weight_change_device')
    throw isThere ? new Unavailable('an earlier commit of this was still under way', error) : error
  }
}

const statements = new Map<string, { name: string; text: string }>()

/** The statement of the parts that have columns, and its name: a dozen come up in a store's life. */
function statementOf(filled: (unknown[] | null)[]): { name: string; text: string } {
  const name = `batch-${filled.map((columns) => (columns ? 1 : 0)).join('')}`
  const known = statements.get(name)
  if (known) return known
  let before = 0
  const parts = PARTS.flatMap((part, n) => {
    const columns = filled[n]
    if (!columns) return []
    const first = before
    before += columns.length
    return [`${part.name} AS (\n  ${part.sql.replace(/\$(\d+)/g, (_, own: string) => `$${first + Number(own)}`)}\n)`]
  })
  const statement = { name, text: `WITH ${parts.join(', ')}\nSELECT` }
  statements.set(name, statement)
  return statement
}
