/** API tokens: one's own, or everybody's for admins. */
import { Type } from 'typebox'
import { ApiToken, ApiTokenInput, NewApiToken } from '#contracts/api/api-tokens.ts'
import { Page, PageQuery, Uuid } from '#contracts/api/shared.ts'
import { addToken, listTokens, revokeToken } from '#server/domain/staff/actions.ts'
import type { Resource } from './app.ts'

const tags = ['api-tokens']

export const apiTokens: Resource = (app, ctx) => {
  const querystring = Type.Object({ all: Type.Optional(Type.Boolean({ description: 'admins: everybody’s' })), ...PageQuery })
  const list = { summary: 'Own API tokens, newest first', tags, querystring, response: { 200: Page(ApiToken) } }
  app.get('/api-tokens', { schema: list, config: { access: 'api-tokens:own' } }, async (req) =>
    listTokens(ctx, req.actor, req.query)
  )

  const add = {
    summary: 'Make a token; its secret is shown this once',
    tags,
    body: ApiTokenInput,
    response: { 201: NewApiToken }
  }
  app.post(
    '/api-tokens',
    { schema: add, config: { access: 'api-tokens:own', idempotent: true, secretFields: ['token'] } },
    async (req, reply) => reply.code(201).send(await addToken(ctx, req.actor, req.body))
  )

  const revoke = { summary: 'End a token at once', tags, params: Type.Object({ id: Uuid }), response: { 204: Type.Null() } }
  app.delete('/api-tokens/:id', { schema: revoke, config: { access: 'api-tokens:own' } }, async (req, reply) => {
    await revokeToken(ctx, req.actor, req.params.id)
    return reply.code(204).send(null)
  })
}
