/** Webhooks as people and programs manage them: secrets shown once, URLs that may be, tests, lists, what is forgotten. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WebhookDelivery } from '#contracts/api/webhooks.ts'
import { SYSTEM, transact } from '#server/context.ts'
import { forgetUser } from '#server/domain/user/actions.ts'
import { forgetOldDeliveries } from '#server/domain/webhook/actions.ts'
import { cleanUpJob } from '#server/jobs/clean-up.ts'
import { newId } from '#server/platform/ids.ts'
import { registerWebhooks } from '#server/processes/figures/webhooks.ts'
import { deliveriesOf, newWebhook, sending, settle, untilDelivered, webhookOf } from '#test/support/hooking.ts'
import { assertProblem, handClock, staffCaller } from '#test/support/http.ts'
import { openTestStore } from '#test/support/store.ts'
import { later, openStore, visitor } from '#test/support/visiting.ts'
import { isSigned, openReceiver } from '#test/support/webhook-receiver.ts'

const PATH = '/api/v1/webhooks'
const DAY = 86_400_000

/** Every row that could hold a secret, as text. */
async function rowsOf({ ctx }: Pick<Awaited<ReturnType<typeof openTestStore>>, 'ctx'>): Promise<string> {
  const tables = ['webhook_endpoint', 'webhook_delivery', 'audit_entry', 'idempotency_key', 'event_log']
  const parts = await Promise.all(
    tables.map((name) => ctx.pool.query(`SELECT coalesce(string_agg(t::text, ''), '') AS text FROM ${name} AS t`))
  )
  return parts.map(({ rows }) => rows[0].text).join('\n')
}

test('a webhook’s secret is shown once, kept encrypted, and ends when there is a new one', async () => {
  await using store = await openTestStore()
  await using receiver = await openReceiver()
  const { admin } = store
  const input = { url: `${receiver.url}?key=in-the-url`, description: 'till', events: ['visit.settled'] }
  const once = { 'idempotency-key': 'k1' }
  const { body: made } = await admin.send('POST', PATH, input, once)
  assert.match(made.secret, /^whsec_[A-Za-z0-9+/]{43}=$/)
  const { body: again } = await admin.send('POST', PATH, input, once)
  assert.deepEqual([again.id, 'secret' in again], [made.id, false])
  const { secret, ...shown } = made
  assert.deepEqual((await admin.send('GET', `${PATH}/${made.id}`)).body, shown)
  assert.deepEqual((await admin.send('GET', PATH)).body.items, [shown])
  const rotated = await admin.send('POST', `${PATH}/${made.id}/secret`)
  assert.deepEqual([rotated.status, rotated.body.webhookId], [201, made.id])
  assert.notEqual(rotated.body.secret, secret)
  const tested = await admin.send('POST', `${PATH}/${made.id}/test`)
  assert.deepEqual(
    [tested.status, tested.body.state, tested.body.name, tested.body.attempts[0].status],
    [200, 'delivered', 'webhook.test', 204]
  )
  const [heard] = receiver.heard
  assert(isSigned(heard!, rotated.body.secret) && !isSigned(heard!, secret))
  assert.deepEqual([heard!.told.name, heard!.told.number, heard!.told.data], ['webhook.test', null, { webhookId: made.id }])
  receiver.reacts(() => ({ status: 500, text: 'out of order' }))
  const refused = (await admin.send('POST', `${PATH}/${made.id}/test`)).body as WebhookDelivery
  const { status, error, answer } = refused.attempts[0]!
  assert.deepEqual([refused.state, status, error, answer], ['failed', 500, 'it answered 500', 'out of order'])
  const rows = await rowsOf(store)
  for (const each of [secret, rotated.body.secret]) {
    const key = each.slice(6)
    assert(!rows.includes(key) && !rows.includes(Buffer.from(key, 'base64').toString('hex')))
  }
  const trail = (await admin.send('GET', `/api/v1/audit?resource=webhook&resourceId=${made.id}`)).body.items
  assert.deepEqual(trail.map(({ action }: { action: string }) => action), ['key-rotated', 'added']) // biome-ignore format: one thought
})

test('what may not be a webhook is refused with the field that is wrong, and changes nothing', async () => {
  await using store = await openTestStore()
  const { admin } = store
  const wrong: [object, string][] = [
    [{ url: 'http://till.example/' }, 'url'],
    [{ url: 'https://bob:secret@till.example/' }, 'url'],
    [{ url: 'https://169.254.169.254/' }, 'url'],
    [{ url: 'javascript:alert(1)' }, 'url'],
    [{ url: '' }, 'url'],
    [{}, 'url'],
    [{ url: 'https://till.example/', events: ['visit.eaten'] }, 'events/0'],
    [{ url: 'https://till.example/', events: ['visit.settled', 'visit.settled'] }, 'events'],
    [{ url: 'https://till.example/', secret: 'mine' }, 'secret']
  ]
  for (const [body, field] of wrong) {
    const answer = await admin.send('POST', PATH, body)
    assertProblem(answer, 422, 'invalid')
    assert.equal(answer.body.field, field, answer.text)
  }
  const webhook = await newWebhook(admin, 'https://till.example/')
  const at = `${PATH}/${webhook.id}`
  const [one, two] = await Promise.all(
    ['a', 'b'].map((description) => admin.send('PATCH', at, { description, version: webhook.version }))
  )
  assert.deepEqual([one!.status, two!.status].toSorted(), [200, 409])
  assertProblem(one!.status === 409 ? one! : two!, 409, 'stale-version')
  assertProblem(await admin.send('PATCH', at, { url: 'ftp://x/' }), 422, 'invalid')
  assertProblem(await admin.send('POST', `${at}/replay`, { failedOnly: false }), 422, 'invalid')
  assertProblem(await admin.send('POST', `${at}/deliveries/${newId()}/replay`), 404, 'not-found')
  assertProblem(await admin.send('GET', `${PATH}/${newId()}/deliveries`), 404, 'not-found')
  const operations = await staffCaller(store.ctx, store.app, 'operations')
  assert.equal((await operations.send('GET', at)).body.version, 2)
  assertProblem(await operations.send('PATCH', at, { description: 'mine' }), 403, 'forbidden')
  assert.equal((await admin.send('DELETE', at)).status, 204)
  for (const path of ['secret', 'test', 'replay'])
    assertProblem(await admin.send('POST', `${at}/${path}`, path === 'replay' ? {} : undefined), 404, 'not-found')
  for (let n = 0; n < 50; n++) await newWebhook(admin, `https://till.example/${n}`)
  assertProblem(await admin.send('POST', PATH, { url: 'https://till.example/51' }), 409, 'too-many-webhooks')
})

test('deliveries are listed by state, event and time, page by page, and a span is told again; after 30 days they go', async () => {
  const clock = handClock()
  await using store = await openTestStore({ clock })
  await using receiver = await openReceiver()
  const { admin, ctx } = store
  const webhook = await newWebhook(admin, receiver.url)
  const times: string[] = []
  for (let n = 0; n < 3; n++) {
    clock.forward(60_000)
    times.push(clock.now().toISOString())
    await settle(ctx, 1)
    await admin.send('PUT', '/api/v1/store/mode', { mode: n % 2 ? 'MAINTENANCE_MODE' : 'REFILLMENT_MODE' })
  }
  await store.drain()
  await using sender = sending(ctx)
  await untilDelivered(admin, webhook, 6)
  const list = async (query: string): Promise<WebhookDelivery[]> =>
    (await admin.send('GET', `${PATH}/${webhook.id}/deliveries?${query}`)).body.items
  assert.equal((await list('name=visit.settled')).length, 3)
  assert.equal((await list('state=pending')).length, 0)
  assert.equal((await list(`state=delivered&from=${times[1]}&to=${times[2]}`)).length, 2)
  const { body: page } = await admin.send('GET', `${PATH}/${webhook.id}/deliveries?limit=4`)
  const rest = await list(`limit=4&cursor=${page.nextCursor}`)
  const all = [...page.items, ...rest] as WebhookDelivery[]
  assert.deepEqual([page.items.length, rest.length], [4, 2])
  assert.deepEqual(all, (await deliveriesOf(admin, webhook)).toReversed())
  const span = { from: times[1], failedOnly: false }
  assert.deepEqual((await admin.send('POST', `${PATH}/${webhook.id}/replay`, span)).body, { replayed: 4 })
  await untilDelivered(admin, webhook, 6)
  const expected = all.toReversed().map(({ number }) => number)
  assert.deepEqual(receiver.accepted(), [...expected, ...expected.slice(2)])
  await sender.stop()
  assert.equal(await forgetOldDeliveries(ctx, 4), 2)
  assert.deepEqual(await deliveriesOf(admin, webhook), (await list('limit=4')).toReversed())
  clock.forward(31 * DAY)
  await cleanUpJob.run(ctx)
  assert.deepEqual(await deliveriesOf(admin, webhook), [])
})

test('of many pages of events just those are queued that somebody wants, each once and in order', async () => {
  await using store = await openTestStore()
  const { admin, ctx } = store
  await newWebhook(admin, 'https://till.example/', ['clock.jumped'])
  await newWebhook(admin, 'https://other.example/', ['clock.jumped', 'alarm.ended'])
  const disabled = { url: 'https://third.example/', enabled: false }
  assert.equal((await admin.send('POST', PATH, disabled)).status, 201)
  await transact(ctx, async (tx) => {
    for (let byMs = 0; byMs < 2300; byMs++) tx.emit('clock.jumped', { byMs })
    for (let n = 0; n < 1500; n++) tx.emit('machine.online', { machineId: `m${n}` })
    tx.emit('clock.jumped', { byMs: 2300 })
  })
  await store.drain()
  const { rows } = await ctx.pool.query(`SELECT count(*) AS all, count(DISTINCT event_number) AS events,
    bool_and((payload->>'byMs')::int = n) AS "isInOrder" FROM (SELECT *, row_number() OVER (PARTITION BY endpoint_id ORDER BY position) - 1 AS n FROM webhook_delivery) AS told`)
  assert.deepEqual(rows, [{ all: 4602, events: 2301, isInOrder: true }])
})

test('events wait for webhooks only as long as there is one', async () => {
  await using store = await openTestStore()
  const { admin, ctx } = store
  const followers = async () => {
    const { rows } = await ctx.pool.query("SELECT follower FROM event_cursor WHERE follower = 'queue-webhooks'")
    return rows.length
  }
  await settle(ctx, 1)
  await store.drain()
  assert.equal(await followers(), 0)
  const webhook = await newWebhook(admin, 'https://till.example/')
  await store.drain()
  assert.deepEqual(await deliveriesOf(admin, webhook), [], 'what was before it is not its business')
  await settle(ctx, 1)
  await store.drain()
  assert.deepEqual([await followers(), (await webhookOf(admin, webhook)).pending], [1, 1])
  registerWebhooks(ctx)
  assert.match(await ctx.metrics.text(), /^niflr_webhook_pending 1$/m)
  assert.equal((await admin.send('DELETE', `${PATH}/${webhook.id}`)).status, 204)
  await settle(ctx, 1)
  await store.drain()
  assert.equal(await followers(), 0)
  assert.deepEqual((await deliveriesOf(admin, webhook)).map(({ state }) => state), ['failed']) // biome-ignore format: one thought
})

test('who is forgotten is forgotten in what was told, and in what has to be told once it was', async () => {
  await using store = await openStore({ machines: 1 })
  await using receiver = await openReceiver()
  const { ctx } = store
  const admin = await store.staff('admin')
  const webhook = await newWebhook(admin, receiver.url, ['visit.opened', 'visit.settled'])
  const { leave } = await visitor(store)
  receiver.reacts(({ data }) => ({ status: 200, text: `welcome ${data.userId}` }))
  await later(store)
  const first = sending(ctx)
  await untilDelivered(admin, webhook, 1)
  await first.stop()
  const { userId } = await leave()
  await later(store, 600_000)
  await forgetUser(ctx, SYSTEM, { id: userId })
  const [told, waiting] = await deliveriesOf(admin, webhook)
  assert.notEqual(told!.data.userId, userId)
  assert.equal(told!.attempts[0]!.answer, null)
  assert.equal(waiting!.data.userId, userId, 'somebody has still to be charged')
  await using _second = sending(ctx)
  await untilDelivered(admin, webhook, 2)
  assert.equal(receiver.heard.at(-1)!.told.data.userId, userId)
  const after = await deliveriesOf(admin, webhook)
  assert.equal(after[1]!.data.userId, told!.data.userId, 'the same nobody')
  assert(!(await rowsOf(store)).split('\n').slice(0, 2).join().includes(userId))
})
