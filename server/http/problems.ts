/** Errors as problems (RFC 9457): the one place that knows which word of the domain is which status. */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { Problem } from '#contracts/api/shared.ts'
import { databaseError } from '#server/platform/database.ts'
import { Invalid, NoSpace, NotFound, Refused, Unavailable } from '#server/platform/errors.ts'
import type { Logger } from '#server/platform/logger.ts'
import type { App } from '#server/platform/web-app.ts'

/** Refusals that are not a conflict (409). */
const STATUS: Record<string, number> = {
  unauthorized: 401,
  'wrong-password': 401,
  forbidden: 403,
  'cross-site': 403,
  'wrong-device': 403,
  'link-expired': 403,
  'link-wrong': 403,
  'outside-link': 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'range-not-satisfiable': 416,
  'json-too-deep': 422,
  unfit: 422,
  'stream-failed': 422,
  'no-ffmpeg': 503,
  'idempotency-key-malformed': 422,
  'idempotency-key-reused': 422,
  'too-many-failures': 429,
  'too-many-requests': 429
}
/** What Fastify itself finds wrong before a handler runs. */
const FRAMEWORK: Record<string, [status: number, code: string, detail: string]> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, 'unsupported-media-type', 'send Content-Type: application/json'],
  FST_ERR_CTP_BODY_TOO_LARGE: [413, 'body-too-large', 'the body is larger than this route takes'],
  FST_ERR_CTP_INVALID_JSON_BODY: [400, 'not-json', 'the body is not JSON'],
  FST_ERR_CTP_EMPTY_JSON_BODY: [400, 'not-json', 'the body is empty; this route wants JSON'],
  FST_ERR_BAD_URL: [400, 'bad-url', 'the path is not a valid URL']
}
const TITLES: Record<number, string> = {
  400: 'Bad request',
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  413: 'Too large',
  415: 'Unsupported media type',
  416: 'Out of range',
  422: 'Wrong input',
  429: 'Too many',
  500: 'Internal error',
  503: 'Try again',
  507: 'No space'
}
type Answer = { status: number; code: string; detail: string; more?: Record<string, unknown> }

/** Every error as a problem: with the request's id, never with a stack. What nobody foresaw is logged here, once. */
export function answerProblems(app: App, log: Logger): void {
  app.setErrorHandler((error: FastifyError, req, reply) =>
    sendProblem(req, reply, loggedAnswer(log, error, { requestId: req.id, route: req.routeOptions.url }))
  )
  const methods = allowedMethods(app)
  app.setNotFoundHandler((req, reply) => {
    const allowed = methods(req.url.split('?', 1)[0]!)
    if (allowed.length === 0)
      return sendProblem(req, reply, { status: 404, code: 'not-found', detail: 'there is no such route; see /api/docs' })
    reply.header('allow', allowed.join(', '))
    return sendProblem(req, reply, { status: 405, code: 'method-not-allowed', detail: `this path takes ${allowed.join(', ')}` })
  })
}

/** Sends one problem. */
export function sendProblem(req: FastifyRequest, reply: FastifyReply, answer: Answer): FastifyReply {
  const { headers, problem } = worded(answer, req.id)
  return reply.code(answer.status).headers(headers).serializer(JSON.stringify).send(problem)
}

type Failed = { res: ServerResponse; headers: Record<string, string>; requestId: string; route: string }

/** As the framework's error handler, for an answer that it has no part in. Returns the status. */
export function answerFailure(log: Logger, error: unknown, { res, headers, requestId, route }: Failed): number {
  const answer = loggedAnswer(log, error, { requestId, route })
  const { problem, headers: own } = worded(answer, requestId)
  res.writeHead(answer.status, { ...headers, 'x-request-id': requestId, ...own }).end(JSON.stringify(problem))
  return answer.status
}

function loggedAnswer(log: Logger, error: unknown, where: { requestId: string; route: string | undefined }): Answer {
  const answer = answerOf(databaseError(error))
  if (answer.code === 'unfit') log.warn({ err: error, ...where }, 'a value got as far as the database')
  if (answer.status === 500) log.error({ err: error, ...where }, 'request failed')
  return answer
}

function worded(
  { status, code, detail, more }: Answer,
  requestId: string
): { headers: Record<string, string>; problem: Problem } {
  const waits = status === 503 || typeof more?.retryAfterSeconds === 'number'
  return {
    headers: {
      'content-type': 'application/problem+json',
      ...(waits && { 'retry-after': String(more?.retryAfterSeconds ?? 1) })
    },
    problem: { type: 'about:blank', title: TITLES[status] ?? 'Refused', status, code, detail, requestId, ...more }
  }
}

function answerOf(error: unknown): Answer {
  if (error instanceof NotFound) return { status: 404, code: 'not-found', detail: error.message }
  if (error instanceof Invalid) return { status: 422, code: 'invalid', detail: error.message, more: { field: error.field } }
  if (error instanceof Refused)
    return { status: STATUS[error.code] ?? 409, code: error.code, detail: error.message, more: error.details }
  if (error instanceof NoSpace) return { status: 507, code: 'no-space', detail: error.message }
  if (error instanceof Unavailable) return { status: 503, code: 'unavailable', detail: error.message }
  return frameworkAnswer(error as Partial<FastifyError>)
}

function frameworkAnswer({ validation, validationContext, code, statusCode, message }: Partial<FastifyError>): Answer {
  if (validation) return invalidInput(validation, validationContext ?? 'body')
  const known = FRAMEWORK[code ?? '']
  if (known) return { status: known[0], code: known[1], detail: known[2] }
  if (/^22...$/.test(code ?? '')) return { status: 422, code: 'unfit', detail: 'a value is outside what the database can hold' }
  if (statusCode && statusCode >= 400 && statusCode < 500)
    return { status: statusCode, code: 'bad-request', detail: message ?? 'the request is malformed' }
  return { status: 500, code: 'internal', detail: 'something failed that should not; the log has it under this requestId' }
}

/** A path no router can read: it has no route, so no right is asked for. */
export function answerUnroutable(error: FastifyError, req: FastifyRequest, reply: FastifyReply): void {
  sendProblem(req, reply.header('x-content-type-options', 'nosniff'), answerOf(error))
}

/** Bytes that are no HTTP request, or one that never ends: one short answer, then the line is cut. */
export function answerUnparsable(error: { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const [status, title] = UNPARSABLE[error.code ?? ''] ?? [400, 'Bad Request']
  const body = JSON.stringify({
    type: 'about:blank',
    title,
    status,
    code: 'bad-request',
    detail: 'this is not an HTTP request the box can read'
  })
  const head = `HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`
  if (socket.writable) socket.write(head + body)
  socket.destroySoon()
}

const UNPARSABLE: Record<string, [number, string]> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout']
}

type Violation = { keyword: string; instancePath: string; params: Record<string, unknown>; message?: string }

/** The field that is wrong: for a missing or unknown member its own name, not its parent's. */
function invalidInput(violations: readonly Violation[], part: string): Answer {
  const { instancePath, params, message, keyword } = violations.find((v) => v.keyword !== 'anyOf') ?? violations[0]!
  const member = params.missingProperty ?? params.additionalProperty
  const field = [instancePath.slice(1), member].filter(Boolean).join('/') || part
  const what =
    keyword === 'additionalProperties'
      ? 'is not a field of this'
      : keyword === 'required'
        ? 'is missing'
        : keyword === 'enum'
          ? `must be one of ${(params.allowedValues as unknown[]).join(', ')}`
          : (message ?? 'is wrong')
  return { status: 422, code: 'invalid', detail: `${field}: ${what}`, more: { field } }
}

/** Learns every route while it is registered; the answer is which methods a path takes, whatever the request's own. */
function allowedMethods(app: App): (path: string) => string[] {
  const routes = new Map<string, { pattern: RegExp; methods: Set<string> }>()
  app.addHook('onRoute', ({ url, method }) => {
    const pattern = new RegExp(
      `^${url
        .replace(/[.+?^$()|[\]\\{}]/g, '\\$&')
        .replaceAll('*', '.*')
        .replace(/:\w+/g, '[^/]+')
        .replace(/\/$/, '')}/?$`
    )
    const route = routes.get(url) ?? { pattern, methods: new Set() }
    for (const one of [method].flat()) route.methods.add(one)
    routes.set(url, route)
  })
  return (path) =>
    [...new Set([...routes.values()].filter((route) => route.pattern.test(path)).flatMap((route) => [...route.methods]))].sort()
}
