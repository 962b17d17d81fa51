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
import { type CursorKey, decodeCursor, pageOf } from '#server/platform/paging.ts'
import { withLines } from './receipts.ts'

export type ListQuery = { limit?: number; cursor?: string }
type PageOf<T> = { items: T[]; nextCursor: string | null }
export type ScannerRow = Selectable<DB['scanner']>
const PAGE = 50

/** `time DESC, id DESC` after the cursor's row: what every list here is ordered by. */
function after(cursor: string | undefined, time: string) {
  const key: CursorKey | null = decodeCursor(cursor, ['time', 'uuid'])
  return key ? sql<boolean>`(${sql.ref(time)}, ${sql.ref('id')}) < (${key[0]}::timestamptz, ${key[1]}::uuid)` : sql<boolean>`true`
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

export async function listStoreModeChanges(db: Db, { limit = PAGE, cursor }: ListQuery): Promise<PageOf<StoreModeChange>> {
  const rows = await db
    .selectFrom('storeModeChange')
    .selectAll()
    .where(after(cursor, 'at'))
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
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
    .where(after(cursor, 'createdAt'))
    .orderBy('createdAt', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
  if (!withRetired) query = query.where('retiredAt', 'is', null)
  return pageOf(await query.execute(), limit, (row) => [iso(row.createdAt), row.id])
}

export function scannerOf(row: ScannerRow, last: { scanAt: Date | null; refusal: Scanner['lastRefusal'] }): Scanner {
  const { id, name, tag, online, lastScanAt, createdAt, retiredAt, version } = row
  return {
    id,
    name,
    tag: tag as ScannerTag,
    online,
    lastScanAt: isoOrNull(last.scanAt ?? lastScanAt),
    lastRefusal: last.refusal,
    createdAt: iso(createdAt),
    retiredAt: isoOrNull(retiredAt),
    version
  }
}

// ── users and their sessions ──

export type UserFilter = ListQuery & { role?: UserRole; blocked?: boolean }

export async function usersPage(db: Db, { limit = PAGE, cursor, role, blocked }: UserFilter): Promise<PageOf<UserDetail>> {
  let query = db
    .selectFrom('userDetail')
    .selectAll()
    .where(after(cursor, 'lastSeenAt'))
    .orderBy('lastSeenAt', 'desc')
    .orderBy('id', 'desc')
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

export type UserSessionFilter = ListQuery & { userId?: string; from?: string; to?: string }

export async function listUserSessions(
  db: Db,
  { limit = PAGE, cursor, userId, from, to }: UserSessionFilter
): Promise<PageOf<UserSession>> {
  let query = db
    .selectFrom('userSession')
    .selectAll()
    .where(after(cursor, 'at'))
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
  if (userId) query = query.where('userId', '=', userId)
  if (from) query = query.where('at', '>=', new Date(from))
  if (to) query = query.where('at', '<=', new Date(to))
  const items = (await query.execute()).map((row) => ({ ...row, type: row.type as UserSession['type'], at: iso(row.at) }))
  return pageOf(items, limit, (row) => [row.at, row.id])
}

// ── visits ──

function visitOf({ enteredAt, exitedAt, role, ...row }: Selectable<DB['visit']>): Visit {
  return { ...row, role: role as UserRole, enteredAt: iso(enteredAt), exitedAt: isoOrNull(exitedAt) }
}

/** Visits, newest first; `open` leaves those inside now (or only those that left). */
export async function listVisits(
  db: Db,
  { limit = PAGE, cursor, open, userId }: ListQuery & { open?: boolean; userId?: string }
): Promise<PageOf<Visit>> {
  let query = db
    .selectFrom('visit')
    .selectAll()
    .where(after(cursor, 'enteredAt'))
    .orderBy('enteredAt', 'desc')
    .orderBy('id', 'desc')
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
  const answer: VisitsThen[] = times.map(() => ({ visitIds: [], roles: [] }))
  const visits = Map.groupBy(rows, (row) => row.n)
  for (const [n, { members }] of stretches.entries())
    for (const visit of visits.get(n + 1) ?? []) {
      const [enteredMs, exitedMs] = [visit.enteredAt.getTime(), visit.exitedAt?.getTime() ?? Number.POSITIVE_INFINITY]
      for (const { index, fromMs, toMs } of members) {
        if (enteredMs > toMs || exitedMs < fromMs) continue
        const then = answer[index]!
        then.visitIds.push(visit.id)
        if (!then.roles.includes(visit.role)) then.roles.push(visit.role)
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
  { limit = PAGE, cursor, userId, status }: ListQuery & { userId?: string; status?: Cart['status'] }
): Promise<PageOf<Cart>> {
  let query = db
    .selectFrom('cart')
    .selectAll()
    .where(after(cursor, 'createdAt'))
    .orderBy('createdAt', 'desc')
    .orderBy('id', 'desc')
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
