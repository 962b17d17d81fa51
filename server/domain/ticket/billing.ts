/** A ticket's lines: checked against evidence and catalogue, priced as of their picks, and their weight changes billed, each once in the whole store. */
import { sql } from 'kysely'
import type { TicketDecision, TicketLine } from '#contracts/api/tickets.ts'
import type { Db, Tx } from '#server/context.ts'
import { pricesOf } from '#server/domain/catalog/actions.ts'
import { Refused } from '#server/platform/errors.ts'
import { pricedLines } from './lines.ts'
import { momentsOf } from './moments.ts'
import { type Decided, type Evidence, ticketNumber } from './rules.ts'
import type { HeldTicket } from './ticket-rows.ts'

/** What a decision is about: a visit's ticket, what it knows of its evidence, and when it is asked. */
export type Subject = { visitId: string; evidence: Evidence; now: Date }

/** The decision's lines with their prices. Throws Invalid naming the field that is no product, no evidence of this ticket, or doubled. */
export async function checkedLines(
  db: Db,
  { visitId, evidence, now }: Subject,
  lines: TicketDecision['lines']
): Promise<TicketLine[]> {
  if (lines.length === 0) return []
  const prices = await pricesOf(
    db,
    lines.map((line) => line.productId)
  )
  const weightChangeIds = lines.flatMap((line) => line.weightChangeIds ?? [])
  const moments = await momentsOf(db, { visitId, weightChangeIds, now })
  return pricedLines(lines, { prices, evidence, moments })
}

/** Writes the lines and bills their weight changes. Throws Refused('already-billed') naming the ticket that has one of them. */
export async function billLines(tx: Tx, ticket: HeldTicket, lines: TicketLine[]): Promise<void> {
  if (lines.length === 0) return
  const rows = lines.map(({ productId, quantity, unitPriceMinor }, position) => ({
    ticketId: ticket.id,
    position,
    productId,
    quantity,
    unitPriceMinor
  }))
  await tx.db.insertInto('ticketLine').values(rows).execute()
  const billed = lines.flatMap((line, position) =>
    line.weightChangeIds.map((weightChangeId) => ({ weightChangeId, ticketId: ticket.id, position }))
  )
  if (billed.length === 0) return
  billed.sort((a, b) => (a.weightChangeId < b.weightChangeId ? -1 : 1)) // all in one order: two reviewers never wait for each other in a circle
  const written = await tx.db
    .insertInto('billedWeightChange')
    .values(billed)
    .onConflict((c) => c.doNothing())
    .returning('weightChangeId')
    .execute()
  if (written.length < billed.length)
    throw await alreadyBilled(
      tx,
      ticket,
      billed.map((row) => row.weightChangeId)
    )
}

/** The lines of a completed ticket as they were decided. */
export async function decidedLines(tx: Tx, ticketId: string): Promise<Decided[]> {
  const { rows } = await sql<Decided>`
    SELECT line.product_id, line.quantity, array_remove(array_agg(billed.weight_change_id::text), NULL) AS weight_change_ids
    FROM ticket_line AS line LEFT JOIN billed_weight_change AS billed ON billed.ticket_id = line.ticket_id AND billed.position = line.position
    WHERE line.ticket_id = ${ticketId} GROUP BY line.position, line.product_id, line.quantity`.execute(tx.db)
  return rows
}

async function alreadyBilled(tx: Tx, ticket: HeldTicket, ids: string[]): Promise<Refused> {
  const { rows } = await sql<{ weightChangeId: string; ticketId: string; number: number }>`
    SELECT billed.weight_change_id, billed.ticket_id, other.number
    FROM billed_weight_change AS billed JOIN ticket AS other ON other.id = billed.ticket_id
    WHERE billed.weight_change_id = ANY(${ids}::uuid[]) AND billed.ticket_id <> ${ticket.id} LIMIT 1`.execute(tx.db)
  const found = rows[0]
  if (!found) return new Refused('already-billed', 'another ticket is just billing one of these weight changes; try again')
  const number = ticketNumber(found.number)
  return new Refused('already-billed', `weight change ${found.weightChangeId} is billed on ticket ${number}`, {
    ...found,
    number
  })
}
