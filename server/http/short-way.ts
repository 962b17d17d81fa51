/**
 * The short way: a device message that comes in multitudes, with nothing unusual about it, is answered without the web framework, whose
 * share would be greater than the message's own. Whatever is unusual goes the usual way, as if nobody had looked at it: refusals are
 * worded in one place.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from '#server/platform/logger.ts'
import type { App } from '#server/platform/web-app.ts'
import { bearerOf } from './access.ts'
import { BODY_LIMIT } from './input.ts'
import { answerFailure } from './problems.ts'
import type { Observe } from './traffic.ts'

/** A route that has a short way beside its usual one. */
export type ShortWay = {
  path: string
  /** What a key is known by: asked once for each line, whose peer sends the same key again and again. */
  hashOf: (key: string) => string
  /** Whose key that is; null for nobody's. */
  ownerOf: (keyHash: string) => string | null
  /** Asked before the body is read. `mark`: the request, so that the usual way knows what was asked already. */
  admits: (deviceId: string, mark: object) => boolean
  /** Takes the body as it came; null when it is durable already, undefined for what needs a second look. What that or a throw leaves has changed nothing: the usual way says why. */
  take: (deviceId: string, text: string) => Promise<void> | null | undefined
  /** Hears why a message that was taken did not become durable. */
  failed: (deviceId: string, error: unknown) => void
}
export type ShortWays = {
  ways: ShortWay[]
  log: Logger
  headers: Record<string, string>
  nextRequestId: () => string
  observe: Observe
}
type Exchange = { req: IncomingMessage; res: ServerResponse; startedMs: number }

const PLAIN = new Set(['application/json', 'application/json; charset=utf-8'])
const SUCCESS = '{"status":"success"}'

/** Puts the short ways before the framework's own routing. */
export function takeShortWays(app: App, { ways, log, headers, nextRequestId, observe }: ShortWays): void {
  const fixed = Object.entries({
    ...headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(SUCCESS.length)
  }).flat()
  const usual = (req: IncomingMessage, res: ServerResponse) => app.routing(req, res)
  const byPath = new Map(ways.map((way) => [way.path, way]))
  const leaving: Exchange[] = []

  const succeed = ({ req, res, startedMs }: Exchange) => {
    const requestId = nextRequestId()
    res.writeHead(200, [...fixed, 'x-request-id', requestId]).end(SUCCESS)
    observe({ method: 'POST', route: req.url!, status: 200, ms: performance.now() - startedMs, requestId })
  }
  /** Answers of one turn of the event loop leave together, after all that had arrived was read: whoever receives them is woken once, which costs more than all the rest. */
  const succeedWithOthers = (exchange: Exchange) => {
    if (leaving.push(exchange) > 1) return
    setImmediate(() => leaving.splice(0).forEach(succeed))
  }
  const fail = (way: ShortWay, { res, startedMs }: Exchange, deviceId: string, error: unknown) => {
    way.failed(deviceId, error)
    const requestId = nextRequestId()
    const status = answerFailure(log, error, { res, headers, requestId, route: way.path })
    observe({ method: 'POST', route: way.path, status, ms: performance.now() - startedMs, requestId })
  }
  const take = (way: ShortWay, deviceId: string, exchange: Exchange, bytes: Buffer): boolean => {
    let durable: Promise<void> | null | undefined
    try {
      durable = way.take(deviceId, bytes.toString('utf8'))
    } catch {
      return false
    }
    if (durable === undefined) return false
    if (durable === null) succeedWithOthers(exchange)
    else
      durable.then(
        () => succeed(exchange),
        (error: unknown) => fail(way, exchange, deviceId, error)
      )
    return true
  }

  const lines = new WeakMap<object, { authorization: string | undefined; keyHash: string | null }>()
  const keyHashOf = (way: ShortWay, { socket, headers: { authorization } }: IncomingMessage): string | null => {
    const known = lines.get(socket)
    if (known && known.authorization === authorization) return known.keyHash
    const key = bearerOf(authorization)
    const keyHash = key === null ? null : way.hashOf(key)
    lines.set(socket, { authorization, keyHash })
    return keyHash
  }

  app.server.removeListener('request', app.routing)
  app.server.on('request', (req: IncomingMessage, res: ServerResponse) => {
    const way = byPath.get(req.url!)
    const length = way ? lengthOf(req) : 0
    if (!way || length === 0 || !app.server.listening) return usual(req, res)
    const keyHash = keyHashOf(way, req)
    const deviceId = keyHash === null ? null : way.ownerOf(keyHash)
    if (deviceId === null || !way.admits(deviceId, req)) return usual(req, res)
    const exchange = { req, res, startedMs: performance.now() }
    const chunks: Buffer[] = [] // put together once: a peer may send them byte by byte
    let received = 0
    req.on('data', function read(chunk: Buffer) {
      chunks.push(chunk)
      received += chunk.length
      if (received < length) return
      const bytes = chunks.length === 1 ? chunk : Buffer.concat(chunks)
      if (take(way, deviceId, exchange, bytes)) return
      req.removeListener('data', read).pause().unshift(bytes)
      usual(req, res)
    })
  })
}

/** How many bytes of plain JSON are announced; 0 for anything but plain JSON. */
function lengthOf({ method, headers }: IncomingMessage): number {
  const length = Number(headers['content-length'] ?? 0)
  const isPlain = method === 'POST' && PLAIN.has(headers['content-type'] ?? '') && headers['transfer-encoding'] === undefined
  return isPlain && length <= BODY_LIMIT ? length : 0
}
