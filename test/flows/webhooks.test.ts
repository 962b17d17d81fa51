/** Webhooks: programs elsewhere are told of each event once, signed and in order, however long they refuse, hang, or are gone. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { WebhookDelivery } from '#contracts/api/webhooks.ts'
import { openFolder } from '#test/support/box.ts'
import { until } from '#test/support/devices.ts'
import { deliveriesOf, newWebhook, sending, settle, untilDelivered, webhookOf } from '#test/support/hooking.ts'
import { handClock } from '#test/support/http.ts'
import { openTestStore } from '#test/support/store.ts'
import { eventsOf, later, openStore, visitor } from '#test/support/visiting.ts'
import { isSigned, openReceiver, type Reaction } from '#test/support/webhook-receiver.ts'

const HOUR = 3_600_000
const ids = (deliveries: WebhookDelivery[]) => deliveries.map(({ id }) => id)
const numbers = (deliveries: WebhookDelivery[]) => deliveries.map(({ number }) => number)

async function open() {
  const clock = handClock()
  const store = await openTestStore({ clock })
  const receiver = await openReceiver()
  const dispose = async () => {
    await receiver[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
  }
  return { ...store, clock, receiver, [Symbol.asyncDispose]: dispose }
}

test('each visit that settles is told once, signed, in order, as the event log has it', async () => {
  await using store = await openStore({ machines: 1 })
  await using receiver = await openReceiver()
  const admin = await store.staff('admin')
  await visitor(store).then(({ leave }) => leave())
  await later(store, 600_000)
  store.clock.forward(1)
  const webhook = await newWebhook(admin, receiver.url, ['visit.settled', 'store-mode.changed'])
  for (let n = 0; n < 3; n++) await visitor(store).then(({ leave }) => leave())
  await later(store, 600_000)
  await using _sender = sending(store.ctx)
  const deliveries = await untilDelivered(admin, webhook, 3)
  await later(store)
  assert.deepEqual(await deliveriesOf(admin, webhook), deliveries, 'nothing is made twice')
  assert.deepEqual(receiver.accepted(), numbers(deliveries))
  const settled = (await eventsOf(store.ctx, 'visit.settled')).slice(1) // not what was before the webhook
  for (const [n, { headers, text, told }] of receiver.heard.entries()) {
    assert(isSigned({ headers, text }, webhook.secret))
    assert(!isSigned({ headers, text: text.replace('"currency"', '"currencY"') }, webhook.secret))
    assert.deepEqual([headers['webhook-id'], told.id, told.name], [deliveries[n]!.id, deliveries[n]!.id, 'visit.settled'])
    assert.deepEqual([told.data, deliveries[n]!.data], [settled[n], settled[n]])
    assert.equal(headers['idempotency-key'], settled[n]!.idempotencyKey)
    assert.equal(Number(headers['webhook-timestamp']), Math.floor(store.clock.now().getTime() / 1000))
    assert.match(String(headers['content-type']), /^application\/json/)
  }
})

test('one that refuses, hangs and hangs up is told again until it accepts: in order, each attempt noted, and then no alarm is on', async () => {
  await using store = await open()
  const { admin, clock, receiver, ctx } = store
  const webhook = await newWebhook(admin, receiver.url, ['visit.settled'])
  await settle(ctx, 3)
  await store.drain()
  const troubles: Reaction[] = [
    { status: 500, text: 'out of\0 order' },
    'hang',
    'reset',
    { status: 302, headers: { location: `${receiver.url}/x` } }
  ]
  receiver.reacts(() => troubles[0]!)
  await using sender = sending(ctx, { timeoutMs: 150 })
  for (let n = 1; troubles.length > 0; n++) {
    const [first] = await until(async () => {
      const all = await deliveriesOf(admin, webhook)
      return all[0]!.attemptCount === n ? all : null
    }, `attempt ${n} is noted`)
    assert(Date.parse(first!.nextAttemptAt!) > clock.now().getTime())
    troubles.shift()
    if (troubles.length === 0) receiver.reacts(() => 204)
    clock.forward(HOUR)
    sender.look()
  }
  const { items: alarms } = (await admin.send('GET', '/api/v1/alarms?open=true')).body
  assert.deepEqual(alarms.map(({ kind, subject }: Record<string, string>) => [kind, subject]), [['webhook-failing', webhook.id]]) // biome-ignore format: one thought
  assert.match(alarms[0].message, /^webhook to 127\.0\.0\.1 is not told: /)
  const deliveries = await untilDelivered(admin, webhook, 3)
  assert.deepEqual(receiver.accepted(), numbers(deliveries), 'the others waited behind the first, and came in order')
  assert.deepEqual(new Set(receiver.heard.map(({ path }) => path)), new Set(['/hook']), 'no redirect was followed')
  assert.deepEqual(deliveries.map(({ attemptCount }) => attemptCount), [5, 1, 1]) // biome-ignore format: one thought
  const log = deliveries[0]!.attempts.map(({ status, error, answer }) => ({ status, error, answer }))
  assert.deepEqual(log[0], { status: 500, error: 'it answered 500', answer: 'out of order' })
  assert.deepEqual([log[1]!.status, log[1]!.error], [null, 'no answer within 0.15 s'])
  assert.deepEqual([log[2]!.status, typeof log[2]!.error], [null, 'string'])
  assert.deepEqual(log.slice(3).map(({ error }) => error), ['it answered 302: redirects are not followed', null]) // biome-ignore format: one thought
  assert.equal((await admin.send('GET', '/api/v1/alarms?open=true')).body.items.length, 0)
  assert.equal((await webhookOf(admin, webhook)).state, 'working')
  const figures = await ctx.metrics.text()
  for (const [result, count] of Object.entries({ delivered: 3, refused: 2, unreachable: 2 }))
    assert.match(figures, new RegExp(`^niflr_webhook_deliveries_total{result="${result}"} ${count}$`, 'm'))
})

test('a Retry-After is waited for; one event that is refused for good is stepped over, given up, told, and can be told again', async () => {
  await using store = await open()
  const { admin, clock, receiver, ctx } = store
  const webhook = await newWebhook(admin, receiver.url, ['visit.settled'])
  const [poison] = await settle(ctx, 3)
  await store.drain()
  receiver.reacts(() => ({ status: 503, headers: { 'retry-after': '7200' } }))
  const waits = { firstMs: 1000, endpointMs: 2000, longestMs: 100_000, giveUpMs: 5 * HOUR, giveUpTries: 3 }
  await using sender = sending(ctx, waits)
  await until(async () => (await webhookOf(admin, webhook)).failingSince, 'it fails')
  const { nextAttemptAt, state } = await webhookOf(admin, webhook)
  assert.deepEqual([Date.parse(nextAttemptAt!) - clock.now().getTime(), state], [2 * HOUR, 'failing'])
  receiver.reacts(({ data }) => (data.userId === poison ? 422 : 204))
  clock.forward(2 * HOUR)
  sender.look()
  await until(async () => {
    clock.forward(3000) // less than the one that is refused has to wait in the end, more than its endpoint
    sender.look()
    return receiver.accepted().length === 2
  }, 'the others are accepted')
  assert.equal((await deliveriesOf(admin, webhook))[0]!.state, 'pending')
  clock.forward(6 * HOUR)
  sender.look()
  const failed = await until(async () => {
    const [first] = await deliveriesOf(admin, webhook)
    return first!.state === 'failed' ? first! : null
  }, 'it is given up')
  const { items: alarms } = (await admin.send('GET', '/api/v1/alarms?open=true')).body
  assert.match(alarms[0].message, /is not told: it answered 422; deliveries were given up/)
  assert.equal((await webhookOf(admin, webhook)).failed, 1)

  receiver.reacts(() => 204)
  assert.deepEqual((await admin.send('POST', `/api/v1/webhooks/${webhook.id}/replay`, {})).body, { replayed: 1 })
  await untilDelivered(admin, webhook, 3)
  assert.equal(receiver.heard.at(-1)!.told.id, failed.id, 'under its own id')
  assert.equal((await admin.send('GET', '/api/v1/alarms?open=true')).body.items.length, 0)
  const again = await admin.send('POST', `/api/v1/webhooks/${webhook.id}/deliveries/${failed.id}/replay`)
  assert.deepEqual([again.status, again.body.state], [200, 'pending'])
  await untilDelivered(admin, webhook, 3)
  assert.deepEqual(receiver.accepted().length, 4)
})

test('one that hangs hinders no other; one that answers 410 is told no more until it is enabled', async () => {
  await using store = await open()
  const { admin, receiver, ctx } = store
  await using other = await openReceiver()
  await using gone = await openReceiver()
  receiver.reacts(() => 'hang')
  gone.reacts(() => 410)
  const webhooks = [receiver, other, gone].map(({ url }) => newWebhook(admin, url, ['visit.settled']))
  const [, good, last] = await Promise.all(webhooks)
  await settle(ctx, 20)
  await store.drain()
  await using _sender = sending(ctx)
  await untilDelivered(admin, good!, 20)
  assert.equal(receiver.heard.length, 1, 'one at a time, and that one hangs')
  const told = await until(async () => {
    const now = await webhookOf(admin, last!)
    return now.state === 'gone' ? now : null
  }, 'it is disabled')
  assert.deepEqual([told.enabled, told.pending, gone.heard.length], [false, 20, 1])
  await settle(ctx, 1)
  await store.drain()
  await untilDelivered(admin, good!, 21)
  const replay = await admin.send('POST', `/api/v1/webhooks/${last!.id}/replay`, {})
  assert.deepEqual([replay.status, replay.body.code], [409, 'webhook-disabled'])
  gone.reacts(() => 204)
  await admin.send('PATCH', `/api/v1/webhooks/${last!.id}`, { enabled: true })
  assert.deepEqual(numbers(await untilDelivered(admin, last!, 20)), gone.accepted(), 'what happened meanwhile was not kept')
})

async function startReceiver(port: number, file: string): Promise<ChildProcess> {
  const args = ['test/support/receiver-process.ts', String(port), file]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout!, 'data')
  return child
}
async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

test('the receiver is killed, the server stopped and started: nothing is lost, and no row made twice', async () => {
  using folder = openFolder()
  const file = join(folder.path, 'heard')
  const heard = () => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [])
  await using first = await openTestStore()
  const { admin } = first
  const place = await openReceiver()
  await place[Symbol.asyncDispose]() // a port that is free
  let child = await startReceiver(place.port, file)
  const webhook = await newWebhook(admin, place.url, ['visit.settled'])
  const quick = { firstMs: 10, endpointMs: 10, longestMs: 10 }
  const sender = sending(first.ctx, quick)
  await settle(first.ctx, 5)
  await first.drain()
  await untilDelivered(admin, webhook, 5)
  await kill(child)
  await settle(first.ctx, 5)
  await first.drain()
  await until(async () => (await webhookOf(admin, webhook)).state === 'failing', 'it is missed')
  await sender.stop()
  await settle(first.ctx, 5) // no follower saw these before the stop

  await using second = await openTestStore({ on: first })
  child = await startReceiver(place.port, file)
  await using _again = sending(second.ctx, quick)
  await settle(second.ctx, 5)
  await second.drain()
  const deliveries = await untilDelivered(second.admin, webhook, 20)
  await kill(child)
  assert.deepEqual(heard(), deliveries.map(({ id, number }) => `${id} ${number}`)) // biome-ignore format: one thought
  assert.deepEqual([new Set(ids(deliveries)).size, new Set(numbers(deliveries)).size], [20, 20])
})

test('what was heard but not noted before a crash is told again under the same id; rows and cursor move together', async () => {
  await using store = await open()
  const { admin, receiver, ctx } = store
  const webhook = await newWebhook(admin, receiver.url, ['visit.settled'])
  await settle(ctx, 2)
  await ctx.pool.query('ALTER TABLE webhook_delivery RENAME TO away')
  await assert.rejects(store.drain())
  await ctx.pool.query('ALTER TABLE away RENAME TO webhook_delivery')
  await store.drain()
  assert.equal((await deliveriesOf(admin, webhook)).length, 2)
  receiver.reacts(() => 'hang')
  const sender = sending(ctx)
  await until(() => receiver.heard.length === 1, 'it is heard')
  await sender.stop()
  assert.deepEqual((await deliveriesOf(admin, webhook)).map(({ attemptCount }) => attemptCount), [0, 0]) // biome-ignore format: one thought
  receiver.reacts(() => 204)
  await using _again = sending(ctx)
  const deliveries = await untilDelivered(admin, webhook, 2)
  const [one, two] = ids(deliveries)
  assert.deepEqual(receiver.heard.map(({ told }) => told.id), [one, one, two]) // biome-ignore format: one thought
})
