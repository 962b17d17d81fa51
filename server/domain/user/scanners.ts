/** Scanners: onboarded, renamed, retired; each with a device key of its own, found in memory by its hash at every request. */
import { sql } from 'kysely'
import type { NewScanner, Scanner, ScannerInput, ScannerPatch, ScannerTag } from '#contracts/api/scanners.ts'
import { type Actor, type Context, type Tx, transact } from '#server/context.ts'
import { audit } from '#server/domain/staff/actions.ts'
import { NotFound, Refused } from '#server/platform/errors.ts'
import { hashSecret, newId, newSecret } from '#server/platform/ids.ts'
import { type ListQuery, type ScannerRow, scannerOf, scannersPage } from './queries.ts'
import { lastScanOf } from './scan-log.ts'

export type KnownScanner = { scannerId: string; tag: ScannerTag }
const known = new WeakMap<Context, Map<string, KnownScanner>>()
const looks = new WeakMap<Context, Promise<void>>()

/** The scanner whose device key this is; null for a key that nobody has or that ended. */
export const scannerByKey = (ctx: Context, key: string): KnownScanner | null =>
  scannerByKeyHash(ctx, hashSecret(key).toString('hex'))

/** As scannerByKey, for who keeps a key's SHA-256 (hex) rather than the key. */
export const scannerByKeyHash = (ctx: Context, keyHash: string): KnownScanner | null => known.get(ctx)?.get(keyHash) ?? null

/** A scanner by id, as long as it is not retired. */
export function scannerById(ctx: Context, scannerId: string): KnownScanner | null {
  return (
    known
      .get(ctx)
      ?.values()
      .find((scanner) => scanner.scannerId === scannerId) ?? null
  )
}

/**
 * Reads all device keys anew: at the start, and regularly, since a key can be changed on the command line. Of several looks at once the
 * last one counts, and all wait for it: an earlier one may still have seen a key that has ended.
 */
export function loadScannerKeys(ctx: Context): Promise<void> {
  const look: Promise<void> = readScannerKeys(ctx).then((keys) => {
    const latest = looks.get(ctx)!
    if (latest !== look) return latest
    known.set(ctx, keys)
    return undefined
  })
  looks.set(ctx, look)
  return look
}

async function readScannerKeys({ db }: Context): Promise<Map<string, KnownScanner>> {
  const rows = await db.selectFrom('scanner').select(['id', 'tag', 'deviceKeyHash']).where('retiredAt', 'is', null).execute()
  return new Map(rows.map((row) => [row.deviceKeyHash.toString('hex'), { scannerId: row.id, tag: row.tag as ScannerTag }]))
}

/** Onboards a scanner; its device key is in this answer and never again. */
export async function addScanner(ctx: Context, actor: Actor, { name, tag }: ScannerInput): Promise<NewScanner> {
  const deviceKey = newSecret('niflr_dev')
  const row = await transact(
    ctx,
    async (tx) => {
      const values = { id: newId(), name, tag, deviceKeyHash: hashSecret(deviceKey), createdAt: tx.now }
      const added = await tx.db.insertInto('scanner').values(values).returningAll().executeTakeFirstOrThrow()
      await audit(tx, actor, { action: 'added', resource: 'scanner', resourceId: added.id, after: { name, tag } })
      return added
    },
    actor
  )
  await loadScannerKeys(ctx)
  return { ...asScanner(ctx, row), deviceKey }
}

/** Renames a scanner or moves it to the other door. */
export async function changeScanner(
  ctx: Context,
  actor: Actor,
  { id, patch }: { id: string; patch: ScannerPatch }
): Promise<Scanner> {
  const row = await transact(
    ctx,
    async (tx) => {
      const before = await lockScanner(tx, id)
      if (patch.version !== undefined && patch.version !== before.version)
        throw new Refused('stale-version', 'somebody changed this scanner since', { version: before.version })
      const { name = before.name, tag = before.tag } = patch
      const after = await update(tx, id, { name, tag })
      await audit(tx, actor, {
        action: 'changed',
        resource: 'scanner',
        resourceId: id,
        before: { name: before.name, tag: before.tag },
        after: { name, tag }
      })
      return after
    },
    actor
  )
  await loadScannerKeys(ctx)
  return asScanner(ctx, row)
}

/** Ends a scanner's key for good; its visits keep naming it. */
export async function retireScanner(ctx: Context, actor: Actor, id: string): Promise<void> {
  await transact(
    ctx,
    async (tx) => {
      await lockScanner(tx, id)
      await update(tx, id, { retiredAt: tx.now, online: false })
      await audit(tx, actor, { action: 'retired', resource: 'scanner', resourceId: id })
    },
    actor
  )
  await loadScannerKeys(ctx)
}

/** A new device key; the old one ends at once. */
export async function rotateScannerKey(
  ctx: Context,
  actor: Actor,
  id: string
): Promise<{ scannerId: string; deviceKey: string }> {
  const deviceKey = newSecret('niflr_dev')
  await transact(
    ctx,
    async (tx) => {
      await lockScanner(tx, id)
      await update(tx, id, { deviceKeyHash: hashSecret(deviceKey) })
      await audit(tx, actor, { action: 'key-rotated', resource: 'scanner', resourceId: id })
    },
    actor
  )
  await loadScannerKeys(ctx)
  return { scannerId: id, deviceKey }
}

/** Said by the MQTT room when a scanner connects or goes. */
export async function setScannerOnline(ctx: Context, scannerId: string, online: boolean): Promise<void> {
  await ctx.db.updateTable('scanner').set({ online }).where('id', '=', scannerId).where('online', '!=', online).execute()
}

/** Scanners, newest first; retired ones only on request. */
export async function listScanners(ctx: Context, query: ListQuery & { retired?: boolean }) {
  const { items, nextCursor } = await scannersPage(ctx.db, { ...query, withRetired: query.retired ?? false })
  return { items: items.map((row) => asScanner(ctx, row)), nextCursor }
}

/** One scanner, retired or not. Throws NotFound. */
export async function findScanner(ctx: Context, id: string): Promise<Scanner> {
  const row = await ctx.db.selectFrom('scanner').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) throw new NotFound('scanner', id)
  return asScanner(ctx, row)
}

const asScanner = (ctx: Context, row: ScannerRow): Scanner => scannerOf(row, lastScanOf(ctx, row.id))

async function lockScanner(tx: Tx, id: string): Promise<ScannerRow> {
  const row = await tx.db
    .selectFrom('scanner')
    .selectAll()
    .where('id', '=', id)
    .where('retiredAt', 'is', null)
    .forUpdate()
    .executeTakeFirst()
  if (!row) throw new NotFound('scanner', id)
  return row
}

type Changes = { name?: string; tag?: string; retiredAt?: Date; online?: boolean; deviceKeyHash?: Buffer }

function update(tx: Tx, id: string, changes: Changes): Promise<ScannerRow> {
  return tx.db
    .updateTable('scanner')
    .set({ ...changes, version: sql`version + 1` })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
}
