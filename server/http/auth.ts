/** Sign-in, sign-out and one's own account. */
import { Type } from 'typebox'
import { LoginInput, OwnAccount, PasswordChange } from '#contracts/api/auth.ts'
import { changeOwnPassword, readOwnAccount, signIn, signOut } from '#server/domain/staff/actions.ts'
import { SESSION_COOKIE } from './access.ts'
import type { Resource } from './app.ts'

const tags = ['auth']

export const auth: Resource = (app, ctx) => {
  const cookie = { httpOnly: true, sameSite: 'strict', path: '/', secure: ctx.config.tlsCertFile !== null } as const

  const login = { summary: 'Sign in; the answer sets the cookie', tags, body: LoginInput, response: { 200: OwnAccount } }
  app.post('/auth/login', { schema: login, config: { access: 'public' } }, async (req, reply) => {
    const signedIn = await signIn(ctx, req.body, { address: req.ip, requestId: req.id })
    reply.setCookie(SESSION_COOKIE, signedIn.cookie, cookie)
    return signedIn.account
  })

  const logout = { summary: 'End this sign-in', tags, response: { 204: Type.Null() } }
  app.post('/auth/logout', { schema: logout, config: { access: 'signed-in' } }, async (req, reply) => {
    const current = req.cookies[SESSION_COOKIE]
    if (current) await signOut(ctx, current)
    return reply.clearCookie(SESSION_COOKIE, cookie).code(204).send(null)
  })

  const me = { summary: 'One’s own account and what it may do', tags, response: { 200: OwnAccount } }
  app.get('/auth/me', { schema: me, config: { access: 'signed-in' } }, async (req) => readOwnAccount(ctx, req.actor))

  const password = {
    summary: 'Set one’s own password; ends all own sign-ins',
    tags,
    body: PasswordChange,
    response: { 204: Type.Null() }
  }
  app.put('/auth/password', { schema: password, config: { access: 'signed-in' } }, async (req, reply) => {
    await changeOwnPassword(ctx, req.actor, { ...req.body, address: req.ip })
    return reply.clearCookie(SESSION_COOKIE, cookie).code(204).send(null)
  })
}
