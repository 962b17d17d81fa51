/** Tickets as the API shows them: rows by keyset, newest first, each page's evidence read in one query. */
import { type RawBuilder, sql } from 'kysely'
import type { Movement } from '#contracts/api/movements.ts'
import type {
  Ticket,
  TicketDetail,
  TicketLine,
  TicketMachineSession,
  TicketRevision,
  TicketStatus,
  TicketWeightChange
} from '#contracts/api/tickets.ts'
import type { VisitDetail } from '#contracts/api/visits.ts'
import type { Context, Db } from '#server/context.ts'
import { asLinks, videosDuring } from '#server/domain/camera/actions.ts'
import { balancesDuring, type SessionBalance, shelfChangeOf } from '#server/domain/iot/actions.ts'
import { findCart, findVisit, visitsDuring } from '#server/domain/user/actions.ts'
import { NotFound } from '#server/platform/errors.ts'
import { beyond, decodeCursor, inOrder, numberedWithin, type Order, pageOf } from '#server/platform/paging.ts'
import { contestsOf } from './contests.ts'
import { type EvidenceRow, evidenceRows } from './evidence.ts'
import { keyOf, movementsOf } from './proposals.ts'
import { proposedLines } from './proposed-lines.ts'
import { ticketNumber } from './rules.ts'

export type TicketFilter = {
  limit?: number
  cursor?: string
  status?: TicketStatus
  machineId?: string
  userId?: string
  visitId?: string
  escalated?: boolean
  contested?: boolean
  from?: string
  to?: string
  order?: Order
}
type Row = Pick<
  Ticket,
  | 'id'
  | 'visitId'
  | 'userId'
  | 'role'
  | 'machineId'
  | 'status'
  | 'windowKind'
  | 'claimedBy'
  | 'claimedByName'
  | 'completedBy'
  | 'note'
  | 'reopenReason'
  | 'escalation'
  | 'contested'
  | 'version'
> & {
  number: number
  startTime: Date
  endTime: Date
  windowStart: Date
  windowEnd: Date
  leaseExpiresAt: Date | null
  completedAt: Date | null
}

/** Tickets that fit all that `filter` names, by number; `from` and `to` are held against the logout. */
export async function listTickets(
  ctx: Context,
  { limit = 50, cursor, ...filter }: TicketFilter
): Promise<{ items: Ticket[]; nextCursor: string | null }> {
  const key = decodeCursor(cursor, ['number'])
  const rows = await ticketRows(ctx.db, { ...filter, after: key ? Number(key[0]) : null, limit: limit + 1 })
  const page = pageOf(rows, limit, (row) => [row.number])
  return { ...page, items: await assemble(ctx, page.items) }
}

/** One ticket with its history. Throws NotFound. */
export async function findTicket(ctx: Context, id: string): Promise<TicketDetail> {
  const rows = await ticketRows(ctx.db, { id, after: null, limit: 1 })
  if (rows.length === 0) throw new NotFound('ticket', id)
  const [[ticket], revisions] = await Promise.all([assemble(ctx, rows), revisionsOf(ctx.db, id)])
  return { ...ticket!, revisions }
}

/** A visit with its tickets, its cart and its contests. Throws NotFound. */
export async function visitWithTickets(ctx: Context, visitId: string): Promise<VisitDetail> {
  const { db } = ctx
  const visit = await findVisit(db, visitId)
  const rows = await ticketRows(db, { visitId, after: null, limit: null, order: 'asc' })
  const [tickets, cart, contests] = await Promise.all([assemble(ctx, rows), findCart(db, visitId), contestsOf(db, visitId)])
  return { ...visit, tickets, cart, contests }
}

/** Read once, before any ticket: they are few. */
const CONTESTED = sql`ARRAY(SELECT contest.visit_id FROM contest WHERE contest.closed_at IS NULL)`

type RowFilter = Omit<TicketFilter, 'limit' | 'cursor'> & { id?: string; after: number | null; limit: number | null }

/** Looked up row by row, not joined: a join was planned with a cache for every visit there is, made anew for each page. */
async function ticketRows(
  db: Db,
  { id, after, limit, status, machineId, userId, visitId, escalated, contested, from, to, order = 'desc' }: RowFilter
): Promise<Row[]> {
  const { numbers, times } = numberedWithin('ticket', { number: 'number', time: 'endTime', from, to })
  const places = [...(after === null ? [] : [sql`ticket.number ${beyond(order)} ${after}`]), ...numbers]
  const facts = [
    ...(id ? [sql`ticket.id = ${id}`] : []),
    ...(status ? [sql`ticket.status = ${status}`] : []),
    ...(machineId ? [sql`ticket.machine_id = ${machineId}`] : []),
    ...(userId ? [sql`ticket.user_id = ${userId}`] : []),
    ...(visitId ? [sql`ticket.visit_id = ${visitId}`] : []),
    ...(escalated === undefined ? [] : [sql`ticket.escalation IS ${escalated ? sql`NOT NULL` : sql`NULL`}`]),
    ...(contested === undefined ? [] : [sql`ticket.visit_id ${contested ? sql`= ANY` : sql`<> ALL`} (${CONTESTED})`])
  ]
  const where = (conditions: RawBuilder<unknown>[]) =>
    conditions.length > 0 ? sql`WHERE ${sql.join(conditions, sql` AND `)}` : sql``
  const inTurn = sql`ORDER BY ticket.number ${inOrder(order)}`
  // Of a span alone the numbers are gone through in turn, up to a page: left to choose, PostgreSQL read a day whole and sorted it.
  const isSpanAlone = facts.length === 0 && times.length > 0
  const source = isSpanAlone
    ? sql`(SELECT * FROM ticket ${where(places)} ${inTurn} OFFSET 0) AS ticket ${where(times)}`
    : sql`ticket ${where([...places, ...times, ...facts])}`
  const { rows } = await sql<Row>`
    SELECT ticket.id, ticket.number, ticket.visit_id, ticket.user_id, ticket.machine_id, ticket.start_time, ticket.end_time,
      (SELECT visit.role FROM visit WHERE visit.id = ticket.visit_id) AS role,
      ticket.window_kind, ticket.window_start, ticket.window_end, ticket.status, ticket.claimed_by,
      (SELECT holder.username FROM staff_account AS holder WHERE holder.id = ticket.claimed_by) AS claimed_by_name,
      ticket.lease_expires_at, ticket.completed_at, ticket.completed_by, ticket.note, ticket.reopen_reason, ticket.escalation,
      EXISTS (SELECT FROM contest WHERE contest.visit_id = ticket.visit_id AND contest.closed_at IS NULL) AS contested, ticket.version
    FROM ${source} ${inTurn} ${limit === null ? sql`` : sql`LIMIT ${limit}`}`.execute(db)
  return rows
}

async function assemble(ctx: Context, rows: Row[]): Promise<Ticket[]> {
  const { db } = ctx
  if (rows.length === 0) return []
  const ids = rows.map((row) => row.id)
  const windows = rows.map((row) => ({ machineId: row.machineId, from: row.windowStart, to: row.windowEnd }))
  const [changes, lines, sessions, videos, movements] = await Promise.all([
    evidenceRows(db, ids),
    linesOf(db, ids),
    balancesDuring(db, windows),
    videosDuring(db, windows),
    movementsOf(db, [...new Set(rows.map((row) => row.visitId))])
  ])
  const then = await visitsDuring(
    db,
    changes.map((change) => ({ from: change.occurredFrom, to: change.occurredAt }))
  )
  const shown = changes.map((change, n) => weightChangeOf(change, then[n]!))
  const byTicket = Map.groupBy(
    shown.map((change, n) => ({ ticketId: changes[n]!.ticketId, change })),
    (entry) => entry.ticketId
  )
  const inside = await visitsOfSessions(db, { rows, changes, sessions })
  return rows.map((row, n): Ticket => {
    const weightChanges = (byTicket.get(row.id) ?? []).map((entry) => entry.change)
    const visitIds = new Set([...weightChanges.flatMap((change) => change.visitIds), ...(inside.get(row.id) ?? [])])
    const books = booksOf(sessions[n]!)
    const own = withBalance(movements.get(keyOf(row.visitId, row.machineId)) ?? [], books.balance)
    const otherVisits = [...visitIds].filter((visitId) => visitId !== row.visitId)
    return {
      ...ticketFacts(row),
      weightChanges,
      movements: own,
      ...asLinks(ctx, videos[n]!, windows[n]!),
      awaitedVideos: videos[n]!.filter(({ endTime }) => endTime === null).map(({ id }) => id),
      ...books,
      otherVisits,
      proposedLines: proposedLines(own),
      lines: lines.get(row.id) ?? []
    }
  })
}

/** Where the books do not balance, something may be missing: no movement there is beyond doubt. */
const withBalance = (movements: Movement[], { isBalanced }: Ticket['balance']): Movement[] =>
  isBalanced === false
    ? movements.map((each) => ({ ...each, reasons: [...each.reasons, 'unbalanced-session' as const] }))
    : movements

function ticketFacts({ number, startTime, endTime, windowStart, windowEnd, leaseExpiresAt, completedAt, ...row }: Row) {
  const times = {
    startTime: startTime.toISOString(),
    endTime: endTime.toISOString(),
    windowStart: windowStart.toISOString(),
    windowEnd: windowEnd.toISOString()
  }
  return {
    ...row,
    number: ticketNumber(number),
    ...times,
    leaseExpiresAt: leaseExpiresAt?.toISOString() ?? null,
    completedAt: completedAt?.toISOString() ?? null
  }
}

/** What it becomes is one object, not a copy of one: a page has hundreds. */
const weightChangeOf = (
  row: EvidenceRow,
  { visitIds, roles }: Pick<TicketWeightChange, 'visitIds' | 'roles'>
): TicketWeightChange => {
  const { movementId, billedTicketId, assignedVisitId } = row
  return Object.assign(shelfChangeOf(row), { visitIds, roles, movementId, billedTicketId, assignedVisitId })
}

/**
 * A window of kind `machine-session` reaches over whole machine sessions, so a change may also belong to a visit that touched its
 * machine session without being open at that very moment.
 */
async function visitsOfSessions(
  db: Db,
  { rows, changes, sessions }: { rows: Row[]; changes: EvidenceRow[]; sessions: SessionBalance[][] }
): Promise<Map<string, string[]>> {
  const ownTimes = Map.groupBy(changes, (change) => change.ticketId)
  const spans = rows.flatMap((row, n) => {
    if (row.windowKind === 'visit') return []
    const times = (ownTimes.get(row.id) ?? []).map((change) => change.occurredAt)
    const touched = sessions[n]!.map((s) => ({
      from: new Date(s.startedAt),
      to: s.endedAt === null ? null : new Date(s.endedAt)
    })).filter(({ from, to }) => times.some((time) => from <= time && (to === null || time <= to)))
    return touched.map(({ from, to }) => ({ ticketId: row.id, from, to: to ?? row.windowEnd }))
  })
  const then = await visitsDuring(db, spans)
  const found = new Map<string, string[]>()
  for (const [n, { ticketId }] of spans.entries()) found.set(ticketId, [...(found.get(ticketId) ?? []), ...then[n]!.visitIds])
  return found
}

function booksOf(sessions: SessionBalance[]): Pick<Ticket, 'machineSessions' | 'balance'> {
  const machineSessions = sessions.map(
    ({ id, startedAt, endedAt, isBalanced }): TicketMachineSession => ({ id, startedAt, endedAt, isBalanced })
  )
  const known = machineSessions.filter((session) => session.isBalanced !== null)
  const residuals = sessions.flatMap((session) => session.residualGrams ?? [])
  const isBalanced = known.length === 0 ? null : known.every((session) => session.isBalanced)
  return {
    machineSessions,
    balance: {
      isBalanced,
      residualGrams: residuals.length === 0 ? null : residuals.reduce((sum, grams) => sum + grams, 0)
    }
  }
}

async function linesOf(db: Db, ticketIds: string[]): Promise<Map<string, TicketLine[]>> {
  const { rows } = await sql<TicketLine & { ticketId: string }>`
    SELECT line.ticket_id, line.product_id, line.quantity, line.unit_price_minor,
      ARRAY(SELECT billed.weight_change_id::text FROM billed_weight_change AS billed
        WHERE billed.ticket_id = line.ticket_id AND billed.position = line.position ORDER BY 1) AS weight_change_ids
    FROM ticket_line AS line WHERE line.ticket_id = ANY(${ticketIds}::uuid[]) ORDER BY line.ticket_id, line.position`.execute(db)
  const lines = new Map<string, TicketLine[]>()
  for (const { ticketId, ...line } of rows) lines.set(ticketId, [...(lines.get(ticketId) ?? []), line])
  return lines
}

async function revisionsOf(db: Db, id: string): Promise<TicketRevision[]> {
  const rows = await db
    .selectFrom('ticketRevision')
    .selectAll()
    .where('ticketId', '=', id)
    .orderBy('version', 'desc')
    .limit(200)
    .execute()
  return rows.map(({ ticketId: _, at, status, lines, ...row }) => ({
    ...row,
    status: status as TicketStatus,
    lines: lines as TicketLine[] | null,
    at: at.toISOString()
  }))
}
