/** Tickets: the review queue, and a ticket's way from claim to complete. */
import { type Static, Type } from 'typebox'
import { Check } from 'typebox/value'
import { Page, Uuid } from '#contracts/api/shared.ts'
import {
  Ticket,
  TicketClaim,
  TicketDecision,
  TicketDetail,
  TicketEscalating,
  TicketQuery,
  TicketQuote,
  TicketQuoting,
  TicketReopening
} from '#contracts/api/tickets.ts'
import {
  claimTicket,
  completeTicket,
  escalateTicket,
  findTicket,
  listTickets,
  quoteTicket,
  releaseTicket,
  reopenTicket
} from '#server/domain/ticket/actions.ts'
import { Invalid } from '#server/platform/errors.ts'
import type { Resource } from './app.ts'

const tags = ['tickets']
const params = Type.Object({ id: Uuid })
const response = { 200: TicketDetail }

export const tickets: Resource = (app, ctx) => {
  const list = { summary: 'Tickets', tags, querystring: TicketQuery, response: { 200: Page(Ticket) } }
  app.get('/tickets', { schema: list, config: { access: 'tickets:read' } }, async (req) => listTickets(ctx, req.query))

  const one = { summary: 'One ticket with its history', tags, params, response }
  app.get('/tickets/:id', { schema: one, config: { access: 'tickets:read' } }, async (req) => findTicket(ctx, req.params.id))

  const claim = {
    summary: 'Take a ticket for review, or renew the lease; admins may send {"takeOver": true}',
    tags,
    params,
    response
  }
  app.post('/tickets/:id/claim', { schema: claim, config: { access: 'tickets:review' } }, async (req) =>
    claimTicket(ctx, req.actor, { id: req.params.id, ...readClaim(req.body) })
  )

  const release = { summary: 'Give a ticket back to the queue', tags, params, response }
  app.post('/tickets/:id/release', { schema: release, config: { access: 'tickets:review' } }, async (req) =>
    releaseTicket(ctx, req.actor, req.params.id)
  )

  const escalate = {
    summary: 'Give a ticket back to the queue with a note, for an admin to settle',
    tags,
    params,
    body: TicketEscalating,
    response
  }
  app.post('/tickets/:id/escalate', { schema: escalate, config: { access: 'tickets:review', idempotent: true } }, async (req) =>
    escalateTicket(ctx, req.actor, { id: req.params.id, note: req.body.note })
  )

  const quote = {
    summary: 'What lines would cost, by the prices of when things were picked; nothing is decided',
    tags,
    params,
    body: TicketQuoting,
    response: { 200: TicketQuote }
  }
  app.post('/tickets/:id/quote', { schema: quote, config: { access: 'tickets:review' } }, async (req) =>
    quoteTicket(ctx, { id: req.params.id, lines: req.body.lines })
  )

  const complete = {
    summary: 'Complete a claimed ticket; the last one of a visit settles its cart',
    tags,
    params,
    body: TicketDecision,
    response
  }
  app.post('/tickets/:id/complete', { schema: complete, config: { access: 'tickets:review', idempotent: true } }, async (req) =>
    completeTicket(ctx, req.actor, { id: req.params.id, decision: req.body })
  )

  const reopen = { summary: 'Take a completed ticket up again', tags, params, body: TicketReopening, response }
  app.post('/tickets/:id/reopen', { schema: reopen, config: { access: 'tickets:reopen', idempotent: true } }, async (req) =>
    reopenTicket(ctx, req.actor, { id: req.params.id, reason: req.body.reason })
  )
}

/** A claim needs no body: so it is no part of the schema, which would want one. */
function readClaim(body: unknown): Static<typeof TicketClaim> {
  if (body === undefined || body === null) return {}
  if (!Check(TicketClaim, body)) throw new Invalid('takeOver', 'is true or false, and the only field of a claim')
  return body
}
