/** User details: who came in, and who may not. */
import { Type } from 'typebox'
import { Page, Uuid } from '#contracts/api/shared.ts'
import { UserDetail, UserPatch, UserQuery } from '#contracts/api/users.ts'
import { changeUser, findUser, listUsers } from '#server/domain/user/actions.ts'
import type { Resource } from './app.ts'

const tags = ['users']
const params = Type.Object({ id: Uuid })

export const users: Resource = (app, ctx) => {
  const list = { summary: 'Users, last seen first', tags, querystring: UserQuery, response: { 200: Page(UserDetail) } }
  app.get('/users', { schema: list, config: { access: 'users:read' } }, async (req) => listUsers(ctx, req.actor, req.query))

  const one = { summary: 'One user', tags, params, response: { 200: UserDetail } }
  app.get('/users/:id', { schema: one, config: { access: 'users:read' } }, async (req) => findUser(ctx, req.actor, req.params.id))

  const change = { summary: 'Block a user, or let them in again', tags, params, body: UserPatch, response: { 200: UserDetail } }
  app.patch('/users/:id', { schema: change, config: { access: 'users:write' } }, async (req) =>
    changeUser(ctx, req.actor, { id: req.params.id, patch: req.body })
  )
}
