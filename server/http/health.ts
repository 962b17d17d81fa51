/** Is it alive, can it work, how does it fare: for supervisors, load balancers and Prometheus. */
import { Type } from 'typebox'
import type { Context } from '#server/context.ts'
import { mayAccess } from '#server/domain/staff/actions.ts'
import { Refused } from '#server/platform/errors.ts'
import type { App } from '#server/platform/web-app.ts'
import { staffActor } from './access.ts'

export type Readiness = { ok: boolean; checks: Record<string, string>; degraded: string[] }
const ReadinessAnswer = Type.Object({
  ok: Type.Boolean(),
  checks: Type.Record(Type.String(), Type.String()),
  degraded: Type.Array(Type.String(), { description: 'what is missing beside sign-in, doors and ingest' })
})

/** `ready` asks the process's own checks; it may throw, which means not ready. */
export function health(app: App, ctx: Context, ready: () => Promise<Readiness>): void {
  app.get(
    '/healthz',
    {
      config: { access: 'public' },
      schema: {
        summary: 'The process is alive',
        tags: ['health'],
        response: { 200: Type.Object({ status: Type.Literal('ok') }) }
      }
    },
    async () => ({ status: 'ok' as const })
  )

  const readiness = {
    summary: 'Sign-in, doors and ingest work',
    tags: ['health'],
    response: { 200: ReadinessAnswer, 503: ReadinessAnswer }
  }
  app.get('/readyz', { config: { access: 'public' }, schema: readiness }, async (_req, reply) => {
    const answer = await ready().catch((error: Error) => ({ ok: false, checks: { checks: error.message }, degraded: [] }))
    return reply.code(answer.ok ? 200 : 503).send(answer)
  })

  const metrics = {
    summary: 'Figures for Prometheus: from this box itself, or with an API token',
    tags: ['health'],
    produces: ['text/plain']
  }
  app.get('/metrics', { config: { access: 'public' }, schema: metrics }, async (req, reply) => {
    if (!isLoopback(req.ip) && !mayAccess((await staffActor(ctx, req))?.role, 'metrics:read'))
      throw new Refused('unauthorized', 'send an API token as Authorization: Bearer')
    return reply.header('content-type', ctx.metrics.contentType).send(await ctx.metrics.text())
  })
}

const isLoopback = (address: string) => address === '::1' || /^(::ffff:)?127\./.test(address)
