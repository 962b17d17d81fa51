/** Review: completing and reopening, carts that settle once, changes that are billed once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SYSTEM } from '#server/context.ts'
import { changeProduct } from '#server/domain/catalog/actions.ts'
import { newId } from '#server/platform/ids.ts'
import { assertProblem } from '#test/support/http.ts'
import { afterVisit, reviewing } from '#test/support/review-desk.ts'
import { eventsOf, land, later, type OpenStore, openStore, product, visitor } from '#test/support/visiting.ts'

const cartOf = ({ ctx }: OpenStore, visitId: string) =>
  ctx.db.selectFrom('cart').selectAll().where('visitId', '=', visitId).executeTakeFirstOrThrow()

test('a shopper takes two cans from one shelf and one from another, and pays for three', async () => {
  await using shop = await afterVisit({ machines: 2, picks: 2 })
  const { store, desk, ids, changes, visitId } = shop
  const [cola, water] = [await product(store.ctx, 4000), await product(store.ctx, 1500)]
  await desk.settle(ids[0]!, [{ productId: cola, quantity: 2, weightChangeIds: changes[0] }])
  assert.equal((await cartOf(store, visitId)).status, 'OPEN')
  const done = await desk.settle(ids[1]!, [
    { productId: cola, quantity: 1, weightChangeIds: [changes[1]![0]] },
    { productId: water, quantity: 1, weightChangeIds: [changes[1]![1]] }
  ])
  assert.deepEqual(
    [done.status, done.completedBy, done.claimedBy, done.lines.map((line) => line.unitPriceMinor)],
    ['REVIEW_COMPLETE', desk.id, null, [4000, 1500]]
  )
  const cart = (await desk.send('GET', `/api/v1/visits/${visitId}/cart`)).body
  assert.deepEqual(
    [cart.status, cart.totalMinor, cart.lines.map((l: { quantity: number; totalMinor: number }) => [l.quantity, l.totalMinor])],
    [
      'SETTLED',
      13_500,
      [
        [3, 12_000],
        [1, 1500]
      ]
    ]
  )
  const events = await eventsOf(store.ctx, 'visit.settled')
  assert.equal(events.length, 1)
  assert.deepEqual(
    [events[0]!.idempotencyKey, events[0]!.totalMinor, events[0]!.currency, events[0]!.role],
    [`visit-${visitId}`, 13_500, 'INR', 'customer']
  )
  assert.deepEqual(events[0]!.lines, [
    { productId: cola, quantity: 3, unitPriceMinor: 4000 },
    { productId: water, quantity: 1, unitPriceMinor: 1500 }
  ])
})

test('completing twice is one completion; with other lines it is refused', async () => {
  await using shop = await afterVisit()
  const { store, desk, ids, changes } = shop
  const [id] = ids as [string]
  const productId = await product(store.ctx, 4000)
  const decision = { lines: [{ productId, quantity: 1, weightChangeIds: changes[0] }], note: 'clear', version: 1 }
  assertProblem(await desk.complete(id, decision), 409, 'not-claimed')
  await desk.claim(id)
  const answers = await Promise.all([desk.complete(id, decision), desk.complete(id, decision), desk.complete(id, decision)])
  assert.deepEqual(
    answers.map((answer) => [answer.status, answer.body.version, answer.body.note]),
    [
      [200, 2, 'clear'],
      [200, 2, 'clear'],
      [200, 2, 'clear']
    ]
  )
  assertProblem(await desk.complete(id, { lines: [] }), 409, 'already-complete')
  assertProblem(await desk.claim(id), 409, 'already-complete')
  assert.equal((await eventsOf(store.ctx, 'visit.settled')).length, 1)
  assert.equal((await eventsOf(store.ctx, 'ticket.completed')).length, 1)
})

test('the last two tickets of a visit, completed at once, settle the cart once', async () => {
  await using shop = await afterVisit({ machines: 6 })
  const { store, desk, ids, changes, visitId } = shop
  const productId = await product(store.ctx, 100)
  for (const id of ids) await desk.claim(id)
  const answers = await Promise.all(
    ids.map((id, n) => desk.complete(id, { lines: [{ productId, quantity: 1, weightChangeIds: changes[n] }] }))
  )
  assert.deepEqual(
    answers.map((answer) => answer.status),
    [200, 200, 200, 200, 200, 200]
  )
  assert.equal((await cartOf(store, visitId)).totalMinor, 600)
  assert.equal((await eventsOf(store.ctx, 'visit.settled')).length, 1)
  assert.equal((await eventsOf(store.ctx, 'visit.corrected')).length, 0)
})

test('a stale version is refused, and the lines that do not fit are named', async () => {
  await using shop = await afterVisit({ machines: 2, picks: 2 })
  const { store, desk, ids, changes } = shop
  const [id] = ids as [string]
  const productId = await product(store.ctx, 4000)
  await desk.claim(id)
  const [a] = changes[0]!
  const line = { productId, quantity: 1, weightChangeIds: [a] }
  const stale = await desk.complete(id, { lines: [line], version: 0 })
  assertProblem(stale, 409, 'stale-version')
  assert.equal(stale.body.version, 1)
  const wrong: [unknown[], string][] = [
    [[{ ...line, productId: newId() }], 'lines/0/productId'],
    [[line, { ...line, quantity: 2 }], 'lines/1/weightChangeIds/0'],
    [[{ ...line, weightChangeIds: [a, a!.toUpperCase()] }], 'lines/0/weightChangeIds/1'],
    [[{ ...line, weightChangeIds: [changes[1]![0]] }], 'lines/0/weightChangeIds/0'],
    [[{ ...line, quantity: 0 }], 'lines/0/quantity'],
    [[{ ...line, quantity: 1000 }], 'lines/0/quantity'],
    [[{ ...line, quantity: 1.5 }], 'lines/0/quantity'],
    [[{ ...line, price: 1 }], 'lines/0/price']
  ]
  for (const [lines, field] of wrong) {
    const answer = await desk.complete(id, { lines })
    assertProblem(answer, 422, 'invalid')
    assert.equal(answer.body.field, field)
  }
  assert.equal((await desk.ticket(id)).status, 'UNDER_REVIEW')
  assert.equal((await desk.complete(id, { lines: [line], version: 1 })).status, 200)
})

test('a change in two shoppers’ windows is billed to one of them, however the reviewers race', async () => {
  await using store = await openStore({ machines: 1 })
  const shoppers = [await visitor(store), await visitor(store)]
  store.clock.forward(1000)
  const changes = [
    await land(store.ctx, { machineId: 'm1', grams: -330, at: store.clock.now() }),
    await land(store.ctx, { machineId: 'm1', grams: -331, at: store.clock.now() })
  ]
  const [a, b] = [await shoppers[0]!.leave(), await shoppers[1]!.leave()]
  await later(store)
  const desks = [reviewing(await store.staff('reviewer')), reviewing(await store.staff('reviewer'))]
  const productId = await product(store.ctx, 4000)
  const ids = [a.tickets[0]!.id, b.tickets[0]!.id] as const
  const lines = (own: string[]) => [{ productId, quantity: own.length, weightChangeIds: own }]
  await Promise.all(ids.map((id, n) => desks[n]!.claim(id)))
  const answers = await Promise.all([
    desks[0]!.complete(ids[0], { lines: lines(changes) }),
    desks[1]!.complete(ids[1], { lines: lines(changes.toReversed()) })
  ])
  const loser = answers.findIndex((answer) => answer.status === 409)
  assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 409])
  assertProblem(answers[loser]!, 409, 'already-billed')
  assert.equal(answers[loser]!.body.ticketId, ids[1 - loser])
  const seen = await desks[loser]!.ticket(ids[loser]!)
  assert.deepEqual(
    seen.weightChanges.map((change) => change.billedTicketId),
    [ids[1 - loser], ids[1 - loser]]
  )
  assert.equal((await desks[loser]!.complete(ids[loser]!, { lines: [] })).status, 200)
  const totals = await store.ctx.db.selectFrom('cart').select('totalMinor').orderBy('totalMinor').execute()
  assert.deepEqual(
    totals.map((cart) => cart.totalMinor),
    [0, 8000]
  )
})

test('what lines would cost is told by the prices of when they were picked, as they are billed then, and decides nothing', async () => {
  await using shop = await afterVisit({ picks: 2 })
  const { store, desk, ids, changes } = shop
  const [id] = ids as [string]
  const cola = await product(store.ctx, 4000)
  const lines = changes[0]!.map((change) => ({ productId: cola, quantity: 2, weightChangeIds: [change] }))
  await changeProduct(store.ctx, SYSTEM, { id: cola, change: { priceMinor: 5000 } })
  const before = await desk.ticket(id)
  const { status, body } = await desk.quote(id, { lines })
  assert.equal(status, 200)
  assertProblem(await desk.quote(id, { lines: [{ ...lines[0], weightChangeIds: [newId()] }] }), 422, 'invalid')
  assertProblem(await desk.quote(newId(), { lines }), 404, 'not-found')
  assert.deepEqual(await desk.ticket(id), before)
  assert.deepEqual(body, { lines: (await desk.settle(id, lines)).lines, totalMinor: 16_000 })
})

test('a reopened ticket frees what it billed, keeps its history, and its cart is corrected, never settled again', async () => {
  await using shop = await afterVisit()
  const { store, desk, ids, changes, visitId } = shop
  const [id] = ids as [string]
  const [cola, water] = [await product(store.ctx, 4000), await product(store.ctx, 1500)]
  await desk.settle(id, [{ productId: cola, quantity: 1, weightChangeIds: changes[0] }])
  assertProblem(await desk.reopen(id, { reason: ' ' }), 422, 'invalid')
  const reopened = await desk.reopen(id, { reason: 'wrong product' })
  assert.deepEqual(
    [reopened.body.status, reopened.body.reopenReason, reopened.body.lines, reopened.body.weightChanges[0].billedTicketId],
    ['TO_BE_REVIEWED', 'wrong product', [], null]
  )
  assertProblem(await desk.reopen(id, { reason: 'again' }), 409, 'not-complete')
  assert.deepEqual([(await cartOf(store, visitId)).status, (await cartOf(store, visitId)).totalMinor], ['REOPENED', 4000])
  await store.ctx.db.updateTable('product').set({ priceMinor: 1600 }).where('id', '=', water).execute()
  const done = await desk.settle(id, [{ productId: water, quantity: 2, weightChangeIds: changes[0] }])
  assert.deepEqual(
    done.revisions.map((r) => [r.version, r.reason, r.lines?.length ?? null]),
    [
      [4, 'completed', 1],
      [3, 'wrong product', null],
      [2, 'completed', 1],
      [1, 'opened', null]
    ]
  )
  const cart = await cartOf(store, visitId)
  assert.deepEqual([cart.status, cart.totalMinor, cart.version], ['SETTLED', 3200, 4])
  assert.equal((await eventsOf(store.ctx, 'visit.settled')).length, 1)
  const [corrected] = await eventsOf(store.ctx, 'visit.corrected')
  assert.deepEqual([corrected!.idempotencyKey, corrected!.totalMinor], [`visit-${visitId}-v4`, 3200])
  const trail = await store.ctx.db
    .selectFrom('auditEntry')
    .select('action')
    .where('resource', '=', 'ticket')
    .orderBy('id')
    .execute()
  assert.deepEqual(
    trail.map((row) => row.action),
    ['claimed', 'completed', 'reopened', 'claimed', 'completed']
  )
})

test('the same Idempotency-Key completes once and hears the first answer again', async () => {
  await using shop = await afterVisit()
  const { store, desk, ids } = shop
  await desk.claim(ids[0]!)
  const complete = () => desk.send('POST', `/api/v1/tickets/${ids[0]}/complete`, { lines: [] }, { 'idempotency-key': 'once' })
  const [first, again] = [await complete(), await complete()]
  assert.deepEqual([first.status, again.status, again.body], [200, 200, first.body])
  assert.equal((await eventsOf(store.ctx, 'ticket.completed')).length, 1)
})
