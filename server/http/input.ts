/** What a request may bring in: JSON of bounded size and depth (a route may take text instead), typed queries, values a database can hold. */
import type { FastifyRequest } from 'fastify'
import type { TSchema } from 'typebox'
import { Convert } from 'typebox/value'
import { Invalid, Refused } from '#server/platform/errors.ts'
import { isDeepJson, MAX_JSON_DEPTH } from '#server/platform/untrusted.ts'
import type { App } from '#server/platform/web-app.ts'

export const BODY_LIMIT = 256 * 1024

declare module 'fastify' {
  interface FastifyRequest {
    /** The JSON as it came, on routes with `keepsText`. */
    bodyText: string
  }
  interface FastifyContextConfig {
    keepsText?: boolean
  }
}

/** Takes application/json only: any other type is a 415, no JSON (or none where the route wants it) a 400, too deep a 422. A query's text becomes the numbers and booleans its schema has; a body's never does. */
export function readJsonOnly(app: App): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.decorateRequest('bodyText', '')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string', bodyLimit: BODY_LIMIT }, (req, text: string, done) => {
    if (text === '' && !req.routeOptions.schema?.body) return done(null, undefined)
    if (isDeepJson(text)) return done(new Refused('json-too-deep', `JSON may be nested ${MAX_JSON_DEPTH} levels deep`), undefined)
    if (req.routeOptions.config.keepsText) req.bodyText = text
    parse(req, text, (error, body) => done(error ?? problemOf(body, text), body))
  })
  app.addHook('onRoute', (route) => {
    const { querystring } = (route.schema ?? {}) as { querystring?: TSchema }
    if (!querystring) return
    const convert = (req: FastifyRequest, _reply: unknown, done: () => void) => {
      req.query = Convert(querystring, req.query)
      done()
    }
    route.preValidation = [convert, ...[route.preValidation ?? []].flat()]
  })
  app.addHook('onRequest', (req, _reply, done) =>
    hasNul(req) ? done(new Invalid('path', 'must not hold a NUL character')) : done()
  )
}

/** Takes `type` as text on this part of `app` alone, instead of JSON. */
export function readText(app: App, type: string, bodyLimit: number): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(type, { parseAs: 'string', bodyLimit }, (_req, text: string, done) => {
    if (isText(text)) done(null, text)
    else done(new Invalid('body', 'must not hold NUL characters'), undefined)
  })
}

/** Takes bytes of these types on this part of `app` alone, instead of JSON. */
export function readBytes(app: App, types: string[], bodyLimit: number): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(types, { parseAs: 'buffer', bodyLimit }, (_req, bytes: Buffer, done) => done(null, bytes))
}

function problemOf(body: unknown, text: string): Error | null {
  if (!text.includes('\\u') || isText(body)) return null
  return new Invalid('body', 'must not hold NUL characters or half of a surrogate pair')
}

/** Can PostgreSQL keep every string of it? Only an escape can bring in what it cannot. */
function isText(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0')
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([key, member]) => isText(key) && isText(member))
}

const hasNul = (req: FastifyRequest) => req.url.includes('%00')

type Formats = { addFormat(name: string, format: RegExp | ((text: string) => boolean)): unknown }
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const TIME = /^(\d{4}-(?:0[1-9]|1[0-2])-\d\d)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)$/i

/** UUIDs and times as the database takes them: no `urn:uuid:`, no leap second, no 30th of February, no year 0. */
export function tightenFormats(ajv: Formats): void {
  ajv.addFormat('uuid', UUID)
  ajv.addFormat('date-time', (text) => {
    const day = TIME.exec(text)?.[1]
    if (!day || day.startsWith('0000')) return false
    const midnight = new Date(`${day}T00:00:00Z`)
    return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day)
  })
}
