/** The store's day so far, in figures. */
import { sql } from 'kysely'
import { DateTime } from 'luxon'
import type { StoreDay } from '#contracts/api/store.ts'
import type { Context } from '#server/context.ts'

/** From midnight of the store's time zone. The lists of what waits are short; the rest is read by today's visits. */
export async function readDay({ db, clock, config }: Context): Promise<StoreDay> {
  const since = DateTime.fromJSDate(clock.now(), { zone: config.timeZone }).startOf('day').toJSDate()
  const { rows } = await sql<Omit<StoreDay, 'since'>>`
    WITH today AS MATERIALIZED (SELECT id FROM visit WHERE entered_at >= ${since})
    SELECT
      (SELECT count(*)::int FROM visit WHERE exited_at IS NULL) AS inside,
      (SELECT count(*)::int FROM today) AS visits,
      (SELECT count(*)::int FROM ticket WHERE status = 'TO_BE_REVIEWED') AS tickets_to_review,
      (SELECT count(*)::int FROM ticket WHERE status = 'UNDER_REVIEW') AS tickets_under_review,
      (SELECT count(*)::int FROM today JOIN ticket ON ticket.visit_id = today.id WHERE ticket.status = 'REVIEW_COMPLETE') AS tickets_complete,
      (SELECT count(*)::int FROM ticket WHERE escalation IS NOT NULL) AS tickets_escalated,
      (SELECT count(*)::int FROM contest WHERE closed_at IS NULL) AS visits_contested,
      settled.carts AS carts_settled, settled.total AS total_minor
    FROM (SELECT count(*)::int AS carts, coalesce(sum(cart.total_minor), 0)::float8 AS total
      FROM today JOIN cart ON cart.visit_id = today.id WHERE cart.status = 'SETTLED') AS settled`.execute(db)
  return { since: since.toISOString(), ...rows[0]! }
}
