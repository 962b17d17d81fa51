/**
 * Empty tickets complete themselves (AUTO_REVIEW), once their machine was heard from after the window: until then a change may still be
 * on its way. One that comes later all the same reopens the ticket like any late evidence.
 */
import type { Context, Tx } from '#server/context.ts'
import { transact } from '#server/context.ts'
import { lastHeardAt } from '#server/domain/iot/actions.ts'
import { refreshEvidence } from './late-evidence.ts'
import { isAutoReviewDue } from './rules.ts'
import { settleVisits } from './settlement.ts'
import { type HeldTicket, lockTickets, refOf, writeRevisions } from './ticket-rows.ts'

const BATCH = 500

/** Completes the empty tickets that are due and settles their visits; returns how many. Those that are not empty leave the queue. */
export async function reviewEmptyTickets(ctx: Context): Promise<number> {
  const due = await dueTickets(ctx)
  if (due.length === 0) return 0
  return transact(ctx, async (tx) => {
    // Locked first, looked at afterwards in a statement of its own: a change committed before the lock is seen, one committed after it
    // finds the ticket complete and reopens it.
    const held = (await lockTickets(tx, due, { skipLocked: true })).filter(
      (ticket) => ticket.status === 'TO_BE_REVIEWED' && ticket.autoReviewDueAt
    )
    const tickets = await refreshEvidence(ctx, tx, held)
    const isEmpty = (ticket: HeldTicket) => Object.keys(ticket.evidence).length === 0
    const empty = tickets.filter(isEmpty)
    await completeEmptyTickets(tx, empty)
    await leaveToPeople(
      tx,
      tickets.filter((ticket) => !isEmpty(ticket))
    )
    if (empty.length > 0) await settleVisits(tx, [...new Set(empty.map((ticket) => ticket.visitId))])
    return empty.length
  })
}

/** Completes held tickets that have no evidence, in the name of the box itself. */
export async function completeEmptyTickets(tx: Tx, tickets: HeldTicket[]): Promise<void> {
  const done = tickets.map((ticket): HeldTicket => ({ ...ticket, status: 'REVIEW_COMPLETE', autoReviewDueAt: null }))
  const written = await writeRevisions(
    tx,
    done.map((ticket) => ({ ticket, reason: 'completed', author: 'system', lines: [] }))
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
