/** When things may have been picked, as the weight changes and the visit have it: what prices hang on. */
import { sql } from 'kysely'
import type { Db } from '#server/context.ts'
import type { Moments } from './prices.ts'

/** The picks among these weight changes, and the visit: from its login to its logout, or until `now` while it lasts. */
export async function momentsOf(
  db: Db,
  { visitId, weightChangeIds, now }: { visitId: string; weightChangeIds: string[]; now: Date }
): Promise<Moments> {
  const { rows } = await sql<{ id: string | null; since: Date; until: Date | null }>`
    SELECT NULL::uuid AS id, entered_at AS since, exited_at AS until FROM visit WHERE id = ${visitId}
    UNION ALL SELECT id, occurred_from, occurred_at FROM weight_change WHERE id = ANY(${weightChangeIds}::uuid[]) AND status = 'PICKED'`.execute(
    db
  )
  const moments = rows.map(({ id, since, until }) => ({
    id,
    moment: { fromMs: since.getTime(), toMs: (until ?? now).getTime() }
  }))
  const picks = moments.flatMap(({ id, moment }) => (id === null ? [] : [[id, moment] as const]))
  return { picks: new Map(picks), stay: moments.find(({ id }) => id === null)!.moment }
}
