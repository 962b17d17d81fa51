/** What the user room remembers: lists by keyset, newest first, and who was inside when. Rows leave as the contract has them. */
import { type Selectable, sql } from 'kysely'
import type { Cart } from '#contracts/api/carts.ts'
import type { Scanner, ScannerTag } from '#contracts/api/scanners.ts'
import type { StoreMode, StoreModeChange, UserRole } from '#contracts/api/store.ts'
import type { UserSession } from '#contracts/api/user-sessions.ts'
import type { UserDetail } from '#contracts/api/users.ts'
import type { Visit } from '#contracts/api/visits.ts'
import type { Db } from '#server/context.ts'
import type { DB } from '#server/db/schema.ts'
import { NotFound } from '#server/platform/errors.ts'
import { beyond, decodeCursor, type Order, pageOf } from '#server/platform/paging.ts'
import { withLines } from './receipts.ts'

export type ListQuery = { limit?: number; cursor?: string }
export type SpanQuery = ListQuery & { from?: string; to?: string; order?: Order }
type PageOf<T> = { items: T[]; nextCursor: string | null }
export type ScannerRow = Selectable<DB['scanner']>
const PAGE = 50

/** What every list here is narrowed by and ordered by: `time`, then id. From the cursor's row on, within the span. */
function within(time: string, { cursor, from, to, order = 'desc' }: SpanQuery) {
  const [at, key] = [sql.ref(time), decodeCursor(cursor, ['time', 'uuid'])]
  const wanted = [
    ...(key ? [sql`(${at}, ${sql.ref('id')}) ${beyond(order)} (${key[0]}::timestamptz, ${key[1]}::uuid)`] : []),
    ...(from ? [sql`${at} >= ${from}::timestamptz`] : []),
    ...(to ? [sql`${at} <= ${to}::timestamptz`] : [])
  ]
  return wanted.length > 0 ? sql<boolean>`${sql.join(wanted, sql` AND `)}` : sql<boolean>`true`
}
const iso = (time: Date) => time.toISOString()
const isoOrNull = (time: Date | null) => time?.toISOString() ?? null

// ── the store ──

export const storeRow = (db: Db) => db.selectFrom('store').selectAll().executeTakeFirstOrThrow()

export async function countOpenVisits(db: Db): Promise<number> {
  const { count } = await db
    .selectFrom('visit')
    .select(sql<number>`count(*)`.as('count'))
    .where('exitedAt', 'is', null)
    .executeTakeFirstOrThrow()
  return count
}

export async function listStoreModeChanges(
  db: Db,
  { limit = PAGE, order = 'desc', ...query }: SpanQuery
): Promise<PageOf<StoreModeChange>> {
  const rows = await db
    .selectFrom('storeModeChange')
    .selectAll()
    .where(within('at', { ...query, order }))
    .orderBy('at', order)
    .orderBy('id', order)
    .limit(limit + 1)
    .execute()
  const items = rows.map((row) => ({
    ...row,
    fromMode: row.fromMode as StoreMode,
    toMode: row.toMode as StoreMode,
    at: iso(row.at)
  }))
  return pageOf(items, limit, (row) => [row.at, row.id])
}

// ── scanners ──

export async function scannersPage(
  db: Db,
  { limit = PAGE, cursor, withRetired }: ListQuery & { withRetired: boolean }
): Promise<PageOf<ScannerRow>> {
  let query = db
    .selectFrom('scanner')
    .selectAll()
    .where(within('createdAt', cursor ? { cursor } : {}))
    .orderBy('createdAt', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
  if (!withRetired) query = query.where('retiredAt', 'is', null)
  return pageOf(await query.execute(), limit, (row) => [iso(row.createdAt), row.id])
}

export function scannerOf(
  row: ScannerRow,
  last: { scanAt: Date | null; tookMs: number | null; refusal: Scanner['lastRefusal'] }
): Scanner {
  const { id, name, tag, online, lastScanAt, createdAt, retiredAt, version } = row
  return {
    id,
    name,
    tag: tag as ScannerTag,
    online,
    lastScanAt: isoOrNull(last.scanAt ?? lastScanAt),
    lastScanMs: last.tookMs,
    lastRefusal: last.refusal,
    createdAt: iso(createdAt),
    retiredAt: isoOrNull(retiredAt),
    version
  }
}

// ── users and their sessions ──

export type UserFilter = SpanQuery & { role?: UserRole; blocked?: boolean }

export async function usersPage(
  db: Db,
  { limit = PAGE, order = 'desc', role, blocked, ...span }: UserFilter
): Promise<PageOf<UserDetail>> {
  let query = db
    .selectFrom('userDetail')
    .selectAll()
    .where(within('lastSeenAt', { ...span, order }))
    .orderBy('lastSeenAt', order)
    .orderBy('id', order)
    .limit(limit + 1)
  if (role) query = query.where('role', '=', role)
  if (blocked !== undefined) query = query.where('blockedAt', blocked ? 'is not' : 'is', null)
  return pageOf((await query.execute()).map(userOf), limit, (row) => [row.lastSeenAt, row.id])
}

export function userOf({
  id,
  phoneNumber,
  role,
  blockedAt,
  firstSeenAt,
  lastSeenAt,
  version
}: Selectable<DB['userDetail']>): UserDetail {
  const times = { blockedAt: isoOrNull(blockedAt), firstSeenAt: iso(firstSeenAt), lastSeenAt: iso(lastSeenAt) }
  return { id, phoneNumber, role: role as UserRole, blocked: blockedAt !== null, ...times, version }
}

export type UserSessionFilter = SpanQuery & { userId?: string }

export async function listUserSessions(
  db: Db,
  { limit = PAGE, order = 'desc', userId, ...span }: UserSessionFilter
): Promise<PageOf<UserSession>> {
  let query = db
    .selectFrom('userSession')
    .selectAll()
    .where(within('at', { ...span, order }))
    .orderBy('at', order)
    .orderBy('id', order)
    .limit(limit + 1)
  if (userId) query = query.where('userId', '=', userId)
  const items = (await query.execute()).map((row) => ({ ...row, type: row.type as UserSession['type'], at: iso(row.at) }))
  return pageOf(items, limit, (row) => [row.at, row.id])
}

// ── visits ──

function visitOf({ enteredAt, exitedAt, role, ...row }: Selectable<DB['visit']>): Visit {
  return { ...row, role: role as UserRole, enteredAt: iso(enteredAt), exitedAt: isoOrNull(exitedAt) }
}

/** Visits by when they began; `open` leaves those inside now (or only those that left). */
export async function listVisits(
  db: Db,
  { limit = PAGE, order = 'desc', open, userId, ...span }: SpanQuery & { open?: boolean; userId?: string }
): Promise<PageOf<Visit>> {
  let query = db
    .selectFrom('visit')
    .selectAll()
    .where(within('enteredAt', { ...span, order }))
    .orderBy('enteredAt', order)
    .orderBy('id', order)
    .limit(limit + 1)
  if (open !== undefined) query = query.where('exitedAt', open ? 'is' : 'is not', null)
  if (userId) query = query.where('userId', '=', userId)
  return pageOf((await query.execute()).map(visitOf), limit, (row) => [row.enteredAt, row.id])
}

/** One visit. Throws NotFound. */
export async function findVisit(db: Db, id: string): Promise<Visit> {
  const row = await db.selectFrom('visit').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) throw new NotFound('visit', id)
  return visitOf(row)
}

export async function openVisitsOf(db: Db, role: UserRole): Promise<{ id: string; userId: string; enteredAt: string }[]> {
  const rows = await db
    .selectFrom('visit')
    .select(['id', 'userId', 'enteredAt'])
    .where('exitedAt', 'is', null)
    .where('role', '=', role)
    .orderBy('enteredAt')
    .execute()
  return rows.map((row) => ({ ...row, enteredAt: iso(row.enteredAt) }))
}

export type VisitsThen = { visitIds: string[]; roles: UserRole[] }

/**
 * For each span of time (both ends belong to it) the visits that were open in it, first entered first, with their roles, each once.
 * One query for all of them, over the index of visit spans; spans near each other are looked up together.
 */
export async function visitsDuring(db: Db, times: { from: Date; to: Date }[]): Promise<VisitsThen[]> {
  if (times.length === 0) return []
  const stretches = joined(times)
  const { rows } = await sql<{ n: number; id: string; role: UserRole; enteredAt: Date; exitedAt: Date | null }>`
    SELECT stretch.n, visit.id, visit.role, visit.entered_at, visit.exited_at
    FROM unnest(${stretches.map((s) => iso(new Date(s.fromMs)))}::timestamptz[], ${stretches.map((s) => iso(new Date(s.toMs)))}::timestamptz[])
      WITH ORDINALITY AS stretch (since, until, n)
    JOIN visit ON tstzrange(visit.entered_at, visit.exited_at, '[]') && tstzrange(stretch.since, stretch.until, '[]')
    ORDER BY stretch.n, visit.entered_at, visit.id`.execute(db)
  const answer: VisitsThen[] = new Array(times.length)
  const visits = Map.groupBy(rows, (row) => row.n)
  for (const [n, { members }] of stretches.entries()) {
    const near = (visits.get(n + 1) ?? []).map(({ enteredAt, exitedAt, ...visit }) => ({
      ...{ ...visit, enteredMs: enteredAt.getTime() },
      exitedMs: exitedAt?.getTime() ?? Number.POSITIVE_INFINITY
    }))
    let [before, last]: [typeof near, VisitsThen] = [[], { visitIds: [], roles: [] }]
    for (const { index, fromMs, toMs } of members) {
      const open = near.filter(({ enteredMs, exitedMs }) => enteredMs <= toMs && exitedMs >= fromMs)
      // what follows closely was seen by the same: a page has hundreds of changes and a handful of answers
      if (open.length !== before.length || open.some((visit, k) => visit !== before[k]))
        last = { visitIds: open.map(({ id }) => id), roles: [...new Set(open.map(({ role }) => role))] }
      before = open
      answer[index] = last
    }
  }
  return answer
}

/** Few visits begin and end within a gap of this length, and a lookup costs more than to pass over them. */
const JOINED_GAP_MS = 5 * 60_000

type Stretch = { fromMs: number; toMs: number; members: { index: number; fromMs: number; toMs: number }[] }

/** The times in order, those near each other joined. A span that ends before it begins is its end. */
function joined(times: { from: Date; to: Date }[]): Stretch[] {
  const stretches: Stretch[] = []
  const members = times.map(({ from, to }, index) => ({
    index,
    fromMs: Math.min(from.getTime(), to.getTime()),
    toMs: to.getTime()
  }))
  for (const member of members.sort((a, b) => a.fromMs - b.fromMs)) {
    const last = stretches.at(-1)
    if (last && member.fromMs - last.toMs <= JOINED_GAP_MS) {
      last.toMs = Math.max(last.toMs, member.toMs)
      last.members.push(member)
    } else stretches.push({ fromMs: member.fromMs, toMs: member.toMs, members: [member] })
  }
  return stretches
}

// ── carts ──

export async function listCarts(
  db: Db,
  { limit = PAGE, order = 'desc', userId, status, ...span }: SpanQuery & { userId?: string; status?: Cart['status'] }
): Promise<PageOf<Cart>> {
  let query = db
    .selectFrom('cart')
    .selectAll()
    .where(within('createdAt', { ...span, order }))
    .orderBy('createdAt', order)
    .orderBy('id', order)
    .limit(limit + 1)
  if (userId) query = query.where('userId', '=', userId)
  if (status) query = query.where('status', '=', status)
  const page = pageOf(await query.execute(), limit, (row) => [iso(row.createdAt), row.id])
  return { ...page, items: await withLines(db, page.items) }
}

/** The cart of a visit; null while the visit is open. */
export async function findCart(db: Db, visitId: string): Promise<Cart | null> {
  const row = await db.selectFrom('cart').selectAll().where('visitId', '=', visitId).executeTakeFirst()
  return row ? (await withLines(db, [row]))[0]! : null
}
