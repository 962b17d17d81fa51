/** Escalation: a ticket that a reviewer cannot decide goes back to the queue with a note, for who may settle such tickets. */
import { sql } from 'kysely'
import type { TicketDetail, TicketEscalation } from '#contracts/api/tickets.ts'
import { type Actor, type Context, transact } from '#server/context.ts'
import { audit, mayAccess } from '#server/domain/staff/actions.ts'
import { Refused } from '#server/platform/errors.ts'
import { alreadyClaimed } from './claims.ts'
import { findTicket } from './queries.ts'
import { isHeldByOther } from './rules.ts'
import { type HeldTicket, lockTicket, refOf } from './ticket-rows.ts'

/**
 * Escalates a ticket: whoever reviews may, unless somebody else holds it. The same note again changes nothing. Throws Refused
 * 'already-complete', 'already-claimed', 'already-escalated' (with another note).
 */
export async function escalateTicket(
  ctx: Context,
  actor: Actor,
  { id, note }: { id: string; note: string }
): Promise<TicketDetail> {
  await transact(
    ctx,
    async (tx) => {
      const ticket = await lockTicket(tx, id)
      if (ticket.escalation?.note === note) return
      if (ticket.escalation)
        throw new Refused('already-escalated', `${ticket.escalation.byName} has escalated this ticket already`)
      if (ticket.status === 'REVIEW_COMPLETE')
        throw new Refused('already-complete', 'this ticket is complete; reopen it to change it')
      if (isHeldByOther(ticket, actor.id, tx.now)) throw await alreadyClaimed(tx, ticket)
      const escalation: TicketEscalation = { note, by: actor.id, byName: actor.name, at: tx.now.toISOString() }
      await sql`UPDATE ticket SET status = 'TO_BE_REVIEWED', claimed_by = NULL, lease_expires_at = NULL, auto_review_due_at = NULL,
        escalation = ${JSON.stringify(escalation)}::jsonb WHERE id = ${id}`.execute(tx.db)
      tx.emit('ticket.escalated', { ...refOf(ticket), escalatedBy: actor.id, note })
      await audit(tx, actor, { action: 'escalated', resource: 'ticket', resourceId: id, after: { note } })
    },
    actor
  )
  return findTicket(ctx, id)
}

/** An escalated ticket waits for somebody with the right to settle it. Throws Refused 'escalated' for all others. */
export function requireRight({ escalation }: HeldTicket, actor: Actor): void {
  if (!escalation || mayAccess(actor.role, 'tickets:escalated')) return
  throw new Refused('escalated', `${escalation.byName} has escalated this ticket to an admin: ${escalation.note}`)
}
