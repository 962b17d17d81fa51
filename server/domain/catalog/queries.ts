/** Remembers products and where they stand. */
import { sql } from 'kysely'
import type { ProductQuery } from '#contracts/api/products.ts'
import type { Db } from '#server/context.ts'
import { decodeCursor, pageOf } from '#server/platform/paging.ts'

export type ProductRow = NonNullable<Awaited<ReturnType<typeof productById>>>

/** One product, or undefined. */
export const productById = (db: Db, id: string) => db.selectFrom('product').selectAll().where('id', '=', id).executeTakeFirst()

/** The product, held against change until the transaction ends. */
export const lockProduct = (db: Db, id: string) =>
  db.selectFrom('product').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()

/** Those of `skus` that there are, held until the transaction ends. */
export const lockProductsBySku = (db: Db, skus: string[]) =>
  db.selectFrom('product').selectAll().where('sku', '=', sql<string>`ANY(${skus}::text[])`).orderBy('id').forUpdate().execute()

/** Products by name (product_name), `limit` at most; of `ids` alone where they are given. */
export async function productPage(
  db: Db,
  { q, active, ids, limit = 50, cursor }: Omit<ProductQuery, 'weightOff'> & { ids?: string[] }
) {
  const after = decodeCursor(cursor, ['text', 'uuid'])
  let query = db
    .selectFrom('product')
    .selectAll()
    .orderBy('name')
    .orderBy('id')
    .limit(limit + 1)
  if (active !== undefined) query = query.where('active', '=', active)
  if (ids) query = query.where('id', '=', sql<string>`ANY(${ids}::uuid[])`)
  if (q)
    query = query.where((eb) =>
      eb.or([eb('name', 'ilike', `%${like(q)}%`), eb('sku', 'ilike', `${like(q)}%`), eb('barcode', 'ilike', `${like(q)}%`)])
    )
  if (after) query = query.where(sql<boolean>`(name, id) > (${after[0]}, ${after[1]}::uuid)`)
  return pageOf(await query.execute(), limit, (row) => [row.name, row.id])
}

const like = (text: string) => text.replace(/[\\%_]/g, '\\$&')

/** All products by name. */
export const allProducts = (db: Db) => db.selectFrom('product').selectAll().orderBy('name').orderBy('id').execute()

/** Those of `ids` that there are. */
export const productsWithIds = (db: Db, ids: string[]) =>
  db.selectFrom('product').selectAll().where('id', '=', sql<string>`ANY(${ids}::uuid[])`).execute()

/** The machines whose planogram names one of the products (facing_product). */
export async function machinesWithProducts(db: Db, productIds: string[]): Promise<string[]> {
  const rows = await db
    .selectFrom('facing')
    .select('machineId')
    .distinct()
    .where('productId', '=', sql<string>`ANY(${productIds}::uuid[])`)
    .orderBy('machineId')
    .execute()
  return rows.map((row) => row.machineId)
}

/** Is there a machine of this id, and is it retired? */
export const machineState = (db: Db, machineId: string) =>
  db.selectFrom('machine').select('retiredAt').where('machineId', '=', machineId).executeTakeFirst()

/** One machine's facings in their order, each with its product (facing_machine). */
export const facingsWithProducts = (db: Db, machineId: string) =>
  db
    .selectFrom('facing as f')
    .innerJoin('product as p', 'p.id', 'f.productId')
    .select([
      'f.id',
      'f.productId',
      'f.scaleIds',
      'f.capacity',
      'f.lowAt',
      'f.emptyGrams',
      'p.sku',
      'p.name',
      'p.weightGrams',
      'p.weightToleranceGrams',
      'p.priceMinor'
    ])
    .where('f.machineId', '=', machineId)
    .orderBy('f.position')
    .execute()

/** Every facing of the store, machine by machine in their order. */
export const allFacings = (db: Db) =>
  db.selectFrom('facing').select(['machineId', 'productId', 'scaleIds']).orderBy('machineId').orderBy('position').execute()
