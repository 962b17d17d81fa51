/** What lines would cost on a ticket, before anything is decided: the prices that completing it would bill. */
import type { TicketDecision, TicketQuote } from '#contracts/api/tickets.ts'
import type { Context } from '#server/context.ts'
import { NotFound } from '#server/platform/errors.ts'
import { checkedLines } from './billing.ts'
import { currentEvidence } from './evidence.ts'

/** Changes nothing. Throws NotFound; Invalid for what does not fit the evidence as it is now, or the catalogue. */
export async function quoteTicket(
  { db, clock }: Context,
  { id, lines }: { id: string; lines: TicketDecision['lines'] }
): Promise<TicketQuote> {
  const ticket = await db.selectFrom('ticket').select('visitId').where('id', '=', id).executeTakeFirst()
  if (!ticket) throw new NotFound('ticket', id)
  const evidence = (await currentEvidence(db, [id])).get(id) ?? {}
  const priced = await checkedLines(db, { visitId: ticket.visitId, evidence, now: clock.now() }, lines)
  return { lines: priced, totalMinor: priced.reduce((sum, line) => sum + line.quantity * line.unitPriceMinor, 0) }
}
