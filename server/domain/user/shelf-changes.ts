/** Weight changes as the store knows them: what the shelves saw, and who was inside. */
import type { WeightChange, WeightChangeQuery } from '#contracts/api/weight-changes.ts'
import type { Context } from '#server/context.ts'
import { listWeightChanges } from '#server/domain/iot/actions.ts'
import { NotFound } from '#server/platform/errors.ts'
import { storeRow, visitsDuring } from './queries.ts'

/** Weight changes, newest first, each with the visits open at that moment and their roles. Throws NotFound for an unknown visit. */
export async function listShelfChanges(
  ctx: Context,
  { visitId, ...filter }: WeightChangeQuery
): Promise<{ items: WeightChange[]; nextCursor: string | null }> {
  const span = visitId === undefined ? undefined : await visitSpan(ctx, visitId)
  const page = await listWeightChanges(ctx, { ...filter, ...(span && { span }) })
  const then = await visitsDuring(
    ctx.db,
    page.items.map((change) => ({ from: new Date(change.occurredFrom), to: new Date(change.occurredAt) }))
  )
  return { ...page, items: page.items.map((change, n) => ({ ...change, ...then[n]! })) }
}

async function visitSpan({ db }: Context, visitId: string): Promise<{ from: Date; to: Date | null }> {
  const visit = await db.selectFrom('visit').select(['enteredAt', 'exitedAt']).where('id', '=', visitId).executeTakeFirst()
  if (!visit) throw new NotFound('visit', visitId)
  return { from: visit.enteredAt, to: visit.exitedAt }
}

/** The mode the store is in. */
export async function readStoreMode({ db }: Context): Promise<string> {
  return (await storeRow(db)).mode
}
