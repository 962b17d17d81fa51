/** What stands where in a replay, for thresholds: the store's own planogram, or the layout and products beside a recorded case. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { type Context, SYSTEM } from '#server/context.ts'
import { addProduct, putPlanogram } from '#server/domain/catalog/actions.ts'
import { addMachine, isOnboarded, refreshThresholds } from '#server/domain/iot/actions.ts'

type Facing = { sku: string; scaleIds: string[] }
type Product = { sku: string; name: string; weightGrams: number; weightToleranceGrams?: number; priceMinor: number }
export type Catalogue = { products: Product[]; facings: Map<string, Facing[]> }
type CaseProduct = { id: string; name: string; weight_g: number | null; price: number | null }
type CaseFacing = { product: string; gondola: number; shelf: number; plates: number[] }

/** The layout.json and products.json beside a recorded case; null where they are not. Products of unknown weight are left out. */
export function caseCatalogue(path: string): Catalogue | null {
  const [layout, products] = ['layout.json', 'products.json'].map((name) => join(dirname(path), name)) as [string, string]
  if (!existsSync(layout) || !existsSync(products)) return null
  const known = (JSON.parse(readFileSync(products, 'utf8')) as CaseProduct[]).filter(
    (product) => product.weight_g !== null && product.weight_g >= 0.5
  )
  const facings = new Map<string, Facing[]>()
  for (const { product, gondola, shelf, plates } of JSON.parse(readFileSync(layout, 'utf8')) as CaseFacing[]) {
    if (!known.some(({ id }) => id === product)) continue
    const machine = facings.get(`G${gondola}`) ?? []
    machine.push({ sku: product, scaleIds: [...new Set(plates.map((plate) => String(shelf * 100 + plate)))] })
    facings.set(`G${gondola}`, machine)
  }
  return {
    products: known.map(({ id, name, weight_g, price }) => ({
      sku: id,
      name,
      weightGrams: Math.max(1, Math.round(weight_g!)),
      priceMinor: Math.round((price ?? 0) * 100)
    })),
    facings
  }
}

/** The catalogue and planograms of the store's own database. */
export async function storeCatalogue(url: string): Promise<Catalogue | null> {
  const client = new pg.Client({ connectionString: url, application_name: 'niflr-replay' })
  await client.connect()
  try {
    const products = await client.query(
      'SELECT sku, name, weight_grams AS "weightGrams", weight_tolerance_grams AS "weightToleranceGrams", price_minor AS "priceMinor" FROM product'
    )
    const facings = await client.query(
      'SELECT machine_id AS "machineId", sku, scale_ids AS "scaleIds" FROM facing JOIN product ON product.id = product_id ORDER BY machine_id, position'
    )
    return { products: products.rows, facings: Map.groupBy(facings.rows, (row) => row.machineId) }
  } catch {
    return null // a database that is no store yet
  } finally {
    await client.end()
  }
}

/** Onboards the machine with its planogram. */
export async function onboard(
  ctx: Context,
  machineId: string,
  { facings, productIds }: { facings: Facing[]; productIds: Map<string, string> }
): Promise<void> {
  if (isOnboarded(ctx, machineId)) return
  await addMachine(ctx, SYSTEM, { machineId, displayName: machineId, kind: 'shelf' })
  const known = facings.flatMap(({ sku, scaleIds }) =>
    productIds.has(sku) ? [{ productId: productIds.get(sku)!, scaleIds }] : []
  )
  await putPlanogram(ctx, SYSTEM, { machineId, facings: known })
  await refreshThresholds(ctx, [machineId])
}

/** Stores the products; returns their ids by SKU. */
export async function addProducts(ctx: Context, products: Product[]): Promise<Map<string, string>> {
  const ids = new Map<string, string>()
  for (const product of products) ids.set(product.sku, (await addProduct(ctx, SYSTEM, product)).id)
  return ids
}
