/** The catalogue's door: products here, which stands where in planograms.ts. A weight or a place that changes tells the shelves (`planogram.changed`). */
import type { ImportResult, Product, ProductChange, ProductInput, ProductQuery } from '#contracts/api/products.ts'
import { type Actor, type Context, type Db, type Tx, transact } from '#server/context.ts'
import { audit } from '#server/domain/staff/actions.ts'
import { violates } from '#server/platform/database.ts'
import { NotFound, Refused } from '#server/platform/errors.ts'
import { newId } from '#server/platform/ids.ts'
import { notePrices } from './prices.ts'
import { productsFromCsv, productsToCsv } from './product-csv.ts'
import {
  allProducts,
  lockProduct,
  lockProductsBySku,
  machinesWithProducts,
  type ProductRow,
  productById,
  productPage,
  productsWithIds
} from './queries.ts'

export { listPhotos, putPhoto, readPhoto, removePhoto } from './photos.ts'
export { facingsOf, lightestProducts, putPlanogram, readPlanogram, storeLayout } from './planograms.ts'
export { type Prices, pricesOf } from './prices.ts'

/** Products by name; of `ids` alone where they are given. */
export async function listProducts(ctx: Context, query: Omit<ProductQuery, 'weightOff'> & { ids?: string[] }) {
  const page = await productPage(ctx.db, query)
  return { ...page, items: page.items.map(productOf) }
}

/** One product. Throws NotFound. */
export async function readProduct(ctx: Context, id: string): Promise<Product> {
  return productOf((await productById(ctx.db, id)) ?? missing(id))
}

/** Adds a product. Throws Refused `sku-taken`. */
export async function addProduct(ctx: Context, actor: Actor, input: ProductInput): Promise<Product> {
  const add = async (tx: Tx) => {
    const row = await tx.db
      .insertInto('product')
      .values({ ...input, id: newId(), createdAt: tx.now, updatedAt: tx.now })
      .returningAll()
      .executeTakeFirstOrThrow()
    await audit(tx, actor, { action: 'added', resource: 'product', resourceId: row.id, after: facts(row) })
    return productOf(row)
  }
  return transact(ctx, add, actor).catch(refuseTakenSku)
}

/** Changes a product. Throws NotFound, Refused `stale-version` or `sku-taken`. */
export async function changeProduct(
  ctx: Context,
  actor: Actor,
  { id, change }: { id: string; change: ProductChange }
): Promise<Product> {
  const { version, ...set } = change
  const update = async (tx: Tx) => {
    const before = (await lockProduct(tx.db, id)) ?? missing(id)
    if (version !== undefined && version !== before.version)
      throw new Refused('stale-version', 'somebody changed this product first: read it again', { version: before.version })
    const values = { ...set, updatedAt: tx.now, version: before.version + 1 }
    const row = await tx.db.updateTable('product').set(values).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
    if (row.weightGrams !== before.weightGrams) await tellShelves(tx, [id])
    if (row.priceMinor !== before.priceMinor) await notePrices(tx, [before])
    await audit(tx, actor, { action: 'changed', resource: 'product', resourceId: id, before: facts(before), after: facts(row) })
    return productOf(row)
  }
  return transact(ctx, update, actor).catch(refuseTakenSku)
}

/** All products as CSV. */
export const exportProducts = async (ctx: Context): Promise<string> => productsToCsv(await allProducts(ctx.db))

const ROWS_AT_ONCE = 500

/** Adds and changes products by SKU from CSV, all of the file or none of it. Throws Invalid naming the line and the column. */
export async function importProducts(ctx: Context, actor: Actor, text: string): Promise<ImportResult> {
  const inputs = productsFromCsv(text)
  return transact(
    ctx,
    async (tx) => {
      const known = new Map(
        (
          await lockProductsBySku(
            tx.db,
            inputs.map((input) => input.sku)
          )
        ).map((row) => [row.sku, row])
      )
      const added = inputs.filter((input) => !known.has(input.sku))
      const changed = inputs
        .map((input) => ({ input, before: known.get(input.sku)! }))
        .filter(({ input, before }) => before && differs(before, input))
      const fresh = { createdAt: tx.now, updatedAt: tx.now }
      const rows = [
        ...added.map((input) => ({
          barcode: null,
          weightToleranceGrams: 0,
          active: true,
          ...input,
          ...fresh,
          id: newId(),
          version: 1
        })),
        ...changed.map(({ input, before }) => ({ ...before, ...input, updatedAt: tx.now, version: before.version + 1 }))
      ]
      await notePrices(
        tx,
        changed.filter(({ input, before }) => input.priceMinor !== before.priceMinor).map(({ before }) => before)
      )
      for (let n = 0; n < rows.length; n += ROWS_AT_ONCE) await upsert(tx.db, rows.slice(n, n + ROWS_AT_ONCE))
      await tellShelves(
        tx,
        changed.filter(({ input, before }) => input.weightGrams !== before.weightGrams).map(({ before }) => before.id)
      )
      const after = { added: added.map((input) => input.sku), changed: changed.map(({ input }) => input) }
      const result = { added: added.length, changed: changed.length, unchanged: inputs.length - rows.length }
      if (rows.length > 0)
        await audit(tx, actor, {
          action: 'imported',
          resource: 'product',
          resourceId: 'csv',
          before: changed.map(({ before }) => facts(before)),
          after
        })
      return result
    },
    actor
  )
}

type WholeRow = ProductRow

async function upsert(db: Db, rows: WholeRow[]): Promise<void> {
  await db
    .insertInto('product')
    .values(rows)
    .onConflict((c) =>
      c.column('sku').doUpdateSet((eb) => ({
        barcode: eb.ref('excluded.barcode'),
        name: eb.ref('excluded.name'),
        weightGrams: eb.ref('excluded.weightGrams'),
        weightToleranceGrams: eb.ref('excluded.weightToleranceGrams'),
        priceMinor: eb.ref('excluded.priceMinor'),
        active: eb.ref('excluded.active'),
        updatedAt: eb.ref('excluded.updatedAt'),
        version: eb.ref('excluded.version')
      }))
    )
    .execute()
}

const differs = (row: ProductRow, input: ProductInput) =>
  Object.entries(input).some(([column, value]) => row[column as keyof ProductRow] !== value)

async function tellShelves(tx: Tx, productIds: string[]): Promise<void> {
  if (productIds.length === 0) return
  for (const machineId of await machinesWithProducts(tx.db, productIds)) tx.emit('planogram.changed', { machineId })
}

function refuseTakenSku(error: unknown): never {
  throw violates(error, 'product_sku_key') ? new Refused('sku-taken', 'there is already a product with this SKU') : error
}
function missing(id: string): never {
  throw new NotFound('product', id)
}
const facts = ({ sku, barcode, name, weightGrams, weightToleranceGrams, priceMinor, active }: ProductRow) => ({
  sku,
  barcode,
  name,
  weightGrams,
  weightToleranceGrams,
  priceMinor,
  active
})
const productOf = (row: ProductRow): Product => ({
  ...row,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString()
})

/** Products by id, for the rooms that price or name them; ids there are none of are missing. */
export async function productsById(db: Db, ids: string[]): Promise<Map<string, ProductRow>> {
  return new Map((await productsWithIds(db, ids)).map((row) => [row.id, row]))
}
