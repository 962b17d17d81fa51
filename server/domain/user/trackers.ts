/** People trackers: onboarded and retired like scanners, each with a device key; and what they see, kept for as long as it is evidence. */
import { sql } from 'kysely'
import type { NewTracker, ScannerPlace, Tracker, TrackerInput } from '#contracts/api/trackers.ts'
import type { Person } from '#contracts/device/positions.ts'
import { type Actor, type Context, type Db, type Tx, transact } from '#server/context.ts'
import { audit } from '#server/domain/staff/actions.ts'
import { databaseError } from '#server/platform/database.ts'
import { NotFound } from '#server/platform/errors.ts'
import { hashSecret, newId, newSecret } from '#server/platform/ids.ts'
import { decodeCursor, pageOf } from '#server/platform/paging.ts'

const known = new WeakMap<Context, Map<string, string>>()

/** Reads all trackers' keys anew: at the start, and whenever one changes. */
export async function loadTrackerKeys(ctx: Context): Promise<void> {
  const rows = await ctx.db.selectFrom('tracker').select(['id', 'deviceKeyHash']).where('retiredAt', 'is', null).execute()
  known.set(ctx, new Map(rows.map((row) => [row.deviceKeyHash.toString('hex'), row.id])))
}

/** The tracker whose device key this is; null for a key that nobody has or that ended. */
export const trackerByKey = (ctx: Context, key: string): { trackerId: string } | null =>
  trackerByKeyHash(ctx, hashSecret(key).toString('hex'))

/** As trackerByKey, for who keeps a key's SHA-256 (hex) rather than the key. */
export function trackerByKeyHash(ctx: Context, keyHash: string): { trackerId: string } | null {
  const trackerId = known.get(ctx)?.get(keyHash)
  return trackerId === undefined ? null : { trackerId }
}

/** Is there a tracker of this id in use? */
export const trackerById = (ctx: Context, trackerId: string): boolean => [...(known.get(ctx)?.values() ?? [])].includes(trackerId)

/** Onboards a tracker; its device key is in this answer and never again. */
export async function addTracker(ctx: Context, actor: Actor, { name }: TrackerInput): Promise<NewTracker> {
  const deviceKey = newSecret('niflr_dev')
  const add = async (tx: Tx) => {
    const values = { id: newId(), name, deviceKeyHash: hashSecret(deviceKey), createdAt: tx.now }
    const row = await tx.db.insertInto('tracker').values(values).returningAll().executeTakeFirstOrThrow()
    await audit(tx, actor, { action: 'added', resource: 'tracker', resourceId: row.id, after: { name } })
    return trackerOf(row)
  }
  const tracker = await transact(ctx, add, actor)
  await loadTrackerKeys(ctx)
  return { ...tracker, deviceKey }
}

/** Ends a tracker's key for good. Throws NotFound. */
export async function retireTracker(ctx: Context, actor: Actor, id: string): Promise<void> {
  await transact(
    ctx,
    async (tx) => {
      const retired = await tx.db
        .updateTable('tracker')
        .set({ retiredAt: tx.now, version: sql`version + 1` })
        .where('id', '=', id)
        .where('retiredAt', 'is', null)
        .executeTakeFirst()
      if (retired.numUpdatedRows !== 1n) throw new NotFound('tracker', id)
      await audit(tx, actor, { action: 'retired', resource: 'tracker', resourceId: id })
    },
    actor
  )
  await loadTrackerKeys(ctx)
}

/** Trackers, newest first; retired ones only on request. */
export async function listTrackers(
  { db }: Context,
  { limit = 50, cursor, retired = false }: { limit?: number; cursor?: string; retired?: boolean }
) {
  const after = decodeCursor(cursor, ['time', 'uuid'])
  let query = db
    .selectFrom('tracker')
    .selectAll()
    .orderBy('createdAt', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
  if (!retired) query = query.where('retiredAt', 'is', null)
  if (after) query = query.where(sql<boolean>`(created_at, id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`)
  return pageOf((await query.execute()).map(trackerOf), limit, (row) => [row.createdAt, row.id])
}

type Row = { id: string; name: string; lastSightingAt: Date | null; createdAt: Date; retiredAt: Date | null; version: number }
const trackerOf = ({ id, name, lastSightingAt, createdAt, retiredAt, version }: Row): Tracker => ({
  ...{ id, name, version, createdAt: createdAt.toISOString() },
  lastSightingAt: lastSightingAt?.toISOString() ?? null,
  retiredAt: retiredAt?.toISOString() ?? null
})

/** Puts a scanner on the floor plan, or takes it off. Throws NotFound. */
export function putScannerPlace(ctx: Context, actor: Actor, { id, x, y }: ScannerPlace & { id: string }): Promise<ScannerPlace> {
  return transact(
    ctx,
    async (tx) => {
      const row = await tx.db
        .updateTable('scanner')
        .set({ x, y })
        .where('id', '=', id)
        .where('retiredAt', 'is', null)
        .returning(['x', 'y'])
        .executeTakeFirst()
      if (!row) throw new NotFound('scanner', id)
      await audit(tx, actor, { action: 'placed', resource: 'scanner', resourceId: id, after: { x, y } })
      return row
    },
    actor
  )
}

export type Sighting = { trackerId: string; at: Date; people: Person[] }

/** Keeps what a tracker saw; durable when it resolves. Throws Unavailable, NoSpace. */
export async function recordSighting({ db }: Context, { trackerId, at, people }: Sighting): Promise<void> {
  await sql`
    WITH kept AS (INSERT INTO sighting (tracker_id, at, people) VALUES (${trackerId}, ${at}, ${JSON.stringify(people)}::jsonb))
    UPDATE tracker SET last_sighting_at = greatest(last_sighting_at, ${at}) WHERE id = ${trackerId} AND (last_sighting_at IS NULL OR last_sighting_at < ${at}::timestamptz - interval '5 seconds')`
    .execute(db)
    .catch((error: unknown) => {
      throw databaseError(error)
    })
}

/** What trackers saw between two moments, oldest first. */
export async function sightingsDuring(db: Db, { from, to }: { from: Date; to: Date }): Promise<{ at: Date; people: Person[] }[]> {
  const rows = await db
    .selectFrom('sighting')
    .select(['at', 'people'])
    .where('at', '>=', from)
    .where('at', '<=', to)
    .orderBy('at')
    .orderBy('id')
    .execute()
  return rows as unknown as { at: Date; people: Person[] }[]
}

/** Where the scanners stand that are on the floor plan. */
export async function scannerSpots(db: Db): Promise<Map<string, { x: number; y: number }>> {
  const rows = await db
    .selectFrom('scanner')
    .select(['id', 'x', 'y'])
    .where('x', 'is not', null)
    .where('y', 'is not', null)
    .execute()
  return new Map(rows.map(({ id, x, y }) => [id, { x: x!, y: y! }]))
}

const KEPT = '2 days'
const BATCH = 20_000

/** Forgets where people stood, a batch at a time. Returns how many sightings. */
export async function forgetSightings({ db, clock }: Context): Promise<number> {
  const { numAffectedRows } = await sql`
    DELETE FROM sighting WHERE id IN (SELECT id FROM sighting WHERE at < ${clock.now()}::timestamptz - ${KEPT}::interval ORDER BY at LIMIT ${BATCH})`.execute(
    db
  )
  return Number(numAffectedRows ?? 0n)
}
