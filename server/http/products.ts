/** Products: one by one, or all as CSV. */
import { Type } from 'typebox'
import {
  ImportResult,
  ListedProduct,
  Product,
  ProductChange,
  ProductInput,
  ProductQuery,
  SeenProduct
} from '#contracts/api/products.ts'
import { Page, Uuid } from '#contracts/api/shared.ts'
import {
  addProduct,
  changeProduct,
  exportProducts,
  importProducts,
  listProducts,
  readProduct
} from '#server/domain/catalog/actions.ts'
import { refreshThresholds } from '#server/domain/iot/actions.ts'
import { productsByWeight, withSeenWeights } from '#server/domain/ticket/actions.ts'
import type { App } from '#server/platform/web-app.ts'
import type { Resource } from './app.ts'
import { readText } from './input.ts'

const tags = ['products']
const params = Type.Object({ id: Uuid })
const CSV_LIMIT = 4 * 1024 * 1024

export const products: Resource = (app, ctx) => {
  const list = { summary: 'Products by name', tags, querystring: ProductQuery, response: { 200: Page(ListedProduct) } }
  app.get('/products', { schema: list, config: { access: 'products:read' } }, async ({ query: { weightOff, ...query } }) => {
    if (weightOff === undefined) return listProducts(ctx, query)
    const page = await listProducts(ctx, { ...query, ids: await productsByWeight(ctx, { isOff: weightOff }) })
    return { ...page, items: await withSeenWeights(ctx, page.items) }
  })

  const add = { summary: 'Add a product', tags, body: ProductInput, response: { 201: Product } }
  app.post('/products', { schema: add, config: { access: 'products:write', idempotent: true } }, async (req, reply) =>
    reply.code(201).send(await addProduct(ctx, req.actor, req.body))
  )

  const one = { summary: 'One product', tags, params, response: { 200: SeenProduct } }
  app.get('/products/:id', { schema: one, config: { access: 'products:read' } }, async (req) => {
    const [product] = await withSeenWeights(ctx, [await readProduct(ctx, req.params.id)])
    return product!
  })

  const change = { summary: 'Change a product', tags, params, body: ProductChange, response: { 200: Product } }
  app.patch('/products/:id', { schema: change, config: { access: 'products:write' } }, async (req) => {
    const product = await changeProduct(ctx, req.actor, { id: req.params.id, change: req.body })
    await refreshThresholds(ctx)
    return product
  })

  const file = { summary: 'All products as CSV', tags, produces: ['text/csv'] }
  app.get('/products.csv', { schema: file, config: { access: 'products:read' } }, async (_req, reply) =>
    reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', 'attachment; filename="products.csv"')
      .send(await exportProducts(ctx))
  )

  app.register(async (csv) => {
    readText(csv as App, 'text/csv', CSV_LIMIT)
    const schema = {
      summary: 'Add and change products by SKU from CSV: all of the file or none',
      tags,
      consumes: ['text/csv'],
      body: Type.String({ examples: ['sku,name,weightGrams,priceMinor\nCOLA-330,Cola,345,4000\n'] }),
      response: { 200: ImportResult }
    }
    const config = { access: 'products:write', idempotent: true } as const
    ;(csv as App).post('/products/import', { schema, config }, async (req) => {
      const result = await importProducts(ctx, req.actor, req.body)
      await refreshThresholds(ctx)
      return result
    })
  })
}
