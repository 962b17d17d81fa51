/** The API's description, made from the routes themselves (/api/openapi.json), and its readable form (/api/docs) from this box's own files. */
import { createRequire } from 'node:module'
import swagger from '@fastify/swagger'
import type { RouteOptions } from 'fastify'
import { Problem } from '#contracts/api/shared.ts'
import type { Context } from '#server/context.ts'
import type { App } from '#server/platform/web-app.ts'
import { accessList, SESSION_COOKIE } from './access.ts'
import { serveFile } from './assets.ts'

const DESCRIPTION = `Times are RFC 3339 in UTC with milliseconds, weights integer grams, money minor units of the store's currency.
Lists are newest first (products by name); those that grow as long as the store lives take \`from\`, \`to\` and \`order=asc\`. Pass \`nextCursor\` back as \`cursor\` for the next page. Errors are \`application/problem+json\` with a stable \`code\`.
People sign in at \`POST /api/v1/auth/login\`; programs send \`Authorization: Bearer API_TOKEN\`, devices their device key.
POSTs that create or settle something honour \`Idempotency-Key\` for 24 hours. Each operation's \`x-access\` names the right it wants.`

/** Adds the description and the pages. Throws at registration for an operation without tag or summary. */
export async function describeApi(app: App, ctx: Context): Promise<void> {
  app.addHook('onRoute', ({ method, url, schema }) => {
    if (!schema?.hide && (!schema?.tags?.length || !schema.summary))
      throw new Error(`${method} ${url}: schema.tags and schema.summary are missing`)
  })
  app.addSchema({ ...Problem, $id: 'Problem' })
  await app.register(swagger, {
    refResolver: { buildLocalReference: (json, _base, _fragment, n) => (json.$id ? String(json.$id) : `schema-${n}`) },
    stripBasePath: false,
    convertConstToEnum: false,
    openapi: {
      openapi: '3.1.0',
      info: { title: `niflr-edge-store: ${ctx.store.name}`, description: DESCRIPTION, version: '1.0.0' },
      components: {
        securitySchemes: {
          cookie: { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE, description: 'set by POST /api/v1/auth/login' },
          token: { type: 'http', scheme: 'bearer', description: 'an API token of a staff account' },
          link: {
            type: 'apiKey',
            in: 'query',
            name: 'sig',
            description: 'a signed link, as tickets carry them; ends within minutes'
          },
          deviceKey: { type: 'http', scheme: 'bearer', description: 'a device key, shown once when the device is onboarded' }
        }
      }
    },
    transform: ({ schema, url, route }) => ({
      schema: { ...(schema as Schema), ...facts(route, url), response: responses(route) },
      url
    })
  })
  pages(app)
}

type Schema = Record<string, unknown> & { response?: Record<string, unknown> }

function pages(app: App): void {
  const description = { summary: 'This description, as OpenAPI 3.1', tags: ['health'] }
  app.get('/api/openapi.json', { config: { access: 'public' }, schema: description }, async (_req, reply) =>
    reply.serializer(JSON.stringify).type('application/json').send(app.swagger())
  )
  const installed = createRequire(import.meta.url).resolve('@fastify/swagger-ui/package.json')
  const file = (name: string) => installed.replace(/package\.json$/, `static/${name}`)
  serveFile(app, '/api/docs', `${import.meta.dirname}/pages/docs.html`)
  serveFile(app, '/api/docs/docs.js', `${import.meta.dirname}/pages/docs.js`)
  serveFile(app, '/api/docs/swagger-ui.css', file('swagger-ui.css'))
  serveFile(app, '/api/docs/swagger-ui-bundle.js', file('swagger-ui-bundle.js'))
}

/** What the description says of a route beyond its schema: its right, its credentials, its id. */
function facts({ method, config, schema }: RouteOptions, url: string) {
  const access = accessList(config?.access)
  const isDevice = access.some((right) => right.startsWith('device:'))
  const isLink = access.some((right) => right.startsWith('link:'))
  const isStaff = access.some((right) => right !== 'public' && !/^(?:device|link):/.test(right))
  const security: Record<string, string[]>[] = [
    ...(isStaff ? [{ cookie: [] }, { token: [] }] : []),
    ...(isDevice ? [{ deviceKey: [] }] : []),
    ...(isLink ? [{ link: [] }] : [])
  ]
  const operationId = schema?.operationId ?? operationOf(String(method), url)
  return {
    operationId,
    'x-access': access.length === 1 ? access[0] : access,
    ...(security.length > 0 ? { security } : {}),
    ...(config?.idempotent && { headers: IDEMPOTENCY_KEY })
  }
}

const IDEMPOTENCY_KEY = {
  type: 'object',
  properties: {
    'idempotency-key': {
      type: 'string',
      maxLength: 255,
      description: 'the same key within 24 hours gives the first answer again'
    }
  }
}
const WORDS: Record<string, string> = {
  400: 'not JSON',
  401: 'no valid credential',
  403: 'not allowed to this account',
  404: 'no such thing',
  409: 'the rules or somebody else’s change say no',
  413: 'too large',
  415: 'not JSON by type',
  422: 'a field is wrong'
}

const DONE: Record<string, string> = {
  200: 'done',
  201: 'made',
  202: 'on its way',
  204: 'done, with nothing to say',
  503: 'not now'
}

/** The route's own answers, and every problem it can give. */
function responses({ method, schema, config, url }: RouteOptions): Record<string, unknown> {
  const own = (schema as Schema | undefined)?.response
  const isPublic = accessList(config?.access)[0] === 'public'
  const codes = [
    ...(isPublic ? [] : [401, 403]),
    ...(url.includes(':') ? [404] : []),
    ...(schema?.body ? [400, 413, 415] : []),
    ...(schema?.body || schema?.querystring || schema?.params ? [422] : []),
    ...(method === 'GET' ? [] : [409])
  ]
  const problem = (description: string) => ({
    description,
    content: { 'application/problem+json': { schema: { $ref: 'Problem#' } } }
  })
  const problems = Object.fromEntries(codes.map((code) => [code, problem(WORDS[code]!)]))
  const described =
    own &&
    Object.fromEntries(
      Object.entries(own).map(([code, answer]) => [code, { description: DONE[code] ?? 'done', ...(answer as object) }])
    )
  const first = described ?? {
    200: { description: 'done', content: { [plainType(schema as Schema)]: { schema: { type: 'string' } } } }
  }
  return { ...problems, ...first, default: problem('any other problem: 429 too many, 503 the database is away, 507 no space') }
}

const plainType = (schema: Schema | undefined) => (schema?.produces as string[] | undefined)?.[0] ?? 'application/json'

/** GET /api/v1/machines/:machineId/scales → getMachinesMachineIdScales */
function operationOf(method: string, url: string): string {
  const words = url
    .replace(/^\/api\/v1/, '')
    .split(/[^A-Za-z0-9]+/)
    .filter(Boolean)
  return method.toLowerCase() + words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('')
}
