/** Idempotency-Key: once and the same answer, whatever is sent again, at once, or after a crash. */
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { test } from 'node:test'
import { sql } from 'kysely'
import { Type } from 'typebox'
import { transact } from '#server/context.ts'
import type { Resource } from '#server/http/app.ts'
import { assertProblem, handClock, openShop, staffCaller } from '#test/support/http.ts'

const cola = { sku: 'COLA', name: 'Cola', weightGrams: 350, priceMinor: 4000 }
const water = { ...cola, sku: 'WATER' }
const PRODUCTS = '/api/v1/products'

async function open(routes: Resource[] = []) {
  const clock = handClock()
  const shop = await openShop({ clock, doors: { routes } })
  const clerk = await staffCaller(shop.ctx, shop.app, 'admin')
  const post = (body: unknown, key: string, url = PRODUCTS) => clerk.send('POST', url, body, { 'idempotency-key': key })
  const count = async () => (await shop.ctx.db.selectFrom('product').select('id').execute()).length
  return { ...shop, clock, clerk, post, count }
}

/** A route that waits until it is let go, in a store that counts how often it ran. */
function gate() {
  const gate = { runs: 0, go: () => {}, fail: null as Error | null, isAtGate: Promise.resolve() }
  const routes: Resource = (app, ctx) => {
    const schema = {
      summary: 'waits',
      tags: ['test'],
      body: Type.Object({}),
      response: { 200: Type.Object({ run: Type.Integer() }) }
    }
    app.post('/gate', { schema, config: { access: 'signed-in', idempotent: true } }, async (req) => {
      gate.runs++
      const run = gate.runs
      if (gate.fail) throw gate.fail
      const released = new Promise<void>((resolve) => {
        gate.go = resolve
      })
      reached()
      await released
      return transact(ctx, async () => ({ run }), req.actor)
    })
  }
  let reached = () => {}
  const arm = () => {
    gate.isAtGate = new Promise<void>((resolve) => {
      reached = resolve
    })
  }
  return Object.assign(gate, { routes, arm })
}

test('the same key and body give the first answer again and do nothing twice', async () => {
  await using shop = await open()
  const first = await shop.post(cola, 'k1')
  const second = await shop.post({ priceMinor: 4000, weightGrams: 350, name: 'Cola', sku: 'COLA' }, 'k1')
  assert.deepEqual([second.status, second.body, second.headers['idempotency-replayed']], [201, first.body, 'true'])
  assert.equal(second.headers['content-type'], first.headers['content-type'])
  assert.equal(await shop.count(), 1)
  assert.equal((await shop.post(water, 'k2')).status, 201)
})

test('the same key with another body, or on another route, is refused; another account has keys of its own', async () => {
  await using shop = await open()
  await shop.post(cola, 'k1')
  assertProblem(await shop.post(water, 'k1'), 422, 'idempotency-key-reused')
  assertProblem(await shop.post({ name: 'x' }, 'k1', '/api/v1/api-tokens'), 422, 'idempotency-key-reused')
  const other = await staffCaller(shop.ctx, shop.app, 'admin')
  assert.equal((await other.send('POST', PRODUCTS, water, { 'idempotency-key': 'k1' })).status, 201)
  for (const key of ['', 'a b', 'é', 'x'.repeat(256)])
    assertProblem(await shop.post(water, key), 422, 'idempotency-key-malformed')
})

test('a refusal is kept too, a wrong input and a missing right are not', async () => {
  await using shop = await open()
  await shop.post(cola, 'k0')
  const refused = await shop.post(cola, 'k1')
  assertProblem(refused, 409, 'sku-taken')
  await shop.ctx.db.deleteFrom('product').execute()
  const again = await shop.post(cola, 'k1')
  assert.deepEqual([again.status, again.body, again.headers['content-type']], [409, refused.body, 'application/problem+json'])
  assertProblem(await shop.post({ ...cola, weightGrams: 0 }, 'k2'), 422, 'invalid')
  assert.equal((await shop.post(cola, 'k2')).status, 201)
})

test('a secret is in the first answer and in no later one, nor in the database', async () => {
  await using shop = await open()
  const first = await shop.post({ name: 'till' }, 'k1', '/api/v1/api-tokens')
  assert.match(first.body.token, /^niflr_api_/)
  const { token, ...rest } = first.body
  assert.deepEqual((await shop.post({ name: 'till' }, 'k1', '/api/v1/api-tokens')).body, rest)
  const kept = await sql<{ text: string }>`SELECT row_to_json(k)::text AS text FROM idempotency_key k`.execute(shop.ctx.db)
  assert.ok(kept.rows.every((row) => !row.text.includes(token)))
})

test('of two at once exactly one runs; the other is told so, or of the other body', async () => {
  const door = gate()
  await using shop = await open([door.routes])
  door.arm()
  const first = shop.post({}, 'k1', '/gate')
  await door.isAtGate
  assertProblem(await shop.post({}, 'k1', '/gate'), 409, 'idempotency-key-running')
  assertProblem(await shop.post({ a: 1 }, 'k1', '/gate'), 422, 'idempotency-key-reused')
  door.go()
  assert.deepEqual((await first).body, { run: 1 })
  assert.deepEqual((await shop.post({}, 'k1', '/gate')).body, { run: 1 })
  const many = await Promise.all(Array.from({ length: 20 }, () => shop.post(cola, 'k2')))
  assert.ok(many.every((answer) => answer.status === 201 || answer.body.code === 'idempotency-key-running'))
  assert.equal(await shop.count(), 1)
})

test('a failure before the commit frees the key', async () => {
  const door = gate()
  await using shop = await open([door.routes])
  door.fail = new Error('power in the cable, none in the code')
  assertProblem(await shop.post({}, 'k1', '/gate'), 500, 'internal')
  door.fail = null
  door.arm()
  const second = shop.post({}, 'k1', '/gate')
  await door.isAtGate
  door.go()
  assert.deepEqual((await second).body, { run: 2 })
})

test('after a crash before the commit the request runs; after one behind it the answer is lost, the deed is not done twice', async () => {
  await using shop = await open()
  await shop.post(cola, 'k1')
  const crash = (carriedOut: boolean) =>
    shop.ctx.db.updateTable('idempotencyKey').set({ status: null, response: null, carriedOut }).execute()
  await crash(true)
  const lost = await shop.post(cola, 'k1')
  assertProblem(lost, 409, 'idempotency-answer-lost')
  assert.equal(await shop.count(), 1)
  await crash(false)
  await shop.ctx.db.deleteFrom('product').execute()
  assert.equal((await shop.post(cola, 'k1')).status, 201)
  assert.equal(await shop.count(), 1)
})

test('a deed that is done but whose answer fails is never done again', async () => {
  let runs = 0
  const routes: Resource = (app, ctx) => {
    const config = { access: 'signed-in', idempotent: true } as const
    app.post('/half', { schema: { summary: 'half', tags: ['test'] }, config }, async (req) => {
      await transact(ctx, async () => void runs++, req.actor)
      throw new Error('after the commit')
    })
  }
  await using shop = await open([routes])
  assertProblem(await shop.post({}, 'k1', '/half'), 500, 'internal')
  assertProblem(await shop.post({}, 'k1', '/half'), 409, 'idempotency-answer-lost')
  assert.equal(runs, 1)
})

test('a caller that hangs up finds the answer under the same key', async () => {
  const door = gate()
  await using shop = await open([door.routes])
  const address = new URL(await shop.app.listen({ host: '127.0.0.1', port: 0 }))
  door.arm()
  const headers = { authorization: `Bearer ${shop.clerk.token}`, 'content-type': 'application/json', 'idempotency-key': 'k1' }
  const hasty = request({ host: address.hostname, port: address.port, path: '/gate', method: 'POST', headers })
  hasty.on('error', () => {})
  hasty.end('{}')
  await door.isAtGate
  hasty.destroy()
  door.go()
  const deadline = performance.now() + 5000
  let again = await shop.post({}, 'k1', '/gate')
  while (again.status === 409 && performance.now() < deadline) again = await shop.post({}, 'k1', '/gate')
  assert.deepEqual([again.body, door.runs], [{ run: 1 }, 1])
})

test('a key is forgotten after a day', async () => {
  await using shop = await open()
  await shop.post(cola, 'k1')
  shop.clock.forward(24 * 3_600_000 + 1000)
  assert.equal((await shop.post(water, 'k1')).status, 201)
  assert.equal(await shop.count(), 2)
})
