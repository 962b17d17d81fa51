/** Every route of the whole store × every bad credential that a good one can become: refused before anything else, and nothing is written. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mayAccess, ROLES } from '#server/domain/staff/rules.ts'
import { newHttpMachine } from '#test/support/devices.ts'
import { assertProblem, handClock, sender, signInCookie, staffCaller } from '#test/support/http.ts'
import { rowCounts } from '#test/support/row-counts.ts'
import { openTestStore, type TestStore } from '#test/support/store.ts'

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
type Route = { name: string; method: Method; url: string; access: string[] }
type Headers = Record<string, string>
const HALF_A_DAY_MS = 12 * 3_600_000

async function open() {
  const clock = handClock()
  const store = await openTestStore({ clock })
  return { ...store, clock, routes: await routesOf(store), [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() }
}
type Open = Awaited<ReturnType<typeof open>>

/** The store's own list; access.test.ts holds it against the router's. */
async function routesOf({ app }: Pick<TestStore, 'app'>): Promise<Route[]> {
  const { body } = await sender(app)('GET', '/api/openapi.json')
  return Object.entries(body.paths as Record<string, Record<string, { 'x-access': string | string[] }>>).flatMap(
    ([path, methods]) =>
      Object.entries(methods).map(([method, described]) => ({
        name: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase() as Method,
        url: path.replace(/\{\w+\}/g, '018f0000-0000-7000-8000-000000000000'),
        access: [described['x-access']].flat()
      }))
  )
}
const isDevicesOnly = ({ access }: Route) => access.every((right) => right.startsWith('device:'))
const isPublic = ({ access }: Route) => access.includes('public')
const bearer = (key: string): Headers => ({ authorization: `Bearer ${key}` })

/** Sends what is wrong in every other way too: the credential must be what is refused. */
const present = ({ app }: Open, { method, url }: Route, headers: Headers) =>
  sender(app)(method, url, method === 'GET' ? undefined : '<not json>', { 'content-type': 'text/weird', ...headers })

/** Good credentials that have gone bad, each in its own way. */
async function goneBad(store: Open): Promise<Record<string, Headers>> {
  const { ctx, app, admin, clock } = store
  const [leaver, other] = [await staffCaller(ctx, app, 'admin'), await staffCaller(ctx, app, 'admin')]
  const expiresAt = new Date(clock.now().getTime() + HALF_A_DAY_MS).toISOString()
  const expired = (await admin.send('POST', '/api/v1/api-tokens', { name: 'till tonight', expiresAt })).body.token
  const idle = await signInCookie(app, admin)
  const disabled = await signInCookie(app, leaver)
  const revoked = (await other.send('POST', '/api/v1/api-tokens', { name: 'revoked' })).body
  await other.send('DELETE', `/api/v1/api-tokens/${revoked.id}`)
  await admin.send('PATCH', `/api/v1/staff/${leaver.id}`, { disabled: true })
  const [machine, retired] = [await newHttpMachine(store), await newHttpMachine(store)]
  await admin.send('POST', `/api/v1/machines/${machine.machineId}/device-key`)
  await admin.send('DELETE', `/api/v1/machines/${retired.machineId}`)
  clock.forward(HALF_A_DAY_MS)
  const ended = await signInCookie(app, admin)
  await sender(app, { cookie: ended })('POST', '/api/v1/auth/logout', undefined, { 'sec-fetch-site': 'same-origin' })
  const changed = await signInCookie(app, other)
  await admin.send('PATCH', `/api/v1/staff/${other.id}`, { password: 'another long sentence' })
  return {
    'no credential': {},
    'a revoked token': bearer(revoked.token),
    'an expired token': bearer(expired),
    'a disabled account’s token': bearer(leaver.token),
    'a disabled account’s sign-in': { cookie: disabled },
    'an idle sign-in': { cookie: idle },
    'an ended sign-in': { cookie: ended },
    'a sign-in from before the password was changed': { cookie: changed },
    'a rotated device key': bearer(machine.deviceKey),
    'a retired machine’s key': bearer(retired.deviceKey),
    'a token in the wrong scheme': { authorization: `Basic ${admin.token}` },
    'a token’s text as a cookie': { cookie: `niflr_session=${admin.token}` },
    'a cookie’s text as a token': bearer(idle.slice(14)),
    'a token with a letter more': bearer(`${admin.token}x`),
    'a token in other letters': bearer(admin.token.toUpperCase()),
    'a token in the URL': {}
  }
}

test('every guarded route refuses every credential that has gone bad, and writes nothing', async () => {
  await using store = await open()
  const bad = await goneBad(store)
  const before = await rowCounts(store.ctx.pool)
  let refused = 0
  for (const route of store.routes.filter((one) => !isPublic(one)))
    for (const [what, headers] of Object.entries(bad)) {
      const url = what.endsWith('URL') ? `${route.url}?access_token=${store.admin.token}&token=${store.admin.token}` : route.url
      const answer = await present(store, { ...route, url }, headers)
      assert.equal(answer.status, 401, `${route.name} with ${what}: ${answer.text}`)
      refused++
    }
  assert.deepEqual(await rowCounts(store.ctx.pool), before)
  assert.ok(refused > 800, `${refused} refusals`)
})

test('staff on devices’ routes and devices on staff’s are strangers; a device of the other kind too', async () => {
  await using store = await open()
  const machine = await newHttpMachine(store)
  const scanner = (await store.admin.send('POST', '/api/v1/scanners', { name: 'door', tag: 'ENTRY' })).body
  const tracker = (await store.admin.send('POST', '/api/v1/trackers', { name: 'ceiling' })).body
  const keys = { 'device:machine': machine.deviceKey, 'device:scanner': scanner.deviceKey, 'device:tracker': tracker.deviceKey }
  const before = await rowCounts(store.ctx.pool)
  for (const route of store.routes.filter((one) => !isPublic(one))) {
    if (isDevicesOnly(route)) assert.equal((await present(store, route, bearer(store.admin.token))).status, 401, route.name)
    for (const [right, key] of Object.entries(keys))
      if (!route.access.includes(right))
        assert.equal((await present(store, route, bearer(key))).status, 401, `${route.name} with a key of ${right}`)
  }
  assert.deepEqual(await rowCounts(store.ctx.pool), before)
})

test('a machine’s key speaks for that machine alone', async () => {
  await using store = await open()
  const [own, other] = [await newHttpMachine(store), await newHttpMachine(store)]
  const before = await rowCounts(store.ctx.pool)
  assertProblem(await own.post({ machineId: other.machineId, scales: [['001', '0', '0', '1']] }), 403, 'wrong-device')
  const envelope = { id: 'x', payload: JSON.stringify({ machineId: other.machineId, scales: [['001', '0', '0', '1']] }) }
  assertProblem(await own.post(envelope), 403, 'wrong-device')
  const status = await sender(store.app, bearer(own.deviceKey))('GET', `/api/machines/${other.machineId}/status`)
  assert.ok(status.status === 403 || status.status === 401, status.text)
  assert.deepEqual(await rowCounts(store.ctx.pool), before)
})

test('every role × every route of the whole store: what the table does not give is refused with 403, and nothing is written', async () => {
  await using store = await open()
  const callers = await Promise.all(ROLES.map((role) => staffCaller(store.ctx, store.app, role)))
  const before = await rowCounts(store.ctx.pool)
  let refused = 0
  for (const { role, token } of callers)
    for (const route of store.routes.filter((one) => !isPublic(one) && !isDevicesOnly(one))) {
      if (route.access.some((right) => right === 'signed-in' || mayAccess(role, right))) continue
      const answer = await present(store, route, bearer(token))
      assert.equal(answer.status, 403, `${role} ${route.name}: ${answer.text}`)
      refused++
    }
  assert.deepEqual(await rowCounts(store.ctx.pool), before)
  assert.ok(refused > 20, `${refused} refusals`)
})

test('every route that writes refuses the cookie from another site, whatever else the request claims', async () => {
  await using store = await open()
  const cookie = await signInCookie(store.app, store.admin)
  const sites: Headers[] = [
    {},
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { origin: 'https://localhost:80' },
    { origin: 'http://localhost.evil.example' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'none' },
    { referer: 'http://localhost/' },
    { origin: 'http://evil.example', 'x-forwarded-host': 'evil.example' }
  ]
  const before = await rowCounts(store.ctx.pool)
  const writes = store.routes.filter((one) => !isPublic(one) && !isDevicesOnly(one) && one.method !== 'GET')
  for (const route of writes)
    for (const site of sites)
      assertProblem(await present(store, route, { cookie, host: 'localhost', ...site }), 403, 'cross-site')
  assert.deepEqual(await rowCounts(store.ctx.pool), before)
  assert.ok(writes.length > 20)
})
