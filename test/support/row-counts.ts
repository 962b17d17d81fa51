/** How many rows each table has: what a refused message must not change. */
import type { Pool } from '#server/platform/database.ts'

/** Kept by the box for itself: they tell of requests, not of what the shop knows. */
const OWN_BOOKS = ['job_run', 'login_throttle', 'idempotency_key']

/** What the box writes by itself, too: a command that nobody acknowledged, a machine that fell silent, a machine session that was due. */
export const BY_ITSELF = ['alarm', 'event_log', 'machine_session', 'machine_session_scale']

/** Table → rows. */
export async function rowCounts(pool: Pick<Pool, 'query'>): Promise<Record<string, number>> {
  const { rows: tables } = await pool.query<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> ALL($1) ORDER BY 1",
    [OWN_BOOKS]
  )
  const counts = tables.map(({ name }) => `SELECT '${name}' AS name, count(*)::int AS count FROM "${name}"`).join(' UNION ALL ')
  const { rows } = await pool.query<{ name: string; count: number }>(counts)
  return Object.fromEntries(rows.map(({ name, count }) => [name, count]))
}
