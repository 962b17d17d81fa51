/** Planograms: which product stands on which scales of a machine, and how many when it is full. */
import { sql } from 'kysely'
import type { Facing, Planogram, PlanogramInput } from '#contracts/api/planograms.ts'
import { type Actor, type Context, type Db, type Tx, transact } from '#server/context.ts'
import { audit } from '#server/domain/staff/actions.ts'
import { Invalid, NotFound, Refused } from '#server/platform/errors.ts'
import { newId } from '#server/platform/ids.ts'
import { allFacings, allProducts, facingsWithProducts, machineState, productsWithIds } from './queries.ts'

type FacingRow = Awaited<ReturnType<typeof facingsWithProducts>>[number]

/** A machine's planogram, empty when none was put. Throws NotFound for a machine there is not. */
export async function readPlanogram(ctx: Context, machineId: string): Promise<Planogram> {
  if (!(await machineState(ctx.db, machineId))) throw new NotFound('machine', machineId)
  return { machineId, facings: (await facingsOf(ctx.db, machineId)).map(facingOf) }
}

/** As it was put: what was not said is not in it. */
const facingOf = ({ productId, scaleIds, capacity, lowAt, emptyGrams }: FacingRow): Facing => ({
  ...{ productId, scaleIds },
  ...(capacity !== null && { capacity }),
  ...(lowAt !== null && { lowAt }),
  ...(emptyGrams !== 0 && { emptyGrams })
})

/** A machine's facings in their order, with what inference wants of each product (grams, minor units). */
export const facingsOf = (db: Db, machineId: string) => facingsWithProducts(db, machineId)

const PLANOGRAM_LOCK = 7_316_002 // two that replace one planogram do so one after the other

/**
 * Replaces a machine's planogram; what stands where it stood keeps what is known of its stock. Throws NotFound, Refused `machine-retired`,
 * Invalid for a product that is not there or not active, and for a limit no stock could be above.
 */
export async function putPlanogram(
  ctx: Context,
  actor: Actor,
  { machineId, facings }: PlanogramInput & { machineId: string }
): Promise<Planogram> {
  return transact(
    ctx,
    async (tx) => {
      const machine = await machineState(tx.db, machineId)
      if (!machine) throw new NotFound('machine', machineId)
      if (machine.retiredAt) throw new Refused('machine-retired', 'a retired machine keeps its last planogram')
      await checkFacings(tx.db, facings)
      await sql`SELECT pg_advisory_xact_lock(${PLANOGRAM_LOCK}, hashtext(${machineId}))`.execute(tx.db)
      const before = await facingsOf(tx.db, machineId)
      await replace(tx, { machineId, facings, before })
      tx.emit('planogram.changed', { machineId })
      await audit(tx, actor, {
        action: 'put',
        resource: 'planogram',
        resourceId: machineId,
        before: { facings: before.map(facingOf) },
        after: { facings }
      })
      return { machineId, facings }
    },
    actor
  )
}

async function checkFacings(db: Db, facings: Facing[]): Promise<void> {
  const rows = await productsWithIds(
    db,
    facings.map((facing) => facing.productId)
  )
  const active = new Set(rows.filter((row) => row.active).map((row) => row.id))
  for (const [n, { productId, capacity, lowAt = 0 }] of facings.entries()) {
    if (!active.has(productId)) throw new Invalid(`facings/${n}/productId`, 'is no active product')
    if (capacity !== undefined && lowAt >= capacity)
      throw new Invalid(`facings/${n}/lowAt`, `must be below the capacity of ${capacity}`)
  }
}

async function replace(
  tx: Tx,
  { machineId, facings, before }: { machineId: string; facings: Facing[]; before: FacingRow[] }
): Promise<void> {
  const known = Map.groupBy(before, placeOf)
  const rows = facings.map(({ capacity = null, lowAt = null, emptyGrams = 0, ...facing }, position) => {
    const same = known.get(placeOf(facing))?.shift()
    return { id: same?.id ?? newId(), machineId, ...facing, position, capacity, lowAt, emptyGrams }
  })
  const gone = [...known.values()].flat().map(({ id }) => id)
  if (gone.length > 0) await tx.db.deleteFrom('facing').where('id', 'in', gone).execute()
  if (rows.length === 0) return
  await tx.db
    .insertInto('facing')
    .values(rows)
    .onConflict((c) =>
      c.column('id').doUpdateSet((eb) => ({
        position: eb.ref('excluded.position'),
        capacity: eb.ref('excluded.capacity'),
        lowAt: eb.ref('excluded.lowAt'),
        emptyGrams: eb.ref('excluded.emptyGrams')
      }))
    )
    .execute()
}
const placeOf = ({ productId, scaleIds }: Pick<Facing, 'productId' | 'scaleIds'>) => `${productId} ${scaleIds.join(' ')}`

/** The lightest product of each of a machine's scales in grams; a scale without products is missing. */
export async function lightestProducts(db: Db, machineId: string): Promise<Map<string, number>> {
  const lightest = new Map<string, number>()
  for (const { scaleIds, weightGrams } of await facingsOf(db, machineId))
    for (const scaleId of scaleIds) lightest.set(scaleId, Math.min(weightGrams, lightest.get(scaleId) ?? weightGrams))
  return lightest
}

/** The whole catalogue as inference wants it: every product, and every facing of the store. */
export async function storeLayout(db: Db) {
  const [products, facings] = await Promise.all([allProducts(db), allFacings(db)])
  return { products, facings }
}
