/**
 * Tickets complete themselves (AUTO_REVIEW): empty ones, and with `confident` those of which inference is sure, once their machine was
 * heard from after the window: until then a change may still be on its way. One that comes later all the same reopens the ticket like
 * any late evidence. A share of the sure ones goes to people all the same, who do not know which: how often they agree is counted.
 */
import type { TicketLine } from '#contracts/api/tickets.ts'
import type { Context, Tx } from '#server/context.ts'
import { transact } from '#server/context.ts'
import { lastHeardAt } from '#server/domain/iot/actions.ts'
import { billLines, checkedLines } from './billing.ts'
import { isSampled } from './confident.ts'
import { contestedAmong } from './contests.ts'
import { refreshEvidence } from './late-evidence.ts'
import { isAutoReviewDue } from './rules.ts'
import { settleVisits } from './settlement.ts'
import { type HeldTicket, lockTickets, refOf, writeRevisions } from './ticket-rows.ts'
import { verdictsOf } from './verdicts.ts'

const BATCH = 500
/** Inference has had its time to look at what came last. */
const LOOKED_AT_MS = 30_000

/** Completes the tickets that are due and clear, and settles their visits; returns how many. Those that are not leave the queue. */
export async function reviewEmptyTickets(ctx: Context): Promise<number> {
  const due = await dueTickets(ctx)
  if (due.length === 0) return 0
  return transact(ctx, async (tx) => {
    // Locked first, looked at afterwards in a statement of its own: a change committed before the lock is seen, one committed after it
    // finds the ticket complete and reopens it.
    const held = (await lockTickets(tx, due, { skipLocked: true })).filter(
      (ticket) => ticket.status === 'TO_BE_REVIEWED' && ticket.autoReviewDueAt
    )
    const tickets = await withoutContested(tx, await refreshEvidence(ctx, tx, held))
    const { empty = [], full = [] } = Object.groupBy(tickets, (ticket) =>
      Object.keys(ticket.evidence).length === 0 ? 'empty' : 'full'
    )
    if (ctx.config.autoReview !== 'confident') {
      await completeEmptyTickets(tx, empty)
      await leaveToPeople(tx, full)
      return settled(tx, empty)
    }
    return settled(tx, await decide(ctx, tx, tickets))
  })
}

/** What a shopper contests people look at. */
async function withoutContested(tx: Tx, tickets: HeldTicket[]): Promise<HeldTicket[]> {
  const contested = await contestedAmong(
    tx.db,
    tickets.map((ticket) => ticket.visitId)
  )
  const { people = [], clock = [] } = Object.groupBy(tickets, ({ visitId }) => (contested.has(visitId) ? 'people' : 'clock'))
  await leaveToPeople(tx, people)
  return clock
}

async function settled(tx: Tx, tickets: HeldTicket[]): Promise<number> {
  if (tickets.length > 0) await settleVisits(tx, [...new Set(tickets.map((ticket) => ticket.visitId))])
  return tickets.length
}

/** With `confident`: those that inference is sure of are completed with its lines. Returns the completed ones. */
async function decide(ctx: Context, tx: Tx, tickets: HeldTicket[]): Promise<HeldTicket[]> {
  const verdicts = await verdictsOf(ctx, tx, tickets)
  const people: HeldTicket[] = []
  const done: HeldTicket[] = []
  for (const ticket of tickets) {
    const verdict = verdicts.get(ticket.id)!
    const isOverdue = tx.now.getTime() - ticket.autoReviewDueAt!.getTime() >= LOOKED_AT_MS
    if (verdict === 'people' || (verdict === 'waits' && isOverdue)) people.push(ticket)
    if (typeof verdict === 'string') continue
    const lines = await checkedLines(tx.db, { ...ticket, now: tx.now }, verdict.lines)
    if (lines.length > 0 && isSampled(ticket.id, ctx.config.autoReviewSample)) {
      await tx.db
        .updateTable('ticket')
        .set({ doubleCheck: JSON.stringify(lines) })
        .where('id', '=', ticket.id)
        .execute()
      people.push(ticket)
      continue
    }
    await billLines(tx, ticket, lines)
    await complete(tx, [{ ticket, lines }])
    done.push(ticket)
  }
  await leaveToPeople(tx, people)
  return done
}

/** Completes held tickets that have no evidence, in the name of the box itself. */
export const completeEmptyTickets = (tx: Tx, tickets: HeldTicket[]): Promise<void> =>
  complete(
    tx,
    tickets.map((ticket) => ({ ticket, lines: [] }))
  )

async function complete(tx: Tx, decided: { ticket: HeldTicket; lines: TicketLine[] }[]): Promise<void> {
  const written = await writeRevisions(
    tx,
    decided.map(({ ticket, lines }) => ({
      ticket: { ...ticket, status: 'REVIEW_COMPLETE', autoReviewDueAt: null },
      ...{ reason: 'completed', author: 'system', lines }
    }))
  )
  for (const ticket of written) tx.emit('ticket.completed', { ...refOf(ticket), completedBy: 'system' })
}

async function dueTickets(ctx: Context): Promise<string[]> {
  const now = ctx.clock.now()
  const rows = await ctx.db
    .selectFrom('ticket')
    .select(['id', 'machineId', 'endTime', 'windowEnd', 'autoReviewDueAt'])
    .where('autoReviewDueAt', 'is not', null)
    .where('status', '=', 'TO_BE_REVIEWED')
    .orderBy('autoReviewDueAt')
    .limit(BATCH)
    .execute()
  const isDue = ({ machineId, endTime, windowEnd, autoReviewDueAt }: (typeof rows)[number]) =>
    isAutoReviewDue({ dueAt: autoReviewDueAt!, logout: endTime, windowEnd, heardAt: lastHeardAt(ctx, machineId), now })
  return rows.filter(isDue).map((row) => row.id)
}

async function leaveToPeople(tx: Tx, tickets: HeldTicket[]): Promise<void> {
  const ids = tickets.map((ticket) => ticket.id)
  if (ids.length > 0) await tx.db.updateTable('ticket').set({ autoReviewDueAt: null }).where('id', 'in', ids).execute()
}
