/**
 * Late evidence: what lands in a window after its ticket was made. A follower of the event log finds the tickets that a weight change
 * touches and compares what they know with what lies there now; a difference makes a new version, and reopens a completed ticket where
 * it could alter the cart. Because states are compared, a message told twice, out of order or again after a crash changes nothing, and
 * the cursor moves in the transaction of its effects.
 *
 * Nothing slips between the follower and who works on a ticket at the same time:
 * - an exit that is just making its tickets holds the row of the store and looks at the evidence under that lock. The follower waits
 *   for the lock once between reading events and looking for tickets: an exit before it is committed and its tickets are found, an
 *   exit after it sees the change itself, since events are only told of committed transactions;
 * - a review or the clock completes a ticket under its row lock and looks at the evidence after taking it. Either it sees the change,
 *   or the follower waits for the lock and finds a completed ticket, which it reopens.
 */
import { sql } from 'kysely'
import { type Context, type Tx, takeEvents } from '#server/context.ts'
import { videoStatesDuring } from '#server/domain/camera/actions.ts'
import { reopenCarts } from '#server/domain/user/actions.ts'
import type { EventRow } from '#server/platform/event-log.ts'
import { billedOn, currentEvidence } from './evidence.ts'
import { type Evidence, type EvidenceNews, evidenceNews } from './rules.ts'
import { forgetLines, type HeldTicket, lockTickets, refOf, writeRevisions } from './ticket-rows.ts'

const FOLLOWER = 'attach-late-evidence'
const SESSION_CLOSED = 'machine-session.closed'

/** Takes one page of the event log; returns how many events it held, 0 when it is at the end. */
export function attachLateEvidence(ctx: Context): Promise<number> {
  return takeEvents(ctx, {
    follower: FOLLOWER,
    async concerns(events) {
      const [touched, videos] = [touchedAmong(events), videosAmong(events)]
      if (touched.length + videos.length === 0) return false
      await ctx.db.selectFrom('store').select('mode').forShare().execute() // waits for exits under way; holds nothing
      const isMoving = touched.some(({ name }) => name === SESSION_CLOSED)
      return isMoving || (await ticketsTouchedBy(ctx, touched)).length + (await ticketsSeenBy(ctx, videos)).length > 0
    },
    async take(tx, events) {
      const touched = touchedAmong(events)
      await moveWindows(tx, touched)
      const weighed = new Set(await ticketsTouchedBy(tx, touched))
      const seen = new Set(await ticketsSeenBy(tx, videosAmong(events)))
      const ids = [...new Set([...weighed, ...seen])]
      if (ids.length === 0) return
      const held = await lockTickets(tx, ids) // all at once: in two sets two transactions could wait for each other
      const isOf = (set: Set<string>) => (ticket: HeldTicket) => set.has(ticket.id)
      const refreshed = await refreshEvidence(ctx, tx, held.filter(isOf(weighed)))
      const others = held.filter((ticket) => !weighed.has(ticket.id))
      await refreshVideos(tx, [...refreshed, ...others].filter(isOf(seen)))
    }
  })
}

const touchedAmong = (events: EventRow[]) =>
  events.filter(({ name }) => name.startsWith('weight-change.') || name === SESSION_CLOSED)
/** A copy elsewhere changes no evidence. */
const videosAmong = (events: EventRow[]) => events.filter(({ name }) => name.startsWith('video.') && name !== 'video.uploaded')

/**
 * Brings held tickets up to date with their evidence: those that know less than there is get a new version; a completed one whose cart
 * could be altered is reopened. Returns all of them as they are now.
 */
export async function refreshEvidence(ctx: Context, tx: Tx, tickets: HeldTicket[]): Promise<HeldTicket[]> {
  if (tickets.length === 0) return []
  const current = await currentEvidence(
    tx.db,
    tickets.map((ticket) => ticket.id)
  )
  const changed = tickets.filter((ticket) =>
    evidenceNews({ ...NOTHING_BILLED, known: ticket.evidence, current: current.get(ticket.id)! })
  )
  if (changed.length === 0) return tickets
  const billed = await billedOn(tx.db, [
    ...new Set(changed.flatMap((ticket) => [...Object.keys(ticket.evidence), ...Object.keys(current.get(ticket.id)!)]))
  ])
  const news = changed.map((ticket) => newsOf(ticket, current.get(ticket.id)!, billed))
  const next = changed.map((ticket, n) => nextState(ctx, tx, { ticket, current: current.get(ticket.id)!, news: news[n]! }))
  const written = await writeRevisions(
    tx,
    next.map((ticket, n) => ({ ticket, reason: reasonOf(changed[n]!, ticket, news[n]!), author: 'system' }))
  )
  for (const [n, ticket] of written.entries())
    tx.emit('ticket.changed', { ...refOf(ticket), reason: reasonOf(changed[n]!, ticket, news[n]!) })
  await reopen(
    tx,
    written.filter((ticket, n) => isReopened(changed[n]!, ticket))
  )
  const latest = new Map(written.map((ticket) => [ticket.id, ticket]))
  return tickets.map((ticket) => latest.get(ticket.id) ?? ticket)
}

const NOTHING_BILLED = { billedHere: new Set<string>(), billedElsewhere: new Set<string>() }
const isReopened = (before: HeldTicket, after: HeldTicket) =>
  before.status === 'REVIEW_COMPLETE' && after.status === 'TO_BE_REVIEWED'
const reasonOf = (before: HeldTicket, after: HeldTicket, news: EvidenceNews) =>
  news.hasAdded || isReopened(before, after) ? 'late-evidence' : 'evidence-corrected'

function newsOf(ticket: HeldTicket, current: Evidence, billed: Map<string, string>): EvidenceNews {
  const on = (isHere: boolean) =>
    new Set([...billed].filter(([, ticketId]) => (ticketId === ticket.id) === isHere).map(([id]) => id))
  return evidenceNews({ known: ticket.evidence, current, billedHere: on(true), billedElsewhere: on(false) })!
}

/** A ticket that has become empty may complete itself again; one that got evidence only when inference is asked. */
function nextState(
  { config }: Context,
  tx: Tx,
  { ticket, current, news }: { ticket: HeldTicket; current: Evidence; news: EvidenceNews }
): HeldTicket {
  const status = ticket.status === 'REVIEW_COMPLETE' && news.couldAlterCart ? 'TO_BE_REVIEWED' : ticket.status
  const isEmpty = Object.keys(current).length === 0
  const isMeant = config.autoReview === 'confident' || (isEmpty && config.autoReview === 'empty')
  const mayComplete = isMeant && status !== 'REVIEW_COMPLETE' && !ticket.escalation
  return { ...ticket, status, evidence: current, autoReviewDueAt: mayComplete ? (ticket.autoReviewDueAt ?? tx.now) : null }
}

async function reopen(tx: Tx, tickets: HeldTicket[]): Promise<void> {
  if (tickets.length === 0) return
  await forgetLines(
    tx,
    tickets.map(({ id }) => ({ id, reason: 'late-evidence' }))
  )
  for (const ticket of tickets) tx.emit('ticket.reopened', { ...refOf(ticket), reason: 'late-evidence' })
  await reopenCarts(tx, [...new Set(tickets.map((ticket) => ticket.visitId))])
}

/**
 * Held tickets learn of videos that opened, closed or went in their window: a new version for each that knew otherwise. Video alone alters
 * no cart, so a completed ticket stays complete.
 */
async function refreshVideos(tx: Tx, tickets: HeldTicket[]): Promise<void> {
  if (tickets.length === 0) return
  const windows = tickets.map(({ machineId, windowStart, windowEnd }) => ({ machineId, from: windowStart, to: windowEnd }))
  const current = await videoStatesDuring(tx.db, windows)
  const news = tickets
    .map((ticket, n) => ({ ...ticket, knownVideos: current[n]!, before: ticket.knownVideos }))
    .filter(({ knownVideos, before }) => !sameStates(knownVideos, before))
  const written = await writeRevisions(
    tx,
    news.map(({ before: _, ...ticket }) => ({ ticket, reason: 'video', author: 'system' }))
  )
  for (const ticket of written) tx.emit('ticket.changed', { ...refOf(ticket), reason: 'video' })
}

const sameStates = (a: Record<string, string>, b: Record<string, string>): boolean =>
  Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([id, state]) => b[id] === state)

/** The tickets in whose window one of these videos lies, or was thought to lie while it was open: then it reached as far as there are tickets. */
async function ticketsSeenBy({ db }: Pick<Tx, 'db'>, events: EventRow[]): Promise<string[]> {
  if (events.length === 0) return []
  const since = events.map(({ payload }) => String(payload.startedAt))
  const until = events.map(({ name, payload }) => (name === 'video.missing' ? String(payload.endedAt) : null))
  const { rows } = await sql<{ id: string }>`
    SELECT DISTINCT ticket.id FROM unnest(${since}::timestamptz[], ${until}::timestamptz[]) AS video (since, until)
    CROSS JOIN machine JOIN ticket ON ticket.machine_id = machine.machine_id AND ticket.window_end >= video.since
      AND (video.until IS NULL OR ticket.window_start <= video.until)`.execute(db)
  return rows.map((row) => row.id)
}

/** The tickets whose window one of these weight changes lies in, or reaches into. */
async function ticketsTouchedBy({ db }: Pick<Tx, 'db'>, events: EventRow[]): Promise<string[]> {
  if (events.length === 0) return []
  const changes = events.map((event) => event.payload)
  const of = (key: string, otherwise: string) => changes.map((change) => String(change[key] ?? change[otherwise]))
  const { rows } = await sql<{ id: string }>`
    SELECT DISTINCT ticket.id
    FROM unnest(${of('machineId', 'machineId')}::text[], ${of('occurredFrom', 'startedAt')}::timestamptz[], ${of('occurredAt', 'endedAt')}::timestamptz[])
      AS change (machine_id, since, until)
    JOIN ticket ON ticket.machine_id = change.machine_id AND ticket.window_end >= change.since AND ticket.window_start <= change.until`.execute(
    db
  )
  return rows.map((row) => row.id)
}

/**
 * The machine session that ran at a logout has ended: now it is known when, and the window of kind `machine-session` ends there. What was
 * decided on a longer window stands: a completed ticket's window only grows.
 */
async function moveWindows(tx: Tx, events: EventRow[]): Promise<void> {
  const closed = events.filter(({ name }) => name === SESSION_CLOSED).map(({ payload }) => payload)
  if (closed.length === 0) return
  const of = (key: string) => closed.map((session) => String(session[key]))
  await sql`
    UPDATE ticket SET window_end = greatest(closed.until, ticket.end_time),
      auto_review_due_at = ticket.auto_review_due_at + (greatest(closed.until, ticket.end_time) - ticket.window_end)
    FROM unnest(${of('machineId')}::text[], ${of('startedAt')}::timestamptz[], ${of('endedAt')}::timestamptz[]) AS closed (machine_id, since, until)
    WHERE ticket.machine_id = closed.machine_id AND ticket.window_end >= closed.since AND ticket.window_kind = 'machine-session'
      AND ticket.end_time >= closed.since AND ticket.end_time <= closed.until AND ticket.window_end <> greatest(closed.until, ticket.end_time)
      AND (ticket.status <> 'REVIEW_COMPLETE' OR closed.until > ticket.window_end)`.execute(tx.db)
}
