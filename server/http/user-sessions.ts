/** User sessions: logins and logouts. */
import { Page } from '#contracts/api/shared.ts'
import { UserSession, UserSessionQuery } from '#contracts/api/user-sessions.ts'
import { listUserSessions } from '#server/domain/user/actions.ts'
import type { Resource } from './app.ts'

export const userSessions: Resource = (app, ctx) => {
  const list = {
    summary: 'Logins and logouts',
    tags: ['users'],
    querystring: UserSessionQuery,
    response: { 200: Page(UserSession) }
  }
  app.get('/user-sessions', { schema: list, config: { access: 'user-sessions:read' } }, async (req) =>
    listUserSessions(ctx.db, req.query)
  )
}
