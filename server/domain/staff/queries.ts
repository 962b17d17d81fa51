/** Remembers accounts, sign-ins, tokens, failed passwords. */
import { sql } from 'kysely'
import type { AuditEntry, AuditQuery } from '#contracts/api/audit.ts'
import type { Db } from '#server/context.ts'
import { beyond, type CursorKey, decodeCursor, numberedWithin, pageOf } from '#server/platform/paging.ts'
import type { Role } from './rules.ts'

export type AccountRow = Awaited<ReturnType<typeof accountById>> & {}

/** One account, or undefined. */
export const accountById = (db: Db, id: string) =>
  db.selectFrom('staffAccount').selectAll().where('id', '=', id).executeTakeFirst()

/** One account by its name, whatever its case (staff_account_username). */
export const accountByName = (db: Db, username: string) =>
  db.selectFrom('staffAccount').selectAll().where(sql`lower(username)`, '=', username.toLowerCase()).executeTakeFirst()

/** The account, held against change until the transaction ends. */
export const lockAccount = (db: Db, id: string) =>
  db.selectFrom('staffAccount').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()

/** The ids of all admins who can sign in, held until the transaction ends: two cannot take each other's role at once. */
export async function lockAdmins(db: Db): Promise<string[]> {
  const rows = await db
    .selectFrom('staffAccount')
    .select('id')
    .where('role', '=', 'admin')
    .where('disabledAt', 'is', null)
    .orderBy('id')
    .forUpdate()
    .execute()
  return rows.map((row) => row.id)
}

/** Newest first, `limit` at most. */
export async function accountPage(db: Db, { limit = 50, cursor }: { limit?: number; cursor?: string }) {
  const after = decodeCursor(cursor, ['time', 'uuid'])
  let query = db
    .selectFrom('staffAccount')
    .selectAll()
    .orderBy('createdAt', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
  if (after) query = query.where(sql<boolean>`(created_at, id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`)
  return pageOf(await query.execute(), limit, (row) => [row.createdAt.toISOString(), row.id])
}

const signInColumns = (db: Db) =>
  db
    .selectFrom('staffSession as s')
    .innerJoin('staffAccount as a', 'a.id', 's.accountId')
    .select(['s.id as signInId', 's.createdAt', 's.lastSeenAt', 's.endedAt', 'a.id', 'a.username', 'a.role', 'a.disabledAt'])

/** The sign-in behind a cookie, with its account. */
export const signInByHash = (db: Db, tokenHash: Buffer) =>
  signInColumns(db).where('s.tokenHash', '=', tokenHash).executeTakeFirst()

/** Ends every sign-in of an account but `except`. */
export async function endSignIns(
  db: Db,
  { accountId, now, except }: { accountId: string; now: Date; except?: string }
): Promise<void> {
  let query = db.updateTable('staffSession').set({ endedAt: now }).where('accountId', '=', accountId).where('endedAt', 'is', null)
  if (except) query = query.where('id', '!=', except)
  await query.execute()
}

/** The token behind a hash, with its account. */
export const tokenByHash = (db: Db, tokenHash: Buffer) =>
  db
    .selectFrom('apiToken as t')
    .innerJoin('staffAccount as a', 'a.id', 't.accountId')
    .select(['t.id as tokenId', 't.lastUsedAt', 't.expiresAt', 't.revokedAt', 'a.id', 'a.username', 'a.role', 'a.disabledAt'])
    .where('t.tokenHash', '=', tokenHash)
    .executeTakeFirst()

/** Tokens of one account, or of all, newest first. */
export async function tokenPage(
  db: Db,
  { accountId, limit = 50, cursor }: { accountId?: string; limit?: number; cursor?: string }
) {
  const after = decodeCursor(cursor, ['time', 'uuid'])
  let query = tokensWithNames(db)
    .orderBy('t.createdAt', 'desc')
    .orderBy('t.id', 'desc')
    .limit(limit + 1)
  if (accountId) query = query.where('t.accountId', '=', accountId)
  if (after) query = query.where(sql<boolean>`(t.created_at, t.id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`)
  return pageOf(await query.execute(), limit, (row) => [row.createdAt.toISOString(), row.id])
}

/** One token with its account's name. */
export const tokenById = (db: Db, id: string) => tokensWithNames(db).where('t.id', '=', id).executeTakeFirst()

const tokensWithNames = (db: Db) =>
  db
    .selectFrom('apiToken as t')
    .innerJoin('staffAccount as a', 'a.id', 't.accountId')
    .select(['t.id', 't.accountId', 'a.username', 't.name', 't.createdAt', 't.lastUsedAt', 't.expiresAt', 't.revokedAt'])

/** What is known of failed passwords under each of `keys`. */
export const throttles = (db: Db, keys: string[]) => db.selectFrom('loginThrottle').selectAll().where('key', 'in', keys).execute()

/** One key's failures, held until the transaction ends; made when there is none yet. */
export async function lockThrottle(db: Db, key: string, now: Date) {
  await db
    .insertInto('loginThrottle')
    .values({ key, failures: 0, lastFailedAt: now })
    .onConflict((c) => c.doNothing())
    .execute()
  return db.selectFrom('loginThrottle').selectAll().where('key', '=', key).forUpdate().executeTakeFirstOrThrow()
}

/** The audit trail as it was written; by resource through audit_entry_resource. */
export async function auditPage(
  db: Db,
  { resource, resourceId, actorId, from, to, order = 'desc', limit = 50, cursor }: AuditQuery
): Promise<{ items: AuditEntry[]; nextCursor: string | null }> {
  const after = decodeCursor(cursor, ['number'])
  const span = numberedWithin('audit_entry', { number: 'id', time: 'at', from, to })
  const wanted = [
    ...(resource ? [sql`resource = ${resource}`] : []),
    ...(resourceId ? [sql`resource_id = ${resourceId}`] : []),
    ...(actorId ? [sql`actor_id = ${actorId}`] : []),
    ...span.numbers,
    ...span.times,
    ...(after ? [sql`id ${beyond(order)} ${after[0]}`] : [])
  ]
  let query = db
    .selectFrom('auditEntry')
    .selectAll()
    .orderBy('id', order)
    .limit(limit + 1)
  if (wanted.length > 0) query = query.where(sql<boolean>`${sql.join(wanted, sql` AND `)}`)
  const rows = await query.execute()
  const page = pageOf(rows, limit, (row): CursorKey => [row.id])
  return {
    ...page,
    items: page.items.map(({ hash, previousHash: _previous, at, ...entry }) => ({
      ...entry,
      at: at.toISOString(),
      hash: hash.toString('hex')
    }))
  }
}

/** An account as the rest of the house may see it. */
export type Account = { id: string; username: string; role: Role }
