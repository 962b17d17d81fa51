/**
 * Contests: a shopper says that a settled cart is wrong. What was decided on his visit is taken up again with his words as the reason, by
 * people alone, and the next settlement of the cart ends the contest: upheld or refused, with the notes of those who looked again.
 *
 * A contest holds all tickets of the visit before it looks, and then the cart, as whoever completes a ticket does. A review that is just
 * being completed is done before, or meets a new version of its ticket; of two contests at once the second finds the first.
 */
import { sql } from 'kysely'
import type { Contest, ContestInput } from '#contracts/api/contests.ts'
import { type Actor, type Context, type Db, type Tx, transact } from '#server/context.ts'
import { productsById } from '#server/domain/catalog/actions.ts'
import { audit } from '#server/domain/staff/actions.ts'
import { findVisit, type LockedCart, lockCarts, reopenCarts, type Settlement } from '#server/domain/user/actions.ts'
import { Invalid, Refused } from '#server/platform/errors.ts'
import { newId } from '#server/platform/ids.ts'
import { contestRefusal, contestResult, sameLines } from './rules.ts'
import { forgetLines, type HeldTicket, lockTickets, refOf, writeRevisions } from './ticket-rows.ts'

type Complaint = { message: string; lines: Contest['lines'] }

/**
 * Contests a visit. While a contest is open the same words are the same contest. Throws NotFound; Invalid for lines that name no product;
 * Refused: 'not-settled', 'nothing-to-contest', 'contest-too-late', 'already-contested' with other words.
 */
export function contestVisit(
  ctx: Context,
  actor: Actor,
  { visitId, message, lines = [] }: ContestInput & { visitId: string }
): Promise<{ contest: Contest; isNew: boolean }> {
  const contest = async (tx: Tx) => {
    const visit = await findVisit(tx.db, visitId)
    const complaint = { message, lines: await knownLines(tx.db, lines) }
    const tickets = await lockTickets(tx, await ticketsOf(tx.db, visitId))
    const [cart] = await lockCarts(tx, [visitId])
    const [open] = (await contestsOf(tx.db, visitId)).filter(({ status }) => status === 'OPEN')
    if (open) return { contest: sameAgain(open, complaint), isNew: false }
    const taken = await toTakeUp(tx.db, tickets)
    const refusal = contestRefusal({
      ...{ role: visit.role, isSettled: Boolean(cart?.firstSettledAt), isAnythingDecided: taken.length > 0 },
      ...{ exitedAt: visit.exitedAt === null ? null : new Date(visit.exitedAt), now: tx.now, days: ctx.config.contestDays }
    })
    if (refusal) throw new Refused(...refusal)
    const id = await insert(tx, actor, { visitId, ...complaint })
    await takeUp(tx, actor, { tickets: taken, message })
    await reopenCarts(tx, [visitId])
    tx.emit('visit.contested', { ...refOfVisit(cart!), contestId: id, cartId: cart!.id })
    await audit(tx, actor, { action: 'contested', resource: 'visit', resourceId: visitId, after: { contestId: id } }) // without his words: the trail forgets nothing
    return { contest: (await contestsOf(tx.db, visitId)).find((each) => each.id === id)!, isNew: true }
  }
  return transact(ctx, contest, actor)
}

const refOfVisit = ({ visitId, userId, role }: LockedCart) => ({ visitId, userId, role })

function sameAgain(open: Contest, { message, lines }: Complaint): Contest {
  if (open.message === message && sameLines(open.lines, lines)) return open
  throw new Refused('already-contested', 'this visit is contested already and is being looked at; wait for the answer', {
    contestId: open.id
  })
}

async function knownLines(db: Db, lines: Contest['lines']): Promise<Contest['lines']> {
  const own = lines.map((line) => ({ ...line, productId: line.productId.toLowerCase() }))
  const ids = own.map((line) => line.productId)
  const products = await productsById(db, ids)
  for (const [n, id] of ids.entries()) {
    if (!products.has(id)) throw new Invalid(`lines/${n}/productId`, 'is not a product of the catalogue')
    if (ids.indexOf(id) !== n) throw new Invalid(`lines/${n}/productId`, 'stands in these lines twice')
  }
  return own
}

async function ticketsOf(db: Db, visitId: string): Promise<string[]> {
  const rows = await db.selectFrom('ticket').select('id').where('visitId', '=', visitId).execute()
  return rows.map((row) => row.id)
}

/** Where something was decided, or is to be: tickets that nothing speaks of stay complete, as most of a big store's are. */
async function toTakeUp(db: Db, tickets: HeldTicket[]): Promise<HeldTicket[]> {
  if (tickets.length === 0) return []
  const ids = tickets.map(({ id }) => id)
  const rows = await db.selectFrom('ticketLine').select('ticketId').distinct().where('ticketId', 'in', ids).execute()
  const billed = new Set(rows.map((row) => row.ticketId))
  return tickets.filter(
    ({ id, status, evidence }) => status !== 'REVIEW_COMPLETE' || billed.has(id) || Object.keys(evidence).length > 0
  )
}

async function insert(tx: Tx, actor: Actor, { visitId, message, lines }: Complaint & { visitId: string }): Promise<string> {
  const row = { id: newId(), visitId, message, lines: JSON.stringify(lines), openedBy: actor.id, openedAt: tx.now }
  await tx.db.insertInto('contest').values(row).execute()
  return row.id
}

/** Completed tickets are reopened. Who holds one keeps it, but what he is about to send is of an older version. */
async function takeUp(tx: Tx, actor: Actor, { tickets, message }: { tickets: HeldTicket[]; message: string }): Promise<void> {
  const wasDone = tickets.map(({ status }) => status === 'REVIEW_COMPLETE')
  const written = await writeRevisions(
    tx,
    tickets.map((ticket, n) => ({
      ticket: { ...ticket, autoReviewDueAt: null, ...(wasDone[n] && { status: 'TO_BE_REVIEWED' as const }) },
      ...{ reason: 'contested', author: actor.id }
    }))
  )
  await forgetLines(
    tx,
    tickets.map(({ id }) => ({ id, reason: message }))
  )
  for (const [n, ticket] of written.entries())
    tx.emit(wasDone[n] ? 'ticket.reopened' : 'ticket.changed', { ...refOf(ticket), reason: 'contested' })
}

/** The contests of a visit, newest first. */
export async function contestsOf(db: Db, visitId: string): Promise<Contest[]> {
  const rows = await db
    .selectFrom('contest')
    .selectAll()
    .where('visitId', '=', visitId)
    .orderBy('openedAt', 'desc')
    .orderBy('id', 'desc')
    .execute()
  return rows.map(({ status, lines, openedAt, closedAt, ...row }) => ({
    ...row,
    status: status as Contest['status'],
    lines: lines as Contest['lines'],
    openedAt: openedAt.toISOString(),
    closedAt: closedAt?.toISOString() ?? null
  }))
}

/** Which of these visits are contested now: their tickets are for people, however sure inference is. */
export async function contestedAmong(db: Db, visitIds: string[]): Promise<Set<string>> {
  if (visitIds.length === 0) return new Set()
  const open = db.selectFrom('contest').select('visitId').where('closedAt', 'is', null).where('visitId', 'in', visitIds)
  return new Set((await open.execute()).map((row) => row.visitId))
}

/** The carts of contested visits have been settled anew: that is the answer. */
export async function endContests(tx: Tx, settlements: Settlement[]): Promise<void> {
  const contested = await contestedAmong(
    tx.db,
    settlements.map(({ cart }) => cart.visitId)
  )
  for (const { cart, before, after, differenceMinor } of settlements) {
    if (!contested.has(cart.visitId)) continue
    const result = contestResult({ differenceMinor, isSame: sameLines(before, after) })
    const { rows } = await sql<{ id: string; answer: string | null }>`
      UPDATE contest SET status = ${result}, difference_minor = ${differenceMinor}, closed_at = ${tx.now},
        answer = (SELECT string_agg(DISTINCT ticket.note, E'\n') FROM ticket WHERE ticket.visit_id = contest.visit_id AND ticket.completed_at >= contest.opened_at)
      WHERE visit_id = ${cart.visitId} AND closed_at IS NULL RETURNING id, answer`.execute(tx.db)
    const { id: contestId, answer } = rows[0]!
    tx.emit('visit.contest-ended', { ...refOfVisit(cart), contestId, result, answer, differenceMinor })
  }
}
