/** Carts of all visits. */
import { Cart, CartQuery } from '#contracts/api/carts.ts'
import { Page } from '#contracts/api/shared.ts'
import { listCarts } from '#server/domain/user/actions.ts'
import type { Resource } from './app.ts'

export const carts: Resource = (app, ctx) => {
  const list = { summary: 'Carts', tags: ['visits'], querystring: CartQuery, response: { 200: Page(Cart) } }
  app.get('/carts', { schema: list, config: { access: 'carts:read' } }, async (req) => listCarts(ctx.db, req.query))
}
