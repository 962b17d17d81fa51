/** Who was inside when, and since when somebody was: a stretch of time over which the store was never empty. */
import { sql } from 'kysely'
import type { UserRole } from '#contracts/api/store.ts'
import type { Db } from '#server/context.ts'

export type VisitStay = { visitId: string; role: UserRole; enteredAt: Date; exitedAt: Date | null; entryScannerId: string | null }

const MOST_ROUNDS = 50

/**
 * The visits around a span of time, first entered first: those open in it, those open in theirs, and so on. Who came more than `longestMs`
 * ahead of it left without a code or stays for the day: one of the visits, but no reason to look further back. Empty when nobody was inside.
 */
export async function staysAround(
  db: Db,
  { from, to, longestMs }: { from: Date; to: Date; longestMs: number }
): Promise<{ stays: VisitStay[]; from: Date; to: Date }> {
  const earliest = new Date(from.getTime() - longestMs)
  let since = from
  let until = to
  for (let round = 0; ; round++) {
    const { rows: stays } = await sql<VisitStay>`
      SELECT id AS visit_id, role, entered_at, exited_at, entry_scanner_id FROM visit
      WHERE tstzrange(entered_at, exited_at, '[]') && tstzrange(${since}, ${until}, '[]') ORDER BY entered_at, id`.execute(db)
    const first = stays.reduce((least, { enteredAt }) => (enteredAt < least && enteredAt >= earliest ? enteredAt : least), since)
    const last = stays.reduce((most, { exitedAt }) => (exitedAt && exitedAt > most ? exitedAt : most), until)
    if ((first >= since && last <= until) || round === MOST_ROUNDS) return { stays, from: since, to: until }
    since = first
    until = last
  }
}

/** Was anybody inside at any moment of this span? */
export async function wasAnybodyInside(db: Db, { from, to }: { from: Date; to: Date }): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`
    SELECT EXISTS (SELECT FROM visit WHERE tstzrange(entered_at, exited_at, '[]') && tstzrange(${from}, ${to}, '[]')) AS found`.execute(
    db
  )
  return rows[0]!.found
}

/** When the store was last refilled or serviced: what lay in the wrong place then has been put right. Null: never. */
export async function lastRefillAt(db: Db): Promise<Date | null> {
  const row = await db
    .selectFrom('storeModeChange')
    .select('at')
    .where('toMode', '=', 'REFILLMENT_MODE')
    .orderBy('at', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.at ?? null
}
