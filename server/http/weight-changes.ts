/** Weight changes, each with who was inside. */
import { Page } from '#contracts/api/shared.ts'
import { WeightChange, WeightChangeQuery } from '#contracts/api/weight-changes.ts'
import { listShelfChanges } from '#server/domain/user/actions.ts'
import type { Resource } from './app.ts'

export const weightChanges: Resource = (app, ctx) => {
  const list = {
    summary: 'Weight changes, newest first',
    tags: ['weight changes'],
    querystring: WeightChangeQuery,
    response: { 200: Page(WeightChange) }
  }
  app.get('/weight-changes', { schema: list, config: { access: 'weight-changes:read' } }, async (req) =>
    listShelfChanges(ctx, req.query)
  )
}
