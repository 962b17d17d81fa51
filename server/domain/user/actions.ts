/** The user room's door: coming in, the user's part of leaving, store modes; and what its neighbours may use of scanners, QR keys and lists. */
import { sql } from 'kysely'
import type { DoorAccepted } from '#contracts/api/entry.ts'
import type { StoreMode, StoreModeState, UserRole } from '#contracts/api/store.ts'
import { type Actor, type Context, type Tx, transact } from '#server/context.ts'
import { cutMachineSessions } from '#server/domain/iot/actions.ts'
import { audit } from '#server/domain/staff/actions.ts'
import { NotFound, Refused } from '#server/platform/errors.ts'
import { newId } from '#server/platform/ids.ts'
import { openVisitsOf } from './queries.ts'
import { entryRefusal, locksOutCustomers } from './rules.ts'
import { decideScan, type Presented, refused, verifyCode } from './scans.ts'
import { type Code, SKEW_SECONDS } from './token.ts'

export { type LockedCart, lockCarts, reopenCarts, type Settlement, settleCart } from './carts.ts'
export { forgetOldUsers, forgetUser } from './privacy.ts'
export { addQrKey, listQrKeys, removeQrKey } from './qr-keys.ts'
export { findCart, findVisit, listCarts, listStoreModeChanges, listUserSessions, listVisits, visitsDuring } from './queries.ts'
export {
  addScanner,
  changeScanner,
  findScanner,
  type KnownScanner,
  listScanners,
  loadScannerKeys,
  retireScanner,
  rotateScannerKey,
  scannerById,
  scannerByKey,
  scannerByKeyHash,
  setScannerOnline
} from './scanners.ts'
export { decideScan, type Presented } from './scans.ts'
export { listShelfChanges, readStoreMode } from './shelf-changes.ts'
export { lastRefillAt, staysAround, type VisitStay, wasAnybodyInside } from './stays.ts'
export { beginSimulation, storeInfo } from './store.ts'
export type { Code } from './token.ts'
export {
  addTracker,
  forgetSightings,
  listTrackers,
  loadTrackerKeys,
  putScannerPlace,
  recordSighting,
  retireTracker,
  scannerSpots,
  sightingsDuring,
  trackerById,
  trackerByKey,
  trackerByKeyHash
} from './trackers.ts'
export { changeUser, findUser, listUsers } from './users.ts'

export type ClosedVisit = { visitId: string; userId: string; role: UserRole; enteredAt: Date; exitedAt: Date }

/**
 * Lets a user in: one code, one visit, in one transaction; a refused code is not used up. Throws Refused with the first reason that
 * holds (contract §3), Unavailable when the box cannot decide: then the door stays closed.
 */
export function enter(ctx: Context, presented: Presented): Promise<DoorAccepted> {
  return decideScan(ctx, { ...presented, tag: 'ENTRY' }, (tx, code) => openVisit(tx, code, presented.scannerId))
}

/**
 * The lock on `store` makes an entry and a mode change wait for each other: whoever commits second has seen the first. Entries share
 * it, and it does not stand in the way of the exits' ticket numbers.
 */
async function openVisit(tx: Tx, code: Code, scannerId: string | null): Promise<DoorAccepted> {
  const { rows } = await sql<{ mode: StoreMode }>`SELECT mode FROM store FOR KEY SHARE`.execute(tx.db)
  await useCode(tx, code)
  const user = await recordUser(tx, code)
  const reason = entryRefusal({ role: code.role, mode: rows[0]!.mode, isBlocked: user.blockedAt !== null })
  if (reason) throw refused(reason)
  const visitId = newId()
  const opened = await sql`
    WITH opened AS (
      INSERT INTO visit (id, user_id, role, entered_at, entry_scanner_id)
      VALUES (${visitId}, ${code.userId}, ${code.role}, ${tx.now}, ${scannerId})
      ON CONFLICT (user_id) WHERE exited_at IS NULL DO NOTHING RETURNING id)
    INSERT INTO user_session (id, user_id, visit_id, type, scanner_id, at)
    SELECT ${newId()}::uuid, ${code.userId}::uuid, id, 'ENTRY_AUTHENTICATED', ${scannerId}::uuid, ${tx.now}::timestamptz FROM opened`.execute(
    tx.db
  )
  if (opened.numAffectedRows !== 1n) throw refused('already-inside')
  tx.emit('visit.opened', { visitId, userId: code.userId, role: code.role, enteredAt: tx.now.toISOString() })
  return { status: 'success', visitId, userId: code.userId, role: code.role }
}

type Leaving = { scannerId: string | null; currency: string }

/**
 * The user's part of leaving, in the caller's transaction: uses the code up, ends the visit, opens its cart. Possible in every store mode,
 * blocked or not.
 */
export function closeVisit(tx: Tx, code: Code, leaving: Leaving): Promise<ClosedVisit> {
  return endVisit(tx, { ...leaving, userId: code.userId, code })
}

/** Ends the visit of somebody who left without a code (the door was open), for staff. Throws NotFound, Refused `not-inside`. */
export async function closeForgottenVisit(
  tx: Tx,
  actor: Actor,
  { visitId, reason, currency }: { visitId: string; reason: string; currency: string }
): Promise<ClosedVisit> {
  const visit = await tx.db
    .selectFrom('visit')
    .select(['userId', 'exitedAt'])
    .where('id', '=', visitId)
    .forUpdate()
    .executeTakeFirst()
  if (!visit) throw new NotFound('visit', visitId)
  if (visit.exitedAt) throw new Refused('not-inside', 'this visit is over already')
  const closed = await endVisit(tx, { userId: visit.userId, code: null, scannerId: null, currency })
  await audit(tx, actor, { action: 'closed', resource: 'visit', resourceId: visitId, after: { reason } })
  return closed
}

/** In one statement, since the door waits for it. */
async function endVisit(
  tx: Tx,
  { userId, code, scannerId, currency }: Leaving & { userId: string; code: Code | null }
): Promise<ClosedVisit> {
  const { rows } = await sql<{ isUsed: boolean; id: string | null; role: UserRole; enteredAt: Date; exitedAt: Date }>`
    WITH used AS (${code ? useOf(tx, code) : sql`SELECT`}),
    closed AS (
      UPDATE visit SET exited_at = greatest(${tx.now}, entered_at), exit_scanner_id = ${scannerId}, version = version + 1
      WHERE user_id = ${userId} AND exited_at IS NULL AND EXISTS (SELECT FROM used) RETURNING id, user_id, role, entered_at, exited_at),
    logged AS (
      INSERT INTO user_session (id, user_id, visit_id, type, scanner_id, at)
      SELECT ${newId()}::uuid, user_id, id, 'EXIT_AUTHENTICATED', ${scannerId}::uuid, ${tx.now}::timestamptz FROM closed),
    seen AS (UPDATE user_detail SET last_seen_at = greatest(last_seen_at, ${tx.now}) FROM closed WHERE user_detail.id = closed.user_id),
    opened AS (
      INSERT INTO cart (id, visit_id, user_id, currency, created_at)
      SELECT ${newId()}::uuid, id, user_id, ${currency}, ${tx.now}::timestamptz FROM closed)
    SELECT EXISTS (SELECT FROM used) AS is_used, id, role, entered_at, exited_at
    FROM (VALUES (0)) AS one LEFT JOIN closed ON true`.execute(tx.db)
  const visit = rows[0]!
  if (!visit.isUsed) throw refused('already-used')
  if (!visit.id) throw refused('not-inside')
  const closed = {
    visitId: visit.id,
    userId,
    role: visit.role,
    enteredAt: visit.enteredAt,
    exitedAt: visit.exitedAt
  }
  tx.emit('visit.closed', { ...closed, enteredAt: closed.enteredAt.toISOString(), exitedAt: closed.exitedAt.toISOString() })
  return closed
}

async function useCode(tx: Tx, code: Code): Promise<void> {
  const { rows } = await useOf(tx, code).execute(tx.db)
  if (rows.length === 0) throw refused('already-used')
}

/** One code, one entry or exit: of many presentations at once the others wait here for the first one's commit, and lose: no row for them. */
const useOf = (tx: Tx, { jti, userId, exp }: Code) => sql<{ jti: string }>`
  INSERT INTO used_code (jti, user_id, used_at, expires_at)
  VALUES (${jti}, ${userId}, ${tx.now}, ${new Date((exp + SKEW_SECONDS) * 1000)}) ON CONFLICT DO NOTHING RETURNING jti`

function recordUser(tx: Tx, { userId, phoneNumber, role }: Code): Promise<{ blockedAt: Date | null }> {
  const values = { id: userId, phoneNumber, role, firstSeenAt: tx.now, lastSeenAt: tx.now }
  return tx.db
    .insertInto('userDetail')
    .values(values)
    .onConflict((c) =>
      c.column('id').doUpdateSet({ phoneNumber, role, lastSeenAt: sql`greatest(user_detail.last_seen_at, ${tx.now})` })
    )
    .returning('blockedAt')
    .executeTakeFirstOrThrow()
}

/**
 * The answer of a scan that succeeded within the last `withinMs`, for the same code at the same scanner: what a redelivery by the
 * broker is told again. Null where that code did not succeed there.
 */
export async function answerOfRedelivery(
  ctx: Context,
  presented: Presented & { tag: 'ENTRY' | 'EXIT'; withinMs: number }
): Promise<DoorAccepted | null> {
  const code = await verifyCode(ctx, presented)
  const type = presented.tag === 'ENTRY' ? 'ENTRY_AUTHENTICATED' : 'EXIT_AUTHENTICATED'
  const since = new Date(ctx.clock.now().getTime() - presented.withinMs)
  const row = await ctx.db // a code and its user session carry the time of the one transaction that made both
    .selectFrom('usedCode')
    .innerJoin('userSession', (on) =>
      on.onRef('userSession.userId', '=', 'usedCode.userId').onRef('userSession.at', '=', 'usedCode.usedAt')
    )
    .innerJoin('visit', 'visit.id', 'userSession.visitId')
    .select(['visit.id', 'visit.role'])
    .where('usedCode.jti', '=', code.jti)
    .where('usedCode.userId', '=', code.userId)
    .where('usedCode.usedAt', '>', since)
    .where('userSession.type', '=', type)
    .where('userSession.scannerId', '=', presented.scannerId)
    .executeTakeFirst()
  return row ? { status: 'success', visitId: row.id, userId: code.userId, role: row.role as UserRole } : null
}

/**
 * Puts the store into a mode and cuts every machine session there, in one transaction. The mode it is in already: nothing happens.
 * Throws Refused('customers-inside') with their visits when the mode would lock them out, unless `force`.
 */
export function changeStoreMode(
  ctx: Context,
  actor: Actor,
  { mode, force = false }: { mode: StoreMode; force?: boolean }
): Promise<StoreModeState> {
  return transact(
    ctx,
    async (tx) => {
      const before = await tx.db.selectFrom('store').select(['mode', 'modeSince']).forUpdate().executeTakeFirstOrThrow()
      if (before.mode === mode) return { mode, since: before.modeSince.toISOString() }
      const inside = locksOutCustomers(mode) ? await openVisitsOf(tx.db, 'customer') : []
      if (inside.length > 0 && !force) throw customersInside(mode, inside)
      const forced = inside.length > 0
      await tx.db.updateTable('store').set({ mode, modeSince: tx.now }).execute()
      const change = { id: newId(), fromMode: before.mode, toMode: mode, at: tx.now, changedBy: actor.name, forced }
      await tx.db.insertInto('storeModeChange').values(change).execute()
      await cutMachineSessions(ctx, tx, { storeMode: mode })
      tx.emit('store-mode.changed', { from: before.mode as StoreMode, to: mode, forced })
      const facts = { before: { mode: before.mode }, after: { mode, forced } }
      await audit(tx, actor, { action: 'mode-changed', resource: 'store', resourceId: ctx.store.storeId, ...facts })
      return { mode, since: tx.now.toISOString() }
    },
    actor
  )
}

function customersInside(mode: StoreMode, visits: { id: string; userId: string; enteredAt: string }[]): Refused {
  const message = `${visits.length} customer${visits.length === 1 ? ' is' : 's are'} inside and ${mode} would lock them out; wait, or send "force": true`
  return new Refused('customers-inside', message, { visits })
}

const CODES_KEPT_MS = 24 * 3_600_000

/** Forgets codes that were used, a day after they could last have been valid. Returns how many; a batch at a time. */
export async function forgetUsedCodes(ctx: Context): Promise<number> {
  const before = new Date(ctx.clock.now().getTime() - CODES_KEPT_MS)
  const old = ctx.db.selectFrom('usedCode').select('jti').where('expiresAt', '<', before).limit(5000)
  const { numDeletedRows } = await ctx.db.deleteFrom('usedCode').where('jti', 'in', old).executeTakeFirst()
  return Number(numDeletedRows)
}
