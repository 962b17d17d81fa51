/** The doors as scanners over HTTP and older apps know them: entry, exit and the store mode at the root (contract §3). */
import type { FastifyReply, FastifyRequest, onErrorHookHandler } from 'fastify'
import {
  DoorAccepted,
  DoorRefused,
  DoorRequest,
  ModeControl,
  ModeControlled,
  REFUSAL_REASONS,
  type RefusalReason
} from '#contracts/api/entry.ts'
import { leave } from '#server/domain/ticket/actions.ts'
import { changeStoreMode, enter } from '#server/domain/user/actions.ts'
import { NoSpace, Refused, Unavailable } from '#server/platform/errors.ts'
import { refusalOf } from '#server/platform/refusals.ts'
import type { Resource } from './app.ts'
import { sendProblem } from './problems.ts'

const tags = ['doors']
const response = { 200: DoorAccepted, 403: DoorRefused }

export const doors: Resource = (app, ctx) => {
  const onError: onErrorHookHandler = (req, _reply, error, done) => {
    const refusal = refusalOf(error)
    if (refusal && req.device.scannerId) ctx.refusals.note(`scanner/${req.device.scannerId}`, { over: 'HTTP', ...refusal })
    done()
  }
  const entry = { summary: 'A user scans in', tags, body: DoorRequest, response }
  app.post('/entry-control/', { schema: entry, config: { access: 'device:scanner' }, onError }, async (req, reply) => {
    try {
      return await enter(ctx, { token: req.body.token, scannerId: scannerOf(req) })
    } catch (error) {
      return sendRefusal(reply, error)
    }
  })

  const exit = {
    summary: 'A user scans out; 503 with `open: true` when the box cannot decide',
    tags,
    body: DoorRequest,
    response
  }
  app.post('/exit-control/', { schema: exit, config: { access: 'device:scanner' }, onError }, async (req, reply) => {
    try {
      return await leave(ctx, { token: req.body.token, scannerId: scannerOf(req) })
    } catch (error) {
      if (error instanceof Refused) return sendRefusal(reply, error)
      if (!(error instanceof Unavailable || error instanceof NoSpace))
        ctx.log.error({ err: error, requestId: req.id }, 'exit failed')
      const detail = 'the box cannot decide now; the door opens, scan again when it answers'
      return sendProblem(req, reply, { status: 503, code: 'unavailable', detail, more: { open: true } })
    }
  })

  const mode = { summary: 'Put the store into a mode', tags, body: ModeControl, response: { 200: ModeControlled } }
  app.post('/mode-control/', { schema: mode, config: { access: 'store-mode:write' } }, async (req) => {
    const { mode: storeMode } = await changeStoreMode(ctx, req.actor, { mode: req.body.status, force: req.body.force ?? false })
    return { status: 'success' as const, storeMode }
  })
}

const scannerOf = (req: FastifyRequest) => req.device.scannerId ?? null

function sendRefusal(reply: FastifyReply, error: unknown): FastifyReply {
  const isReason = error instanceof Refused && (REFUSAL_REASONS as readonly string[]).includes(error.code)
  if (!isReason) throw error
  return reply
    .code(403)
    .send({ status: 'refused', reason: error.code as RefusalReason, message: error.message } satisfies DoorRefused)
}
