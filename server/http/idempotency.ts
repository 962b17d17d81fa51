/**
 * Idempotency-Key: the same key, route and body within 24 hours give the first answer again instead of doing it twice.
 *
 * A key's row is: running (no status, its request is in this process) → answered (status and body kept), or freed (the row is
 * gone) when the request failed before its commit. A process that dies leaves a row that nobody runs: with `carried_out`
 * (set in the action's own commit) the deed is done and only its answer lost; without it nothing happened, and the next
 * request with the key takes the row over.
 */
import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '#server/context.ts'
import { canonicalJson } from '#server/domain/staff/actions.ts'
import { Refused } from '#server/platform/errors.ts'
import type { App } from '#server/platform/web-app.ts'

const KEPT_MS = 24 * 3_600_000
/** Answers about who asks, or how often, are not the deed's. */
const NOT_KEPT = new Set([401, 403, 429])

type Keyed = { accountId: string; key: string; route: string; bodyHash: Buffer }
type Kept = { type: string; body: unknown }
declare module 'fastify' {
  interface FastifyRequest {
    keyed: Keyed | null
  }
}

/** Adds the check to every route with `config.idempotent`, after access and validation; the other routes pay nothing for it. */
export function honourIdempotencyKeys(app: App, ctx: Context): void {
  const running = new Set<string>()
  app.decorateRequest('keyed', null)
  app.addHook('onRoute', (route) => {
    if (!route.config?.idempotent) return
    route.preHandler = [...[route.preHandler ?? []].flat(), take]
    route.onSend = [...[route.onSend ?? []].flat(), give]
  })

  async function take(req: FastifyRequest, reply: FastifyReply) {
    const key = req.headers['idempotency-key']
    if (key === undefined) return
    const keyed = keyedRequest(req, key)
    const name = nameOf(keyed)
    if (running.has(name)) throw await refuseRunning(ctx, keyed)
    running.add(name)
    try {
      const kept = await claim(ctx, keyed)
      if (kept) return replay(reply, kept)
      req.keyed = keyed
      req.actor.idempotencyKey = keyed.key
    } finally {
      if (!req.keyed) running.delete(name)
    }
    return
  }

  async function give(req: FastifyRequest, reply: FastifyReply, payload: unknown) {
    const { keyed } = req
    if (!keyed) return
    req.keyed = null
    const warn = (err: unknown) => ctx.log.warn({ err, requestId: req.id }, 'the answer of an idempotency key was not kept')
    await settle(ctx, keyed, { req, reply, payload }).catch(warn)
    running.delete(nameOf(keyed))
  }
}

const nameOf = ({ accountId, key }: Keyed) => `${accountId} ${key}`

function keyedRequest(req: FastifyRequest, key: string | string[]): Keyed {
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key))
    throw new Refused('idempotency-key-malformed', 'Idempotency-Key is 1 to 255 visible ASCII characters')
  const bodyHash = createHash('sha256')
    .update(canonicalJson(req.body ?? null))
    .digest()
  return { accountId: req.actor.id, key, route: `${req.method} ${req.url}`, bodyHash }
}

const isSame = (row: { route: string; bodyHash: Buffer }, keyed: Keyed) =>
  row.route === keyed.route && row.bodyHash.equals(keyed.bodyHash)
const reused = () => new Refused('idempotency-key-reused', 'this Idempotency-Key was sent with another request: take a new one')

async function refuseRunning(ctx: Context, keyed: Keyed): Promise<Refused> {
  const row = await read(ctx, keyed)
  return row && !isSame(row, keyed)
    ? reused()
    : new Refused('idempotency-key-running', 'the first request with this key is still running: ask again in a moment')
}

const read = (ctx: Context, { accountId, key }: Keyed) =>
  ctx.db.selectFrom('idempotencyKey').selectAll().where('accountId', '=', accountId).where('key', '=', key).executeTakeFirst()

/** Takes the key for this request: null, or the answer that was kept. Throws Refused where it is another request's, or its answer was lost. */
async function claim(ctx: Context, keyed: Keyed): Promise<{ status: number; response: Kept } | null> {
  const createdAt = ctx.clock.now()
  const made = await ctx.db
    .insertInto('idempotencyKey')
    .values({ ...keyed, createdAt })
    .onConflict((c) => c.doNothing())
    .returning('key')
    .executeTakeFirst()
  if (made) return null
  const row = await read(ctx, keyed)
  const isOver = !row || createdAt.getTime() - row.createdAt.getTime() > KEPT_MS
  if (row && !isOver) {
    if (!isSame(row, keyed)) throw reused()
    if (row.status !== null) return { status: row.status, response: row.response as Kept }
    if (row.carriedOut)
      throw new Refused(
        'idempotency-answer-lost',
        'the first request with this key was carried out but its answer was lost: read the resource to see what it made, and take a new key for anything else'
      )
  }
  const fresh = { ...keyed, createdAt, carriedOut: false, status: null, response: null }
  await ctx.db
    .insertInto('idempotencyKey')
    .values(fresh)
    .onConflict((c) => c.columns(['accountId', 'key']).doUpdateSet(fresh))
    .execute()
  return null
}

function replay(reply: FastifyReply, { status, response }: { status: number; response: Kept }): FastifyReply {
  reply.code(status).header('idempotency-replayed', 'true')
  if (response.body === null) return reply.send(null)
  return reply.header('content-type', response.type).serializer(JSON.stringify).send(response.body)
}

type Answered = { req: FastifyRequest; reply: FastifyReply; payload: unknown }

async function settle(ctx: Context, { accountId, key }: Keyed, { req, reply, payload }: Answered): Promise<void> {
  const status = reply.statusCode
  const row = { accountId, key }
  if (status >= 500 || NOT_KEPT.has(status)) {
    await ctx.db
      .deleteFrom('idempotencyKey')
      .where('accountId', '=', row.accountId)
      .where('key', '=', row.key)
      .where('carriedOut', '=', false)
      .execute()
    return
  }
  const body =
    typeof payload === 'string' && payload !== ''
      ? withoutSecrets(JSON.parse(payload), req.routeOptions.config.secretFields ?? [])
      : null
  const response = JSON.stringify({ type: String(reply.getHeader('content-type') ?? 'application/json'), body } satisfies Kept)
  await ctx.db
    .updateTable('idempotencyKey')
    .set({ status, response })
    .where('accountId', '=', row.accountId)
    .where('key', '=', row.key)
    .execute()
}

function withoutSecrets(body: unknown, secretFields: string[]): unknown {
  if (typeof body !== 'object' || body === null || secretFields.length === 0) return body
  return Object.fromEntries(Object.entries(body).filter(([name]) => !secretFields.includes(name)))
}
