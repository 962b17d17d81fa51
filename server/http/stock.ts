/** Stock: what stands on the shelves, and what to bring. */
import { Page } from '#contracts/api/shared.ts'
import { RefillLine, RefillQuery, Stock, StockQuery } from '#contracts/api/stock.ts'
import { listRefill, listStock } from '#server/domain/stock/actions.ts'
import type { Resource } from './app.ts'

const tags = ['stock']

export const stock: Resource = (app, ctx) => {
  const list = {
    summary: 'What stands on each facing, counted by weight, machine by machine',
    tags,
    querystring: StockQuery,
    response: { 200: Page(Stock) }
  }
  app.get('/stock', { schema: list, config: { access: 'stock:read' } }, async (req) => listStock(ctx, req.query))

  const refill = {
    summary: 'What to bring: for each product how many are missing in all, and where; all of it in one page',
    tags,
    querystring: RefillQuery,
    response: { 200: Page(RefillLine) }
  }
  app.get('/stock/refill', { schema: refill, config: { access: 'stock:read' } }, async (req) => listRefill(ctx, req.query))
}
