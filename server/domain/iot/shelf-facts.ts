/** What inference wants of the shelves over a span of time: changes, shifts below the threshold, and how each scale behaves. */
import { sql } from 'kysely'
import type { Context, Db } from '#server/context.ts'
import { intakeOf } from './intakes.ts'

export type ShelfChangeFact = {
  id: string
  machineId: string
  scaleId: string
  grams: number
  occurredFrom: Date
  occurredAt: Date
  foundLate: boolean
}
export type ShelfShiftFact = { machineId: string; scaleId: string; beforeGrams: number; afterGrams: number; occurredAt: Date }
export type ShelfScaleFact = { machineId: string; scaleId: string; noiseGrams: number }
export type ShelfFacts = {
  changes: ShelfChangeFact[]
  shifts: ShelfShiftFact[]
  scales: ShelfScaleFact[]
  intervals: Map<string, number>
}

/** The facts between two moments, both included, oldest first; `grams` signed. */
export async function shelfFacts(db: Db, { from, to }: { from: Date; to: Date }): Promise<ShelfFacts> {
  const { rows: changes } = await sql<ShelfChangeFact>`
    SELECT id, machine_id, scale_id, CASE status WHEN 'PICKED' THEN -grams ELSE grams END AS grams, occurred_from, occurred_at, found_late
    FROM weight_change WHERE withdrawn_at IS NULL AND occurred_at >= ${from} AND occurred_at <= ${to} ORDER BY occurred_at, id`.execute(
    db
  )
  const shifts = await db
    .selectFrom('faintShift')
    .select(['machineId', 'scaleId', 'beforeGrams', 'afterGrams', 'occurredAt'])
    .where('occurredAt', '>=', from)
    .where('occurredAt', '<=', to)
    .orderBy('occurredAt')
    .orderBy('id')
    .execute()
  const scales = await db.selectFrom('scale').select(['machineId', 'scaleId', 'noiseGrams']).execute()
  const machines = await db.selectFrom('machine').select(['machineId', 'usualIntervalMs']).execute()
  const intervals = new Map(
    machines.flatMap(({ machineId, usualIntervalMs }) => (usualIntervalMs === null ? [] : [[machineId, usualIntervalMs]]))
  )
  return { changes, shifts, scales, intervals: intervals as Map<string, number> }
}

/** How often a machine reports, in milliseconds, as this process knows it; null where it was not heard yet. */
export const usualIntervalOf = (ctx: Context, machineId: string): number | null =>
  intakeOf(ctx).machines.get(machineId)?.usualIntervalMs ?? null

const SHIFTS_KEPT = '30 days'
const BATCH = 5000

/** Forgets shifts that no ticket is inferred from any more, a batch at a time. Returns how many. */
export async function forgetOldShifts({ db, clock }: Context): Promise<number> {
  const { numAffectedRows } = await sql`
    DELETE FROM faint_shift WHERE id IN (SELECT id FROM faint_shift
      WHERE occurred_at < ${clock.now()}::timestamptz - ${SHIFTS_KEPT}::interval ORDER BY occurred_at LIMIT ${BATCH})`.execute(db)
  return Number(numAffectedRows ?? 0n)
}
