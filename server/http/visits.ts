/** Visits: who is inside, who was, and what came of it. */
import { Type } from 'typebox'
import { VisitCart } from '#contracts/api/carts.ts'
import { Contest, ContestInput } from '#contracts/api/contests.ts'
import { Page, Uuid } from '#contracts/api/shared.ts'
import { Visit, VisitClosing, VisitDetail, VisitQuery } from '#contracts/api/visits.ts'
import { contestVisit, letOut, visitCart, visitWithTickets } from '#server/domain/ticket/actions.ts'
import { listVisits } from '#server/domain/user/actions.ts'
import type { Resource } from './app.ts'

const tags = ['visits']
const params = Type.Object({ id: Uuid })

export const visits: Resource = (app, ctx) => {
  const list = {
    summary: 'Visits; with open=true who is inside now',
    tags,
    querystring: VisitQuery,
    response: { 200: Page(Visit) }
  }
  app.get('/visits', { schema: list, config: { access: 'visits:read' } }, async (req) => listVisits(ctx.db, req.query))

  const one = { summary: 'One visit with its tickets, cart and contests', tags, params, response: { 200: VisitDetail } }
  app.get('/visits/:id', { schema: one, config: { access: 'visits:read' } }, async (req) => visitWithTickets(ctx, req.params.id))

  const close = {
    summary: 'End the visit of somebody who left without a code',
    tags,
    params,
    body: VisitClosing,
    response: { 200: VisitDetail }
  }
  app.post('/visits/:id/close', { schema: close, config: { access: 'visits:close', idempotent: true } }, async (req) =>
    letOut(ctx, req.actor, { visitId: req.params.id, reason: req.body.reason })
  )

  const contest = {
    summary: 'Contest a settled visit in the shopper’s words: what was decided on it is reviewed again',
    tags,
    params,
    body: ContestInput,
    response: { 200: Contest, 201: Contest }
  }
  app.post(
    '/visits/:id/contest',
    { schema: contest, config: { access: 'visits:contest', idempotent: true } },
    async (req, reply) => {
      const { contest: made, isNew } = await contestVisit(ctx, req.actor, { visitId: req.params.id, ...req.body })
      return reply.code(isNew ? 201 : 200).send(made)
    }
  )

  const cart = {
    summary: 'The cart of a visit: as proposed so far while people shop, as settled once it is reviewed',
    tags,
    params,
    response: { 200: VisitCart }
  }
  app.get('/visits/:id/cart', { schema: cart, config: { access: 'carts:read' } }, async (req) => visitCart(ctx, req.params.id))
}
