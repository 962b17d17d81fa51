/**
 * Assignment: a reviewer says that a weight change was another shopper's who was inside. It is then asked on that visit's ticket of the
 * same machine, which is looked at again when it was complete. Nothing is billed by that: billing is the other ticket's decision.
 */
import { sql } from 'kysely'
import type { TicketDecision } from '#contracts/api/tickets.ts'
import type { Actor, Tx } from '#server/context.ts'
import { lockCarts, reopenCarts, visitsDuring } from '#server/domain/user/actions.ts'
import { Invalid, NotFound, Refused } from '#server/platform/errors.ts'
import { billedOn } from './evidence.ts'
import { forgetLines, type HeldTicket, lockTickets, refOf, writeRevisions } from './ticket-rows.ts'

export type Assigned = Map<string, string>
export const NEWS = 'assigned-evidence'

/** Weight change id → the visit that this decision gives it to. Throws Invalid for a change that is named twice. */
export function assignedBy({ others = [] }: TicketDecision): Assigned {
  const assigned: Assigned = new Map()
  for (const [n, { visitId, weightChangeIds }] of others.entries())
    for (const [m, id] of weightChangeIds.entries()) {
      if (assigned.has(id.toLowerCase())) throw new Invalid(`others/${n}/weightChangeIds/${m}`, 'is named twice')
      assigned.set(id.toLowerCase(), visitId.toLowerCase())
    }
  return assigned
}

/** What a ticket has given away so far. */
export async function assignedOn(tx: Tx, ticketId: string): Promise<Assigned> {
  const rows = await tx.db
    .selectFrom('assignedWeightChange')
    .select(['weightChangeId', 'visitId'])
    .where('ticketId', '=', ticketId)
    .execute()
  return new Map(rows.map((row) => [row.weightChangeId, row.visitId]))
}

export const sameAssigned = (a: Assigned, b: Assigned): boolean =>
  a.size === b.size && [...a].every(([id, to]) => b.get(id) === to)

/** Holds the ticket together with those that the decision gives something to, all in one order. Throws NotFound. */
export async function lockWithOthers(
  tx: Tx,
  id: string,
  assigned: Assigned
): Promise<{ held: HeldTicket; others: HeldTicket[] }> {
  const visitIds = [...new Set(assigned.values())]
  const { rows } =
    visitIds.length === 0
      ? { rows: [] }
      : await sql<{ id: string }>`SELECT other.id FROM ticket JOIN ticket AS other ON other.machine_id = ticket.machine_id
          WHERE ticket.id = ${id} AND other.visit_id = ANY(${visitIds}::uuid[])`.execute(tx.db)
  const tickets = await lockTickets(tx, [id, ...rows.map((row) => row.id)])
  const held = tickets.find((ticket) => ticket.id === id.toLowerCase())
  if (!held) throw new NotFound('ticket', id)
  return { held, others: tickets.filter((ticket) => ticket !== held) }
}

export type Assignment = { ticket: HeldTicket; others: HeldTicket[]; assigned: Assigned; billedIds: string[] }

/**
 * Writes what a ticket gives away, in place of what it gave away before, and tells the tickets that get something: their ids. Throws Invalid for
 * what is no evidence of it, or was not in that visit's time; Refused('already-billed') for what a third ticket has billed.
 */
export async function assign(tx: Tx, actor: Actor, { ticket, others, assigned, billedIds }: Assignment): Promise<string[]> {
  const before = await assignedOn(tx, ticket.id)
  await sql`DELETE FROM assigned_weight_change WHERE ticket_id = ${ticket.id} OR weight_change_id = ANY(${billedIds}::uuid[])`.execute(
    tx.db
  )
  if (assigned.size === 0) return []
  await check(tx, { ticket, assigned, billedIds })
  const billed = await billedOn(tx.db, [...assigned.keys()])
  const isTheirs = (id: string) => others.some((other) => other.id === billed.get(id) && other.visitId === assigned.get(id))
  const taken = [...assigned.keys()].find((id) => billed.has(id) && !isTheirs(id))
  if (taken) throw new Refused('already-billed', `weight change ${taken} is billed on another ticket`, { weightChangeId: taken })
  await sql`INSERT INTO assigned_weight_change (weight_change_id, visit_id, ticket_id)
    SELECT id, visit_id, ${ticket.id}::uuid FROM unnest(${[...assigned.keys()]}::uuid[], ${[...assigned.values()]}::uuid[]) AS given (id, visit_id) ORDER BY id
    ON CONFLICT (weight_change_id) DO UPDATE SET visit_id = excluded.visit_id, ticket_id = excluded.ticket_id`.execute(tx.db)
  const isNews = ({ visitId }: HeldTicket) =>
    [...assigned].some(([id, to]) => to === visitId && before.get(id) !== to && !billed.has(id))
  const told = others.filter(isNews)
  await tell(tx, actor, { ticket, others: told })
  return told.map(({ id }) => id)
}

async function check(tx: Tx, { ticket, assigned, billedIds }: Omit<Assignment, 'others'>): Promise<void> {
  const ids = [...assigned.keys()]
  const strange = ids.find((id) => ticket.evidence[id] === undefined)
  if (strange) throw new Invalid('others', `weight change ${strange} is no evidence of this ticket`)
  const twice = ids.find((id) => billedIds.includes(id))
  if (twice) throw new Invalid('others', `weight change ${twice} is billed by a line of this ticket too`)
  const changes = await tx.db
    .selectFrom('weightChange')
    .select(['id', 'occurredFrom', 'occurredAt'])
    .where('id', 'in', ids)
    .execute()
  const inside = await visitsDuring(
    tx.db,
    changes.map(({ occurredFrom, occurredAt }) => ({ from: occurredFrom, to: occurredAt }))
  )
  for (const [n, { id }] of changes.entries()) {
    const visitId = assigned.get(id)!
    if (visitId === ticket.visitId || !inside[n]!.visitIds.includes(visitId))
      throw new Invalid('others', `visit ${visitId} is not another one that was open when weight change ${id} happened`)
  }
}

/** The tickets that got something have a new version; a completed one is looked at again. No clock completes them. */
async function tell(tx: Tx, actor: Actor, { ticket, others }: { ticket: HeldTicket; others: HeldTicket[] }): Promise<void> {
  if (others.length === 0) return
  const done = others.filter(({ status }) => status === 'REVIEW_COMPLETE')
  const written = await writeRevisions(
    tx,
    others.map((other) => ({
      ticket: { ...other, status: other.status === 'REVIEW_COMPLETE' ? 'TO_BE_REVIEWED' : other.status, autoReviewDueAt: null },
      ...{ reason: NEWS, author: actor.id }
    }))
  )
  for (const other of written) tx.emit('ticket.changed', { ...refOf(other), reason: NEWS })
  if (done.length > 0) {
    await lockCarts(tx, [ticket.visitId, ...done.map(({ visitId }) => visitId)]) // together, in one order: two who give to each other do not wait in a circle
    await forgetLines(
      tx,
      done.map(({ id }) => ({ id, reason: NEWS }))
    )
    for (const other of written.filter(({ id }) => done.some((one) => one.id === id)))
      tx.emit('ticket.reopened', { ...refOf(other), reason: NEWS })
    await reopenCarts(
      tx,
      done.map(({ visitId }) => visitId)
    )
  }
}
