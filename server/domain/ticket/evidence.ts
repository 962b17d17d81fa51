/**
 * A ticket's evidence as it lies in the weight changes now: those in its window, and those found late whose span reaches into it.
 * The two are separate branches so that each has its index (weight_change_machine, weight_change_late) among ten million rows.
 */
import { sql } from 'kysely'
import type { TicketWeightChange } from '#contracts/api/tickets.ts'
import type { Db } from '#server/context.ts'
import type { Evidence } from './rules.ts'

export type Window = { machineId: string; windowStart: Date; windowEnd: Date }
export type EvidenceRow = Omit<TicketWeightChange, 'visitIds' | 'roles' | 'occurredAt' | 'occurredFrom' | 'receivedAt'> & {
  ticketId: string
  occurredAt: Date
  occurredFrom: Date
  receivedAt: Date
}

/** Joins after a `ticket` with machine_id, window_start and window_end, as `change`. */
const EVIDENCE = sql`LATERAL (
  SELECT * FROM weight_change AS inside
  WHERE inside.machine_id = ticket.machine_id AND inside.withdrawn_at IS NULL
    AND inside.occurred_at >= ticket.window_start AND inside.occurred_at <= ticket.window_end
  UNION ALL
  SELECT * FROM weight_change AS late
  WHERE late.machine_id = ticket.machine_id AND late.withdrawn_at IS NULL AND late.found_late
    AND tstzrange(late.occurred_from, late.occurred_at, '[]') && tstzrange(ticket.window_start, ticket.window_end, '[]')
    AND late.occurred_at > ticket.window_end) AS change`

/** What `known` holds of each change: its id and signed grams. */
export const FINGERPRINT = sql`(
  SELECT coalesce(jsonb_object_agg(change.id, CASE change.status WHEN 'PICKED' THEN -change.grams ELSE change.grams END), '{}')
  FROM ${EVIDENCE})`

/** The evidence of these tickets as it is now, in the form in which a ticket remembers it. */
export async function currentEvidence(db: Db, ticketIds: string[]): Promise<Map<string, Evidence>> {
  const { rows } = await sql<{ id: string; evidence: Evidence }>`
    SELECT ticket.id, ${FINGERPRINT} AS evidence FROM ticket WHERE ticket.id = ANY(${ticketIds}::uuid[])`.execute(db)
  return new Map(rows.map((row) => [row.id, row.evidence]))
}

/**
 * The weight changes of many tickets in one query, in the order in which they happened. Who billed one is looked up for each: how many
 * changes a window holds cannot be known beforehand, and a join over years of them was planned as a scan of everything ever billed.
 */
export async function evidenceRows(db: Db, ticketIds: string[]): Promise<EvidenceRow[]> {
  const { rows } = await sql<EvidenceRow>`
    SELECT ticket.id AS "ticketId", change.id, change.machine_id AS "machineId", change.scale_id AS "scaleId", change.status, change.grams,
      change.weight_before AS "weightBefore", change.weight_after AS "weightAfter", change.occurred_at AS "occurredAt",
      change.occurred_from AS "occurredFrom", change.received_at AS "receivedAt", change.machine_session_id AS "machineSessionId",
      change.source, change.settled, change.version, change.found_late AS "foundLate",
      (SELECT looked.movement_id FROM movement_weight_change AS looked WHERE looked.weight_change_id = change.id LIMIT 1) AS "movementId",
      (SELECT billed.ticket_id FROM billed_weight_change AS billed WHERE billed.weight_change_id = change.id) AS "billedTicketId",
      (SELECT assigned.visit_id FROM assigned_weight_change AS assigned WHERE assigned.weight_change_id = change.id) AS "assignedVisitId"
    FROM ticket CROSS JOIN ${EVIDENCE}
    WHERE ticket.id = ANY(${ticketIds}::uuid[]) ORDER BY change.occurred_at, change.id`.execute(db.withoutPlugins())
  return rows
}

/** Which of these changes are billed, and on which ticket. */
export async function billedOn(db: Db, weightChangeIds: string[]): Promise<Map<string, string>> {
  if (weightChangeIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('billedWeightChange')
    .select(['weightChangeId', 'ticketId'])
    .where('weightChangeId', 'in', weightChangeIds)
    .execute()
  return new Map(rows.map((row) => [row.weightChangeId, row.ticketId]))
}
