/**
 * Review: a ticket's way to the cart.
 *
 *   TO_BE_REVIEWED ──claim──▶ UNDER_REVIEW ──complete──▶ REVIEW_COMPLETE
 *         ▲  ◀──release, lease ran out──┘                      │
 *         └────────────── reopen, late evidence ───────────────┘
 *
 * A claim is exclusive and lasts REVIEW_LEASE_SECONDS from the holder's last action. Claims leave the version alone: it counts what is
 * decided and what is decided upon.
 */
import type { TicketDecision, TicketDetail, TicketLine } from '#contracts/api/tickets.ts'
import { type Actor, type Context, type Tx, transact } from '#server/context.ts'
import { audit, mayAccess } from '#server/domain/staff/actions.ts'
import { reopenCarts } from '#server/domain/user/actions.ts'
import { Refused } from '#server/platform/errors.ts'
import { type Assigned, assign, assignedBy, assignedOn, lockWithOthers, sameAssigned } from './assignment.ts'
import { billLines, checkedLines, decidedLines } from './billing.ts'
import { alreadyClaimed, requireClaim } from './claims.ts'
import { requireRight } from './escalation.ts'
import { refreshEvidence } from './late-evidence.ts'
import { findTicket } from './queries.ts'
import { isHeldByOther, sameLines } from './rules.ts'
import { settleVisits } from './settlement.ts'
import { forgetLines, type HeldTicket, lockTicket, refOf, writeRevisions } from './ticket-rows.ts'

/**
 * Takes a ticket for one's own review, or renews one's lease. Throws Refused('already-claimed') with holder and end of lease, unless an
 * admin takes it over; Refused('already-complete'); Refused('escalated') without the right to settle such tickets.
 */
export async function claimTicket(
  ctx: Context,
  actor: Actor,
  { id, takeOver = false }: { id: string; takeOver?: boolean }
): Promise<TicketDetail> {
  await transact(
    ctx,
    async (tx) => {
      const ticket = await lockTicket(tx, id)
      if (ticket.status === 'REVIEW_COMPLETE')
        throw new Refused('already-complete', 'this ticket is complete; reopen it to change it')
      requireRight(ticket, actor)
      const isForced = takeOver && mayAccess(actor.role, 'tickets:take-over')
      if (isHeldByOther(ticket, actor.id, tx.now) && !isForced) throw await alreadyClaimed(tx, ticket)
      const leaseExpiresAt = leaseFrom(ctx, tx.now)
      await tx.db
        .updateTable('ticket')
        .set({ status: 'UNDER_REVIEW', claimedBy: actor.id, leaseExpiresAt })
        .where('id', '=', id)
        .execute()
      if (ticket.claimedBy === actor.id) return
      const [claimed] = await refreshEvidence(ctx, tx, [
        { ...ticket, status: 'UNDER_REVIEW', claimedBy: actor.id, leaseExpiresAt }
      ])
      tx.emit('ticket.claimed', { ...refOf(claimed!), claimedBy: actor.id })
      await auditTicket(tx, actor, ticket, {
        action: 'claimed',
        before: { claimedBy: ticket.claimedBy },
        after: { claimedBy: actor.id }
      })
    },
    actor
  )
  return findTicket(ctx, id)
}

/** Gives a ticket back to the queue: its holder does, or an admin. Throws Refused('not-claimed'), Refused('already-claimed'). */
export async function releaseTicket(ctx: Context, actor: Actor, id: string): Promise<TicketDetail> {
  await transact(
    ctx,
    async (tx) => {
      const ticket = await lockTicket(tx, id)
      if (ticket.status !== 'UNDER_REVIEW') throw new Refused('not-claimed', 'nobody holds this ticket')
      if (ticket.claimedBy !== actor.id && !mayAccess(actor.role, 'tickets:take-over')) throw await alreadyClaimed(tx, ticket)
      await tx.db
        .updateTable('ticket')
        .set({ status: 'TO_BE_REVIEWED', claimedBy: null, leaseExpiresAt: null })
        .where('id', '=', id)
        .execute()
      tx.emit('ticket.released', { ...refOf(ticket), reason: 'released' })
      await auditTicket(tx, actor, ticket, { action: 'released', before: { claimedBy: ticket.claimedBy } })
    },
    actor
  )
  return findTicket(ctx, id)
}

/**
 * Completes a claimed ticket with its lines, at the prices of when it was picked, and gives what others did to their visits; settles the cart
 * with the visit's last one. The same decision again is the same answer. Throws Refused: 'not-claimed', 'already-claimed',
 * 'already-complete', 'stale-version', 'already-billed'; Invalid for what does not fit the evidence or the catalogue.
 */
export async function completeTicket(
  ctx: Context,
  actor: Actor,
  { id, decision }: { id: string; decision: TicketDecision }
): Promise<TicketDetail> {
  await renewLease(ctx, actor, id)
  const refusal = await transact(
    ctx,
    async (tx) => {
      const assigned = assignedBy(decision)
      const { held, others } = await lockWithOthers(tx, id, assigned)
      if (held.status === 'REVIEW_COMPLETE') return await ifNotTheSame(tx, held, { decision, assigned })
      await requireClaim(tx, held, actor)
      const [ticket] = await refreshEvidence(ctx, tx, [held])
      if (decision.version !== undefined && decision.version !== ticket!.version) return stale(ticket!) // what was learned of the evidence is kept
      await complete(tx, actor, { ticket: ticket!, others, assigned, decision })
      return null
    },
    actor
  )
  if (refusal) throw refusal
  return findTicket(ctx, id)
}

type Decided = { ticket: HeldTicket; others: HeldTicket[]; assigned: Assigned; decision: TicketDecision }

async function complete(tx: Tx, actor: Actor, { ticket, others, assigned, decision }: Decided): Promise<void> {
  const lines = await checkedLines(tx.db, { ...ticket, now: tx.now }, decision.lines)
  await billLines(tx, ticket, lines)
  const done: HeldTicket = { ...ticket, status: 'REVIEW_COMPLETE', claimedBy: null, leaseExpiresAt: null, autoReviewDueAt: null }
  const [written] = await writeRevisions(tx, [
    { ticket: done, reason: 'completed', author: actor.id, lines, note: decision.note ?? null }
  ])
  await noteDoubleCheck(tx, ticket, lines)
  tx.emit('ticket.completed', { ...refOf(written!), completedBy: actor.id })
  const told = await assign(tx, actor, {
    ticket,
    others,
    assigned,
    billedIds: lines.flatMap(({ weightChangeIds }) => weightChangeIds)
  })
  await settleVisits(tx, [ticket.visitId])
  await auditTicket(tx, actor, ticket, {
    action: 'completed',
    after: { version: written!.version, lines, others: decision.others ?? [], note: decision.note ?? null }
  })
  for (const other of told)
    await audit(tx, actor, { action: 'assigned', resource: 'ticket', resourceId: other, after: { fromTicket: ticket.id } })
}

/** Had inference been sure of it, did the reviewer agree? Products and quantities count; who looked did not know of it. */
async function noteDoubleCheck(tx: Tx, { id }: HeldTicket, lines: TicketLine[]): Promise<void> {
  const row = await tx.db.selectFrom('ticket').select('doubleCheck').where('id', '=', id).executeTakeFirst()
  if (!row?.doubleCheck) return
  const plain = (all: TicketLine[]) => all.map(({ productId, quantity }) => ({ productId, quantity }))
  const doubleCheckAgreed = sameLines(plain(row.doubleCheck as TicketLine[]), plain(lines))
  await tx.db.updateTable('ticket').set({ doubleCheckAgreed }).where('id', '=', id).execute()
}

/** Takes a completed ticket up again: its lines are kept in its history, the weight changes they billed are free, the cart waits for it. */
export async function reopenTicket(
  ctx: Context,
  actor: Actor,
  { id, reason }: { id: string; reason: string }
): Promise<TicketDetail> {
  await transact(
    ctx,
    async (tx) => {
      const ticket = await lockTicket(tx, id)
      if (ticket.status !== 'REVIEW_COMPLETE') throw new Refused('not-complete', 'only a completed ticket can be reopened')
      const [written] = await writeRevisions(tx, [{ ticket: { ...ticket, status: 'TO_BE_REVIEWED' }, reason, author: actor.id }])
      await forgetLines(tx, [{ id, reason }])
      tx.emit('ticket.reopened', { ...refOf(written!), reason })
      await reopenCarts(tx, [ticket.visitId])
      await auditTicket(tx, actor, ticket, { action: 'reopened', after: { version: written!.version, reason } })
    },
    actor
  )
  return findTicket(ctx, id)
}

const leaseFrom = ({ config }: Context, now: Date) => new Date(now.getTime() + config.reviewLeaseSeconds * 1000)
const stale = ({ version }: HeldTicket) =>
  new Refused('stale-version', 'this ticket has changed since; look at it again', { version })

/** Whatever comes of the action, it shows that the holder is at work. */
async function renewLease(ctx: Context, actor: Actor, id: string): Promise<void> {
  const leaseExpiresAt = leaseFrom(ctx, ctx.clock.now())
  await transact(ctx, (tx) =>
    tx.db.updateTable('ticket').set({ leaseExpiresAt }).where('id', '=', id).where('claimedBy', '=', actor.id).execute()
  )
}

type Told = { decision: TicketDecision; assigned: Assigned }

async function ifNotTheSame(tx: Tx, ticket: HeldTicket, { decision, assigned }: Told): Promise<Refused | null> {
  const isSame = sameLines(await decidedLines(tx, ticket.id), decision.lines)
  if (isSame && sameAssigned(await assignedOn(tx, ticket.id), assigned)) return null
  return new Refused('already-complete', 'this ticket is complete with other lines; reopen it to change it', {
    version: ticket.version
  })
}

type Facts = { action: string; before?: unknown; after?: unknown }
const auditTicket = (tx: Tx, actor: Actor, { id }: HeldTicket, facts: Facts) =>
  audit(tx, actor, { ...facts, resource: 'ticket', resourceId: id })
