/** The store itself: what it is, whether anything is onboarded, and that a simulated shop has moved in. */
import { sql } from 'kysely'
import type { StoreInfo, StoreMode } from '#contracts/api/store.ts'
import { type Actor, type Context, type Db, transact } from '#server/context.ts'
import { audit } from '#server/domain/staff/actions.ts'
import { Refused } from '#server/platform/errors.ts'
import { countOpenVisits, storeRow } from './queries.ts'

/** The store, its mode and how many are inside. */
export async function storeInfo({ db, config }: Context): Promise<StoreInfo> {
  const { storeId, name, mode, modeSince, createdAt, simulatedSince } = await storeRow(db)
  const { timeZone, currency, allowAnonymousDevices } = config
  return {
    ...{ storeId, name, timeZone, currency, mode: mode as StoreMode },
    modeSince: modeSince.toISOString(),
    openVisits: await countOpenVisits(db),
    allowsAnonymousDevices: allowAnonymousDevices,
    isEmpty: await isEmpty(db),
    simulatedSince: simulatedSince?.toISOString() ?? null,
    createdAt: createdAt.toISOString()
  }
}

/**
 * Marks the store as one that a simulated shop has moved into; one that is marked stays so. Throws Refused `store-not-empty` once
 * anything real is onboarded: what is simulated and what is real are never told apart again.
 */
export function beginSimulation(ctx: Context, actor: Actor): Promise<void> {
  return transact(
    ctx,
    async (tx) => {
      const { simulatedSince } = await tx.db.selectFrom('store').select('simulatedSince').forUpdate().executeTakeFirstOrThrow()
      if (simulatedSince) return
      if (!(await isEmpty(tx.db)))
        throw new Refused(
          'store-not-empty',
          'something is onboarded in this store: a simulated shop moves into an empty one only; `npm run demo` starts one in a data folder of its own'
        )
      await tx.db.updateTable('store').set({ simulatedSince: tx.now }).execute()
      const after = { simulatedSince: tx.now.toISOString() }
      await audit(tx, actor, { action: 'simulated', resource: 'store', resourceId: ctx.store.storeId, after })
    },
    actor
  )
}

/** Has nothing been onboarded yet, not even something that was retired since? */
async function isEmpty(db: Db): Promise<boolean> {
  const { rows } = await sql<{ isEmpty: boolean }>`
    SELECT NOT (EXISTS (SELECT FROM machine) OR EXISTS (SELECT FROM scanner) OR EXISTS (SELECT FROM camera)
      OR EXISTS (SELECT FROM product)) AS is_empty`.execute(db)
  return rows[0]!.isEmpty
}
