/** Movements as rows: written anew whenever they are inferred again, each recognised by its anchor so that its id stays. */
import { sql } from 'kysely'
import type { Db, Tx } from '#server/context.ts'
import { newId } from '#server/platform/ids.ts'
import type { Step } from './shelf-steps.ts'
import { anchorKey, type Inferred } from './verdict.ts'

export type Span = { from: Date; to: Date }
export type LookedAt = Pick<Step, 'changeId' | 'grams'>

/**
 * Replaces what was inferred over a span by what is inferred now, and notes every change that was looked at, as it was then. Returns the
 * visits and machines for which that is news.
 */
export async function replaceMovements(
  tx: Tx,
  span: Span,
  { movements, visitIds, changes }: { movements: Inferred[]; visitIds: string[]; changes: { id: string; grams: number }[] }
): Promise<{ visitIds: string[]; machineIds: string[] }> {
  const rows = asRows(movements, visitIds)
  const anchors = rows.map((row) => row.anchor)
  const { rows: gone } = await sql<Touched>`
    DELETE FROM movement WHERE occurred_at >= ${span.from} AND occurred_at <= ${span.to} AND anchor <> ALL(${anchors}::text[])
    RETURNING visit_id AS "was", visit_id, machine_id`.execute(tx.db)
  const written = rows.length === 0 ? [] : await upsert(tx.db, rows)
  await noteChanges(tx.db, rows, changes)
  const news = [...gone, ...written]
  const ids = new Set(news.flatMap(({ was, visitId }) => [was, visitId]).filter((id) => id !== null))
  return { visitIds: [...ids], machineIds: [...new Set(news.map((row) => row.machineId))] }
}
type Touched = { was: string | null; visitId: string | null; machineId: string }

function asRows(movements: Inferred[], visitIds: string[]) {
  const seen = new Map<string, number>()
  return movements.map((movement) => {
    const key = anchorKey(movement)
    const nth = seen.get(key) ?? 0
    seen.set(key, nth + 1)
    const { owner, fromMs, atMs, isLying, changeIds, grams, ...rest } = movement
    const most = owner.indexOf(Math.max(...owner))
    return {
      ...{ id: newId(), anchor: nth === 0 ? key : `${key}#${nth}`, changeIds },
      ...{ machineId: rest.machineId, productId: rest.productId, quantity: rest.quantity, returned: rest.returned },
      visitId: owner[most]! > 0 ? visitIds[most]! : null,
      shares: Object.fromEntries(owner.flatMap((share, n) => (share > 0 ? [[visitIds[n]!, round(share)]] : []))),
      grams: Math.round(grams),
      confidence: round(rest.confidence),
      candidates: rest.candidates.map((candidate) => ({ ...candidate, confidence: round(candidate.confidence) })),
      ...{ reasons: rest.reasons, scaleIds: rest.scaleIds, place: rest.place, lying: isLying },
      unitGrams: Math.abs(grams / rest.quantity),
      occurredFrom: new Date(Math.min(fromMs, atMs)).toISOString(),
      occurredAt: new Date(atMs).toISOString()
    }
  })
}
type Row = ReturnType<typeof asRows>[number]
const round = (share: number) => Math.round(Math.min(1, Math.max(0, share)) * 10_000) / 10_000

/** A row that says what it said before stays as it is, and is no news. */
async function upsert(db: Db, rows: Row[]): Promise<Touched[]> {
  const { rows: written } = await sql<Touched>`
    WITH news AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS news (id uuid, anchor text, "machineId" text, "visitId" uuid, "productId" uuid,
        quantity integer, returned integer, grams integer, "occurredFrom" timestamptz, "occurredAt" timestamptz, confidence double precision,
        shares jsonb, candidates jsonb, reasons text[], "scaleIds" text[], place double precision, "unitGrams" double precision, lying boolean)),
    before AS (SELECT movement.* FROM movement JOIN news ON news.anchor = movement.anchor),
    written AS (
      INSERT INTO movement (id, anchor, machine_id, visit_id, product_id, quantity, returned, grams, occurred_from, occurred_at, confidence,
        shares, candidates, reasons, scale_ids, place, unit_grams, lying)
      SELECT id, anchor, "machineId", "visitId", "productId", quantity, returned, grams, "occurredFrom", "occurredAt", confidence,
        shares, candidates, reasons, "scaleIds", place, "unitGrams", lying FROM news
      ON CONFLICT (anchor) DO UPDATE SET visit_id = excluded.visit_id, product_id = excluded.product_id, quantity = excluded.quantity,
        returned = excluded.returned, grams = excluded.grams, occurred_from = excluded.occurred_from, occurred_at = excluded.occurred_at,
        confidence = excluded.confidence, shares = excluded.shares, candidates = excluded.candidates, reasons = excluded.reasons,
        scale_ids = excluded.scale_ids, place = excluded.place, unit_grams = excluded.unit_grams, lying = excluded.lying,
        version = movement.version + 1
      WHERE (movement.visit_id, movement.product_id, movement.quantity, movement.returned, movement.grams, movement.confidence,
          movement.shares, movement.candidates, movement.reasons, movement.lying, movement.occurred_at)
        IS DISTINCT FROM (excluded.visit_id, excluded.product_id, excluded.quantity, excluded.returned, excluded.grams, excluded.confidence,
          excluded.shares, excluded.candidates, excluded.reasons, excluded.lying, excluded.occurred_at)
      RETURNING anchor, visit_id, machine_id)
    SELECT before.visit_id AS was, written.visit_id, written.machine_id FROM written LEFT JOIN before USING (anchor)`.execute(db)
  return written
}

async function noteChanges(db: Db, rows: Row[], changes: { id: string; grams: number }[]): Promise<void> {
  if (changes.length === 0) return
  const grams = new Map(changes.map((change) => [change.id, change.grams]))
  const named = rows.flatMap((row) => row.changeIds.filter((id) => grams.has(id)).map((id) => ({ id, anchor: row.anchor })))
  const explained = new Set(named.map(({ id }) => id))
  const noted = [...named, ...changes.filter(({ id }) => !explained.has(id)).map(({ id }) => ({ id, anchor: null }))]
  await sql`DELETE FROM movement_weight_change WHERE weight_change_id = ANY(${changes.map(({ id }) => id)}::uuid[])`.execute(db)
  await sql`
    INSERT INTO movement_weight_change (weight_change_id, movement_id, grams)
    SELECT DISTINCT noted.id, movement.id, noted.grams
    FROM unnest(${noted.map(({ id }) => id)}::uuid[], ${noted.map(({ anchor }) => anchor)}::text[], ${noted.map(({ id }) => grams.get(id)!)}::int[])
      AS noted (id, anchor, grams)
    LEFT JOIN movement ON movement.anchor = noted.anchor`.execute(db)
}

export type Lying = { id: string; machineId: string; productId: string; place: number; unitGrams: number; quantity: number }

/** What was put down in a wrong place before a moment, and since another, and lay there still when that moment came. */
export async function lyingBefore(db: Db, { before, since }: { before: Date; since: Date }): Promise<Lying[]> {
  const rows = await db
    .selectFrom('movement')
    .select(['id', 'machineId', 'productId', 'place', 'unitGrams', 'quantity'])
    .where('lying', '=', true)
    .where('occurredAt', '<', before)
    .where('occurredAt', '>', since)
    .where((e) => e.or([e('takenAt', 'is', null), e('takenAt', '>=', before)]))
    .orderBy('occurredAt')
    .execute()
  return rows.flatMap((row) => (row.productId === null ? [] : [{ ...row, productId: row.productId }]))
}

/** Of what lay there at `from`, just these have been taken since. */
export async function takeAway(tx: Tx, ids: string[], from: Date): Promise<void> {
  await sql`
    UPDATE movement SET taken_at = CASE WHEN id = ANY(${ids}::uuid[]) THEN ${from}::timestamptz END
    WHERE lying AND occurred_at < ${from} AND (taken_at IS NULL OR taken_at >= ${from})
      AND (id = ANY(${ids}::uuid[])) IS DISTINCT FROM (taken_at IS NOT NULL)`.execute(tx.db)
}
