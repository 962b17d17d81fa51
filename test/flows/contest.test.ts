/** What a shopper pays: prices of when things were picked, receipts that stay as they are, contests, and the money that moves for them once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Contest } from '#contracts/api/contests.ts'
import { SYSTEM } from '#server/context.ts'
import { changeProduct, importProducts } from '#server/domain/catalog/actions.ts'
import { forgetUser } from '#server/domain/user/actions.ts'
import { newId } from '#server/platform/ids.ts'
import { type Answer, assertProblem } from '#test/support/http.ts'
import { afterVisit, reviewing } from '#test/support/review-desk.ts'
import { amend, eventsOf, land, later, openStore, product, visitor } from '#test/support/visiting.ts'

const DAY_MS = 86_400_000
type Shop = Awaited<ReturnType<typeof afterVisit>>

/** Both bags taken were billed; an app that speaks for the shopper stands by. */
async function billed(options: Parameters<typeof afterVisit>[0] = { picks: 2 }) {
  const shop = await afterVisit(options)
  const app = await shop.store.staff('operations')
  const productId = await product(shop.store.ctx, 4000)
  const line = (n: number, quantity: number) => ({ productId, quantity, weightChangeIds: shop.changes[n]! })
  for (const [n, id] of shop.ids.entries()) await shop.desk.settle(id, [line(n, shop.changes[n]!.length)])
  const path = `/api/v1/visits/${shop.visitId}`
  const contest = (body: unknown = { message: 'I took one only' }, headers = {}) =>
    app.send('POST', `${path}/contest`, body, headers)
  const visit = async () => (await app.send('GET', path)).body
  return Object.assign(shop, { app, productId, line, contest, visit })
}
const moneyOf = async ({ store }: Shop) => {
  const plain = async (name: string) =>
    (await eventsOf(store.ctx, name)).map(({ amountMinor, idempotencyKey, version, currency }) => ({
      ...{ amountMinor, idempotencyKey, version, currency }
    }))
  return { refunded: await plain('visit.refunded'), extra: await plain('visit.charged-extra') }
}

test('a shopper pays what the shelf said when he took it, and his receipt keeps the name it had then', async () => {
  await using store = await openStore({ machines: 1 })
  const { ctx, clock } = store
  const cola = await product(ctx, 4000)
  const { sku } = await ctx.db.selectFrom('product').selectAll().where('id', '=', cola).executeTakeFirstOrThrow()
  const shopper = await visitor(store)
  const take = async () => {
    clock.forward(1000)
    return land(ctx, { machineId: 'm1', grams: -330, at: clock.now() })
  }
  const first = await take()
  clock.forward(1000)
  await changeProduct(ctx, SYSTEM, { id: cola, change: { priceMinor: 5000 } })
  const second = await take()
  clock.forward(1000)
  const { visitId, tickets } = await shopper.leave()
  clock.forward(1000)
  await importProducts(ctx, SYSTEM, `sku,name,weightGrams,priceMinor\n${sku},Renamed since,330,100\n`)
  await later(store, 60_000)
  const desk = reviewing(await store.staff('reviewer'))
  const done = await desk.settle(tickets[0]!.id, [
    { productId: cola, quantity: 1, weightChangeIds: [second] },
    { productId: cola, quantity: 2, weightChangeIds: [first] },
    { productId: cola, quantity: 1 }
  ])
  assert.deepEqual(
    done.lines.map((line) => line.unitPriceMinor),
    [5000, 4000, 4000]
  )
  await changeProduct(ctx, SYSTEM, { id: cola, change: { name: 'Renamed again' } })
  const cart = (await desk.send('GET', `/api/v1/visits/${visitId}/cart`)).body
  assert.deepEqual(
    cart.lines.map((l: Record<string, unknown>) => [l.name, l.sku, l.quantity, l.unitPriceMinor, l.totalMinor]),
    [
      ['Renamed since', sku, 1, 5000, 5000],
      ['Renamed since', sku, 3, 4000, 12_000]
    ]
  )
  assert.deepEqual([cart.currency, cart.totalMinor, cart.corrections], ['INR', 17_000, []])
})

test('a contest takes up what was decided; the review that follows ends it, and moves the difference once', async () => {
  await using shop = await billed()
  const { store, desk, ids, visitId, productId, line, contest, visit } = shop
  const made = await contest({ message: 'I put one back', lines: [{ productId: productId.toUpperCase(), quantity: 1 }] })
  assert.equal(made.status, 201, made.text)
  const ticket = await desk.ticket(ids[0]!)
  assert.deepEqual([ticket.status, ticket.reopenReason, ticket.lines], ['TO_BE_REVIEWED', 'I put one back', []])
  assert.equal(ticket.revisions[0]!.reason, 'contested')
  const open = await visit()
  assert.deepEqual([open.cart.status, open.cart.totalMinor, open.contests], ['REOPENED', 8000, [made.body]])
  assert.deepEqual(
    [made.body.status, made.body.message, made.body.lines, made.body.answer],
    ['OPEN', 'I put one back', [{ productId, quantity: 1 }], null]
  )
  assert.deepEqual(
    (await eventsOf(store.ctx, 'visit.contested')).map((event) => [event.visitId, event.contestId, 'message' in event]),
    [[visitId, made.body.id, false]]
  )

  assert.equal((await desk.claim(ids[0]!)).status, 200)
  const answers = await Promise.all(
    [1, 2, 3].map(() => desk.complete(ids[0]!, { lines: [line(0, 1)], note: 'the video shows it' }))
  )
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200]
  )
  const { cart, contests } = await visit()
  const key = `visit-${visitId}-v${cart.version}-refund`
  const refund = { amountMinor: 4000, idempotencyKey: key, version: cart.version, currency: 'INR' }
  assert.deepEqual(await moneyOf(shop), { refunded: [refund], extra: [] })
  assert.deepEqual(
    cart.corrections.map((row: object) => ({ ...row, correctedAt: '' })),
    [{ version: cart.version, totalMinor: 4000, differenceMinor: -4000, idempotencyKey: key, correctedAt: '' }]
  )
  const [ended] = contests as [Contest]
  assert.deepEqual([ended.status, ended.answer, ended.differenceMinor], ['UPHELD', 'the video shows it', -4000])
  const [told] = await eventsOf(store.ctx, 'visit.contest-ended')
  assert.deepEqual([told!.contestId, told!.result, told!.answer], [made.body.id, 'UPHELD', 'the video shows it'])
  assert.equal((await eventsOf(store.ctx, 'visit.settled')).length, 1)
})

test('more to pay is charged extra, the same moves nothing, and the corrections always add up to the total', async () => {
  await using shop = await billed()
  const { store, desk, ids, visitId, line, contest, visit } = shop
  const results: string[] = []
  for (const quantity of [2, 5, 5, 0, 2]) {
    assert.equal((await contest({ message: `again ${results.length}` })).status, 201)
    await desk.settle(ids[0]!, quantity === 0 ? [] : [line(0, quantity)])
    results.push((await visit()).contests[0].status)
  }
  assert.deepEqual(results, ['REFUSED', 'REFUSED', 'REFUSED', 'UPHELD', 'REFUSED'])
  const water = await product(store.ctx, 8000)
  await contest({ message: 'that was one water' })
  await desk.settle(ids[0]!, [{ productId: water, quantity: 1, weightChangeIds: shop.changes[0] }])
  const { cart, contests } = await visit()
  assert.deepEqual([contests[0].status, contests[0].differenceMinor, contests[0].answer], ['UPHELD', 0, null], 'other things')
  assert.deepEqual(
    cart.corrections.map((row: { differenceMinor: number; idempotencyKey: string | null }) => [
      row.differenceMinor,
      row.idempotencyKey?.split('-').at(-1) ?? null
    ]),
    [
      [0, null],
      [12_000, 'extra'],
      [0, null],
      [-20_000, 'refund'],
      [8000, 'extra'],
      [0, null]
    ]
  )
  const { refunded, extra } = await moneyOf(shop)
  assert.deepEqual([refunded.map((m) => m.amountMinor), extra.map((m) => m.amountMinor)], [[20_000], [12_000, 8000]])
  const keys = [...refunded, ...extra].map((money) => money.idempotencyKey)
  assert.equal(new Set(keys).size, 3)
  const corrected = await eventsOf(store.ctx, 'visit.corrected')
  const [settled] = await eventsOf(store.ctx, 'visit.settled')
  const moved = corrected.reduce((sum, event) => sum + Number(event.differenceMinor), Number(settled!.totalMinor))
  assert.deepEqual([moved, contests.length], [cart.totalMinor, 6])
  assert.equal(corrected.filter((event) => event.visitId === visitId).length, 6)
})

test('twice is once: by key, by words, and by two at the same time; other words are refused while it is open', async () => {
  await using shop = await billed({ machines: 2 })
  const { store, contest, visit } = shop
  const first = await Promise.all([contest(), contest(), contest(undefined, { 'idempotency-key': 'k' })])
  assert.deepEqual(first.map(({ status }) => status).sort(), [200, 200, 201])
  const again = await contest(undefined, { 'idempotency-key': 'k' })
  assert.equal(again.status, first[2]!.status)
  assert.deepEqual(new Set([...first, again].map(({ body }) => body.id)).size, 1)
  const other = await contest({ message: 'and another thing' })
  assertProblem(other, 409, 'already-contested')
  assert.equal(other.body.contestId, first[0]!.body.id)
  assert.equal((await visit()).contests.length, 1)
  assert.equal((await eventsOf(store.ctx, 'visit.contested')).length, 1)
  assert.equal((await eventsOf(store.ctx, 'ticket.reopened')).length, 2)
})

test('what cannot be contested is refused in words, and changes nothing', async () => {
  await using shop = await billed()
  const { store, app, contest, visit, productId } = shop
  const wrong: [unknown, string][] = [
    [{ message: ' ' }, 'message'],
    [{ lines: [] }, 'message'],
    [{ message: 'x', price: 1 }, 'price'],
    [{ message: 'x', lines: [{ productId: newId(), quantity: 1 }] }, 'lines/0/productId'],
    [
      {
        message: 'x',
        lines: [
          { productId, quantity: 1 },
          { productId, quantity: 2 }
        ]
      },
      'lines/1/productId'
    ],
    [{ message: 'x', lines: [{ productId, quantity: -1 }] }, 'lines/0/quantity']
  ]
  for (const [body, field] of wrong) {
    const answer = await contest(body)
    assertProblem(answer, 422, 'invalid')
    assert.equal(answer.body.field, field)
  }
  const of = (visitId: string) => app.send('POST', `/api/v1/visits/${visitId}/contest`, { message: 'wrong' })
  assertProblem(await of(newId()), 404, 'not-found')
  const inside = await visitor(store)
  assertProblem(await of(inside.visitId), 409, 'not-settled')
  store.clock.forward(1000)
  await land(store.ctx, { machineId: 'm1', grams: -330, at: store.clock.now() })
  await inside.leave()
  assertProblem(await of(inside.visitId), 409, 'not-settled')
  store.clock.forward(1000)
  const staff = await (await visitor(store, { role: 'operations' })).leave()
  const idle = await (await visitor(store)).leave()
  await later(store, 60_000)
  assertProblem(await of(staff.visitId), 409, 'nothing-to-contest')
  assertProblem(await of(idle.visitId), 409, 'nothing-to-contest')
  store.clock.forward(14 * DAY_MS)
  const late = await contest()
  assertProblem(late, 409, 'contest-too-late')
  assert.match(late.body.detail, /14 days/)
  assert.deepEqual([(await visit()).contests, (await visit()).cart.status], [[], 'SETTLED'])
})

test('who holds a ticket keeps it when the visit is contested, but what he sends of the version before is stale', async () => {
  await using shop = await billed()
  const { desk, ids, line, contest, visit } = shop
  await desk.reopen(ids[0]!, { reason: 'a second look' })
  const held = (await desk.claim(ids[0]!)).body
  assert.equal((await contest({ message: 'I took none' })).status, 201)
  const now = await desk.ticket(ids[0]!)
  assert.deepEqual(
    [now.status, now.claimedBy, now.version, now.reopenReason],
    ['UNDER_REVIEW', desk.id, held.version + 1, 'I took none']
  )
  assertProblem(await desk.complete(ids[0]!, { lines: [line(0, 2)], version: held.version }), 409, 'stale-version')
  assert.equal((await desk.complete(ids[0]!, { lines: [], version: now.version })).status, 200)
  assert.deepEqual([(await visit()).contests[0].status, (await visit()).cart.totalMinor], ['UPHELD', 0])
})

test('a contest and the review that settles the visit, at once: one of them comes first, and nothing is lost between', async () => {
  await using store = await openStore({ machines: 2 })
  const desk = reviewing(await store.staff('reviewer'))
  const productId = await product(store.ctx, 4000)
  for (let round = 0; round < 4; round++) {
    const shopper = await visitor(store)
    const lines: object[] = []
    for (const machineId of store.machineIds) {
      store.clock.forward(1000)
      const taken = await land(store.ctx, { machineId, grams: -330, at: store.clock.now() })
      lines.push({ productId, quantity: 1, weightChangeIds: [taken] })
    }
    const { visitId, tickets } = await shopper.leave()
    store.clock.forward(1000)
    const [first, last] = tickets.map(({ id }) => id) as [string, string]
    await desk.settle(first, [lines[0]])
    await desk.claim(last)
    const contest = () => desk.send('POST', `/api/v1/visits/${visitId}/contest`, { message: 'wrong' })
    const complete = () => desk.complete(last, { lines: [lines[1]] })
    const racing = round % 2 === 0 ? [complete(), contest()] : [contest(), complete()].reverse()
    const [done, made] = (await Promise.all(racing)) as [Answer, Answer]
    const visit = (await desk.send('GET', `/api/v1/visits/${visitId}`)).body
    assert.equal(done.status, 200)
    assert.equal((await eventsOf(store.ctx, 'visit.settled')).length, round + 1)
    if (made.status === 409) assert.deepEqual([made.body.code, visit.cart.status, visit.contests], ['not-settled', 'SETTLED', []])
    else {
      assert.deepEqual([made.status, visit.cart.status, visit.contests[0].status], [201, 'REOPENED', 'OPEN'])
      assert(visit.tickets.every(({ status }: { status: string }) => status === 'TO_BE_REVIEWED'))
    }
  }
})

test('what is contested people look at, also when nothing is left of the evidence', async () => {
  await using shop = await billed({ picks: 1, env: { AUTO_REVIEW: 'confident' } })
  const { store, desk, ids, changes, contest, visit } = shop
  await contest()
  await amend(store.ctx, changes[0]![0]!, { withdrawn: true })
  await later(store, 120_000)
  const ticket = await desk.ticket(ids[0]!)
  assert.deepEqual([ticket.status, ticket.weightChanges.length], ['TO_BE_REVIEWED', 0])
  assert.equal((await visit()).contests[0].status, 'OPEN')
  await desk.settle(ids[0]!, [])
  assert.deepEqual([(await visit()).contests[0].status, (await visit()).cart.totalMinor], ['UPHELD', 0])
})

test('a shopper who is forgotten has said nothing', async () => {
  await using shop = await billed()
  const { store, desk, ids, userId, contest, visit } = shop
  const words = 'my name is Asha and I took one'
  await contest({ message: words })
  await assert.rejects(forgetUser(store.ctx, SYSTEM, { id: userId }), { code: 'unsettled' })
  await desk.settle(ids[0]!, [])
  await forgetUser(store.ctx, SYSTEM, { id: userId })
  const { contests, tickets } = await visit()
  assert.deepEqual([contests[0].message, contests[0].status, tickets[0].reopenReason], ['', 'UPHELD', 'contested'])
  const { rows } = await store.ctx.pool.query(
    `SELECT count(*) AS n FROM (SELECT payload::text AS text FROM event_log UNION ALL SELECT reason FROM ticket_revision
     UNION ALL SELECT after::text FROM audit_entry) AS kept WHERE text LIKE '%Asha%'`
  )
  assert.equal(rows[0].n, 0)
})
