/** Movements: what inference makes of weight changes. */
import { Movement, MovementQuery } from '#contracts/api/movements.ts'
import { Page } from '#contracts/api/shared.ts'
import { listMovements } from '#server/domain/ticket/actions.ts'
import type { Resource } from './app.ts'

export const movements: Resource = (app, ctx) => {
  const list = {
    summary: 'Movements, newest first: who took or put back what, and how sure that is',
    tags: ['movements'],
    querystring: MovementQuery,
    response: { 200: Page(Movement) }
  }
  app.get('/movements', { schema: list, config: { access: 'movements:read' } }, async (req) => listMovements(ctx, req.query))
}
