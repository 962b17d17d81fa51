/** Tickets held for a decision, and the one way to write what became of them: the row, its revision and its lines together. */
import { sql } from 'kysely'
import type { TicketEscalation, TicketLine, TicketStatus } from '#contracts/api/tickets.ts'
import type { Tx } from '#server/context.ts'
import { NotFound } from '#server/platform/errors.ts'
import { type Evidence, ticketNumber } from './rules.ts'

export type HeldTicket = {
  id: string
  number: number
  visitId: string
  machineId: string
  status: TicketStatus
  claimedBy: string | null
  leaseExpiresAt: Date | null
  windowStart: Date
  windowEnd: Date
  autoReviewDueAt: Date | null
  version: number
  evidence: Evidence
  knownVideos: Record<string, string>
  escalation: TicketEscalation | null
}
const HELD = sql`id, number, visit_id, machine_id, status, claimed_by, lease_expires_at, window_start, window_end, auto_review_due_at, version, evidence, known_videos, escalation`

/** Holds these tickets until the transaction ends, always in the same order; those that somebody holds already are waited for, or left out. */
export async function lockTickets(tx: Tx, ids: string[], { skipLocked = false } = {}): Promise<HeldTicket[]> {
  const { rows } = await sql<HeldTicket>`
    SELECT ${HELD} FROM ticket WHERE id = ANY(${ids}::uuid[]) ORDER BY id FOR UPDATE ${skipLocked ? sql`SKIP LOCKED` : sql``}`.execute(
    tx.db
  )
  return rows
}

/** Holds one ticket. Throws NotFound. */
export async function lockTicket(tx: Tx, id: string): Promise<HeldTicket> {
  const [ticket] = await lockTickets(tx, [id])
  if (!ticket) throw new NotFound('ticket', id)
  return ticket
}

/** A ticket as events name it. */
export const refOf = ({ id, number, visitId, machineId, version }: HeldTicket) => ({
  ticketId: id,
  number: ticketNumber(number),
  visitId,
  machineId,
  version
})

export type Revision = { ticket: HeldTicket; reason: string; author: string; lines?: TicketLine[] | null; note?: string | null }

/** Writes what held tickets have become as their next version, each with its revision; returns them with that version. */
export async function writeRevisions(tx: Tx, revisions: Revision[]): Promise<HeldTicket[]> {
  if (revisions.length === 0) return []
  const tickets = revisions.map(({ ticket }) => ({ ...ticket, version: ticket.version + 1 }))
  const facts = revisions.map(({ ticket, reason, author, lines = null, note = null }, n) => {
    const { id, status, claimedBy, leaseExpiresAt, autoReviewDueAt, evidence, knownVideos } = ticket
    return {
      id,
      version: tickets[n]!.version,
      status,
      claimedBy,
      leaseExpiresAt,
      autoReviewDueAt,
      evidence,
      knownVideos,
      reason,
      author,
      lines,
      note
    }
  })
  await sql`
    WITH news AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(facts)}::jsonb) AS news (id uuid, version integer, status text, "claimedBy" uuid,
        "leaseExpiresAt" timestamptz, "autoReviewDueAt" timestamptz, evidence jsonb, "knownVideos" jsonb, reason text, author text, lines jsonb, note text)),
    written AS (
      UPDATE ticket SET version = news.version, status = news.status, claimed_by = news."claimedBy", lease_expires_at = news."leaseExpiresAt",
        auto_review_due_at = news."autoReviewDueAt", evidence = news.evidence, known_videos = news."knownVideos",
        completed_at = CASE news.status WHEN 'REVIEW_COMPLETE' THEN coalesce(completed_at, ${tx.now}) END,
        completed_by = CASE news.status WHEN 'REVIEW_COMPLETE' THEN coalesce(completed_by, news.author) END,
        note = CASE WHEN news.reason = 'completed' THEN news.note ELSE ticket.note END,
        escalation = CASE news.status WHEN 'REVIEW_COMPLETE' THEN NULL ELSE ticket.escalation END
      FROM news WHERE ticket.id = news.id)
    INSERT INTO ticket_revision (ticket_id, version, status, reason, lines, note, author, at)
    SELECT id, version, status, reason, nullif(lines, 'null'), note, author, ${tx.now}::timestamptz FROM news`.execute(tx.db)
  return tickets
}

/** Takes back what was decided on tickets that are looked at again: their lines, and their hold on the weight changes these billed. */
export async function forgetLines(tx: Tx, tickets: { id: string; reason: string }[]): Promise<void> {
  const ids = tickets.map((ticket) => ticket.id)
  await sql`
    WITH freed AS (DELETE FROM billed_weight_change WHERE ticket_id = ANY(${ids}::uuid[])),
    forgotten AS (DELETE FROM ticket_line WHERE ticket_id = ANY(${ids}::uuid[]))
    UPDATE ticket SET reopen_reason = again.reason
    FROM unnest(${ids}::uuid[], ${tickets.map((ticket) => ticket.reason)}::text[]) AS again (id, reason) WHERE ticket.id = again.id`.execute(
    tx.db
  )
}
