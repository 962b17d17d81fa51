/** Every route wants the right credential before anything else: walked from the API's own description, so it grows by itself. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { ACCESS, isAccess, mayAccess, ROLES } from '#server/domain/staff/rules.ts'
import type { App, Resource } from '#server/http/app.ts'
import { tightenFormats } from '#server/http/input.ts'
import {
  type Answer,
  assertProblem,
  openHttp,
  openHttpStore,
  openShop,
  sender,
  signInCookie,
  staffCaller
} from '#test/support/http.ts'

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
type Described = {
  operationId?: string
  summary?: string
  tags?: string[]
  'x-access'?: string | string[]
  responses: Record<string, { content?: object }>
}
type Operation = { method: Method; path: string; url: string; access: string[]; described: Described }

async function open() {
  const shop = await openShop()
  const document = (await shop.send('GET', '/api/openapi.json')).body
  const operations = Object.entries(document.paths as Record<string, Record<string, Described>>).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]): Operation => {
      const access = [described['x-access'] ?? []].flat()
      return {
        method: method.toUpperCase() as Method,
        path,
        url: path.replace(/\{\w+\}/g, 'no such thing').replaceAll(' ', '%20'),
        access,
        described
      }
    })
  )
  return { ...shop, document, operations, guarded: operations.filter(({ access }) => !access.includes('public')) }
}

const nameOf = ({ method, path }: Operation) => `${method} ${path}`
const isStream = ({ described }: Operation) =>
  Object.values(described.responses).some(({ content }) => content && 'text/event-stream' in content)

/** Sends what is wrong in every other way too: the credential must be what is refused. */
const bad = (app: App, { method, url }: Operation, headers: Record<string, string>): Promise<Answer> =>
  sender(app)(method, url, method === 'GET' ? undefined : '<not json>', {
    ...headers,
    ...(method !== 'GET' && { 'content-type': 'text/weird' })
  })

test('every schema of the API compiles, since none is compiled before it is needed', async () => {
  await using shop = await open()
  const ofFastify = createRequire(import.meta.resolve('fastify'))
  const validator = ofFastify('@fastify/ajv-compiler')()({}, { customOptions: {}, onCreate: tightenFormats })
  const stringify = ofFastify('fast-json-stringify')
  let count = 0
  for (const { described } of shop.operations) {
    const { parameters = [], requestBody, responses } = described as any
    const taken = [...parameters, ...Object.values<any>(requestBody?.content ?? {})].flatMap(({ schema }) => schema ?? [])
    for (const schema of taken) assert.equal(typeof validator({ schema: { type: 'object', properties: { schema } } }), 'function')
    const answers = Object.values<any>(responses).flatMap(({ content = {} }) => content['application/json']?.schema ?? [])
    for (const schema of answers) assert.equal(typeof stringify(schema), 'function')
    count += taken.length + answers.length
  }
  assert.ok(count > 200, `${count} schemas`)
})

test('the description names every operation’s right, id, tag and summary, in OpenAPI 3.1 with full paths', async () => {
  await using shop = await open()
  assert.equal(shop.document.openapi, '3.1.0')
  assert.equal(shop.document.servers, undefined)
  assert.ok(shop.operations.length >= 20)
  const photo = shop.document.paths['/api/v1/products/{id}/photo'].put.requestBody
  assert.deepEqual(Object.keys(photo.content), ['image/jpeg', 'image/png', 'image/webp'])
  assert.equal(photo.required, true)
  const ids = new Set<string>()
  for (const operation of shop.operations) {
    const { operationId, summary, tags } = operation.described
    assert.ok(operationId && summary && tags?.length, nameOf(operation))
    assert.ok(!ids.has(operationId), operationId)
    ids.add(operationId)
    for (const right of operation.access)
      assert.ok(
        ['public', 'signed-in', 'device:machine', 'device:scanner', 'device:tracker', 'link:camera', 'link:video'].includes(
          right
        ) || isAccess(right),
        `${nameOf(operation)}: ${right}`
      )
    assert.ok(operation.access.length > 0, nameOf(operation))
    const hasSecurity = 'security' in operation.described
    assert.equal(hasSecurity, !operation.access.includes('public'), nameOf(operation))
  }
})

test('what is public is what the contract says, and no more', async () => {
  await using shop = await open()
  const open_ = shop.operations.filter(({ access }) => access.includes('public')).map(nameOf)
  assert.deepEqual(open_.sort(), [
    'GET /api/openapi.json',
    'GET /healthz',
    'GET /metrics',
    'GET /readyz',
    'POST /api/v1/auth/login'
  ])
})

test('the router has no route that the description hides, but the box’s own pages', async () => {
  await using shop = await open()
  const described = shop.operations.map(nameOf)
  const isPage = (route: string) => /^GET \/(?:$|pages\/|admin(?:\/|\*|$)|api\/docs(?:\/|$))/.test(route)
  const own = routesOf(shop.app).filter((route) => !isPage(route))
  assert.deepEqual(own.sort(), described.map((route) => route.replace(/(?<=.)\/$/, '')).sort())
})

/** The router's own list, from its printed tree: four columns a level, methods in brackets. */
function routesOf(app: App): string[] {
  const parents: string[] = []
  return app
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .flatMap((line) => {
      const match = /^([│ ]*)[├└]── (.+?)(?: \(([A-Z, ]+)\))?$/.exec(line)
      if (!match) return []
      const depth = match[1]!.length / 4
      parents[depth] = (depth > 0 ? parents[depth - 1]! : '') + match[2]!
      const path = parents[depth]!.replace(/:(\w+)/g, '{$1}').replace(/(?<=.)\/$/, '')
      return (match[3] ?? '')
        .split(', ')
        .filter((method) => method && method !== 'HEAD')
        .map((method) => `${method} ${path}`)
    })
}

test('without a credential, or with garbage for one, every guarded route answers 401 before it looks at anything else', async () => {
  await using shop = await open()
  const garbage: Record<string, string>[] = [
    {},
    { authorization: 'Bearer x' },
    { authorization: `Bearer niflr_api_${'A'.repeat(43)}` },
    { authorization: `Bearer niflr_dev_${'A'.repeat(43)}` },
    { authorization: `Bearer ${'x'.repeat(5000)}` },
    { authorization: 'Bearer' },
    { authorization: 'Basic YWRtaW46YWRtaW4=' },
    { cookie: 'niflr_session=x' },
    { cookie: `niflr_session=niflr_web_${'A'.repeat(43)}` },
    { cookie: 'niflr_session=%00; niflr_session=' }
  ]
  for (const operation of shop.guarded)
    for (const headers of garbage) {
      const answer = await bad(shop.app, operation, headers)
      assert.equal(answer.status, 401, `${nameOf(operation)} ${JSON.stringify(headers).slice(0, 80)}: ${answer.text}`)
      assert.equal(answer.headers['www-authenticate'], 'Bearer')
    }
})

test('a disabled account, an ended sign-in and a revoked token are nobody', async () => {
  await using shop = await open()
  const admin = await staffCaller(shop.ctx, shop.app, 'admin')
  const disabled = await staffCaller(shop.ctx, shop.app, 'admin')
  const revoked = await staffCaller(shop.ctx, shop.app, 'admin')
  const cookies = { disabled: await signInCookie(shop.app, disabled), ended: await signInCookie(shop.app, admin) }
  await admin.send('PATCH', `/api/v1/staff/${disabled.id}`, { disabled: true })
  const tokens = (await revoked.send('GET', '/api/v1/api-tokens')).body.items
  await revoked.send('DELETE', `/api/v1/api-tokens/${tokens[0].id}`)
  await sender(shop.app, { cookie: cookies.ended })('POST', '/api/v1/auth/logout', undefined, { 'sec-fetch-site': 'same-origin' })
  const nobodies: Record<string, string>[] = [
    { cookie: cookies.disabled },
    { cookie: cookies.ended },
    { authorization: `Bearer ${disabled.token}` },
    { authorization: `Bearer ${revoked.token}` }
  ]
  for (const operation of shop.guarded)
    for (const headers of nobodies) assert.equal((await bad(shop.app, operation, headers)).status, 401, nameOf(operation))
})

test('a role without the right is refused on every route, staff on the devices’ routes too', async () => {
  await using shop = await open()
  let refused = 0
  for (const role of ROLES) {
    const { token } = await staffCaller(shop.ctx, shop.app, role)
    for (const operation of shop.guarded) {
      const isAllowed = operation.access.some((right) => right === 'signed-in' || mayAccess(role, right))
      if (isAllowed) continue
      const answer = await bad(shop.app, operation, { authorization: `Bearer ${token}` })
      const isDevicesOnly = operation.access.every((right) => right.startsWith('device:'))
      assert.equal(answer.status, isDevicesOnly ? 401 : 403, `${role} ${nameOf(operation)}: ${answer.text}`)
      refused++
    }
  }
  assert.ok(refused > 0)
})

test('with the right, whatever is wrong in the request is a refusal, never a failure', async () => {
  await using shop = await open()
  const { send } = await staffCaller(shop.ctx, shop.app, 'admin')
  const bodies = [
    '',
    '{',
    'null',
    '[]',
    '{}',
    '"x"',
    '{"__proto__":{}}',
    '{"a":{"constructor":{"prototype":1}}}',
    `${'['.repeat(2000)}${']'.repeat(2000)}`,
    '{"name":"\\u0000","username":"\\u0000"}',
    '{"version":1e400}',
    `"${'x'.repeat(300_000)}"`
  ]
  for (const operation of shop.operations.filter((one) => !isStream(one))) {
    const urls = [
      operation.url,
      operation.path.replace(/\{\w+\}/g, '018f0000-0000-7000-8000-000000000000'),
      `${operation.url}?limit=0&cursor=%F0%28&from=x`,
      operation.path.replace(/\{\w+\}/g, '%00')
    ]
    for (const url of urls)
      for (const body of operation.method === 'GET' ? [undefined] : bodies) {
        const answer = await send(operation.method, url, body, body === undefined ? {} : { 'content-type': 'application/json' })
        assert.ok(answer.status < 500, `${operation.method} ${url} ${body?.slice(0, 40)}: ${answer.text}`)
      }
  }
})

test('a route that declares no right, an unknown one, or no summary does not get in', async () => {
  const described = { summary: 'x', tags: ['x'] }
  const doors: Resource[] = [
    (app) => void app.get('/new', { config: {}, schema: described }, async () => 'x'),
    (app) => void app.get('/new', { config: { access: 'everything:read' as 'staff:read' }, schema: described }, async () => 'x'),
    (app) => void app.get('/new', { config: { access: 'public' }, schema: {} }, async () => 'x')
  ]
  for (const door of doors) {
    await using store = await openHttpStore()
    await assert.rejects(openHttp(store.ctx, { routes: [door] }), /GET \/new/)
  }
})

test('a device is let in by its own key alone, at once or after a look-up', async () => {
  await using store = await openHttpStore()
  const machine = (key: string | null) => (key === 'niflr_dev_right' ? { machineId: 'm-1' } : null)
  const schema = { summary: 'who am I', tags: ['test'] }
  const app = await openHttp(store.ctx, {
    machine,
    scanner: async (key) => (key === 'niflr_dev_door' ? { scannerId: 's-1' } : null),
    routes: [
      (app) => {
        app.post('/who', { config: { access: 'device:machine' }, schema }, async (req) => req.device)
        app.post('/door', { config: { access: 'device:scanner' }, schema }, async (req) => req.device)
        app.get(
          '/either',
          { config: { access: ['device:machine', 'machines:read'] }, schema },
          async (req) => req.device ?? req.actor
        )
      }
    ]
  })
  const as = (key: string) => sender(app, { authorization: `Bearer ${key}` })
  assert.deepEqual((await as('niflr_dev_right')('POST', '/who')).body, { machineId: 'm-1' })
  assert.deepEqual((await as('niflr_dev_door')('POST', '/door')).body, { scannerId: 's-1' })
  assertProblem(await as('niflr_dev_door')('POST', '/who'), 401, 'unauthorized')
  assertProblem(await as('niflr_dev_right')('POST', '/door'), 401, 'unauthorized')
  assertProblem(await sender(app)('POST', '/who'), 401, 'unauthorized')
  const reviewer = await staffCaller(store.ctx, app, 'reviewer')
  assert.deepEqual((await as('niflr_dev_right')('GET', '/either')).body, { machineId: 'm-1' })
  assert.equal((await reviewer.send('GET', '/either')).body.id, reviewer.id)
  assertProblem(await sender(app)('GET', '/either'), 401, 'unauthorized')
  assertProblem(await reviewer.send('POST', '/who'), 401, 'unauthorized')
  await app.close()
})

test('the role table has no row that no role could use', () => {
  for (const [access, roles] of Object.entries(ACCESS)) assert.ok(roles.length > 0, access)
})
