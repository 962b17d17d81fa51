/** The ticket room's door: leaving the store makes the tickets; review turns them into a cart; late evidence and the clock work on them later. */
import type { DoorAccepted } from '#contracts/api/entry.ts'
import type { VisitDetail } from '#contracts/api/visits.ts'
import { type Actor, type Context, type Tx, transact } from '#server/context.ts'
import { type ClosedVisit, closeForgottenVisit, closeVisit, decideScan, type Presented } from '#server/domain/user/actions.ts'
import { completeEmptyTickets } from './auto-review.ts'
import { openTickets } from './open-tickets.ts'
import { visitWithTickets } from './queries.ts'
import { settleVisits } from './settlement.ts'

export { reviewEmptyTickets } from './auto-review.ts'
export { contestVisit } from './contests.ts'
export { readDay } from './day.ts'
export { escalateTicket } from './escalation.ts'
export { attachLateEvidence } from './late-evidence.ts'
export { expireLeases } from './leases.ts'
export { visitCart } from './live-cart.ts'
export { inferMovements } from './movements.ts'
export { removeVideosNobodyNeeds, videosToRemove } from './old-clips.ts'
export { listMovements, withMovements } from './proposals.ts'
export { findTicket, listTickets, type TicketFilter, visitWithTickets } from './queries.ts'
export { quoteTicket } from './quote.ts'
export { claimTicket, completeTicket, releaseTicket, reopenTicket } from './review.ts'
export { productsByWeight, withSeenWeights } from './seen-weights.ts'
export { lostBeforeUpload, nextVideoToUpload, type UploadQueue, uploadQueue } from './uploads.ts'

/**
 * Lets a user out: one transaction uses the code up, closes the visit, opens its cart and one ticket for each machine. Possible in every
 * store mode. Throws Refused with the first reason that holds, Unavailable when the box cannot decide: then the door opens all the same.
 */
export function leave(ctx: Context, presented: Presented): Promise<DoorAccepted> {
  return decideScan(ctx, { ...presented, tag: 'EXIT' }, async (tx, code) => {
    const visit = await closeVisit(tx, code, { scannerId: presented.scannerId, currency: ctx.config.currency })
    await makeTickets(ctx, tx, visit)
    const { visitId, userId, role } = visit
    return { status: 'success', visitId, userId, role }
  })
}

/** Lets somebody out who left without a code, on a staff member's word: the same as an exit but for the code. Throws NotFound, Refused `not-inside`. */
export async function letOut(
  ctx: Context,
  actor: Actor,
  { visitId, reason }: { visitId: string; reason: string }
): Promise<VisitDetail> {
  const close = async (tx: Tx) =>
    makeTickets(ctx, tx, await closeForgottenVisit(tx, actor, { visitId, reason, currency: ctx.config.currency }))
  await transact(ctx, close, actor)
  return visitWithTickets(ctx, visitId)
}

async function makeTickets(ctx: Context, tx: Tx, visit: ClosedVisit): Promise<void> {
  const tickets = await openTickets(ctx, tx, visit)
  const silent = tickets.filter((ticket) => ticket.isDoneAtOnce)
  await completeEmptyTickets(tx, silent)
  if (silent.length === tickets.length) await settleVisits(tx, [visit.visitId])
}
