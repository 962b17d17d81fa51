/** Weight changes, each with who was inside and the movement it is part of. */
import { Page } from '#contracts/api/shared.ts'
import { WeightChange, WeightChangeQuery } from '#contracts/api/weight-changes.ts'
import { withMovements } from '#server/domain/ticket/actions.ts'
import { listShelfChanges } from '#server/domain/user/actions.ts'
import type { Resource } from './app.ts'

export const weightChanges: Resource = (app, ctx) => {
  const list = {
    summary: 'Weight changes, newest first',
    tags: ['weight changes'],
    querystring: WeightChangeQuery,
    response: { 200: Page(WeightChange) }
  }
  app.get('/weight-changes', { schema: list, config: { access: 'weight-changes:read' } }, async (req) => {
    const page = await listShelfChanges(ctx, req.query)
    return { ...page, items: await withMovements(ctx.db, page.items) }
  })
}
