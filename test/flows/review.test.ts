/** Review: claims and leases, completing and reopening, carts that settle once, changes that are billed once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '#server/platform/ids.ts'
import { assertProblem } from '#test/support/http.ts'
import { eventsOf, land, later, type OpenStore, openStore, product, reviewing, visitor } from '#test/support/visiting.ts'

/** A store where a shopper has left with `picks` cans from each of `machines` machines; nobody has reviewed anything. */
async function afterVisit({ machines = 1, picks = 1, env = {} }: { machines?: number; picks?: number; env?: Record<string, string> } = {}) {
  const store = await openStore({ machines, env })
  const shopper = await visitor(store)
  const changes: string[][] = []
  for (const machineId of store.machineIds) {
    const own: string[] = []
    for (let n = 0; n < picks; n++) {
      store.clock.forward(1000)
      own.push(await land(store.ctx, { machineId, grams: -330, at: store.clock.now() }))
    }
    changes.push(own)
  }
  store.clock.forward(1000)
  const visit = await shopper.leave()
  await later(store)
  const desk = reviewing(await store.staff('reviewer'))
  return { store, changes, desk, ...visit, ids: visit.tickets.map((ticket) => ticket.id), [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() }
}
const cartOf = ({ ctx }: OpenStore, visitId: string) => ctx.db.selectFrom('cart').selectAll().where('visitId', '=', visitId).executeTakeFirstOrThrow()

test('a shopper takes two cans from one shelf and one from another, and pays for three', async () => {
  await using shop = await afterVisit({ machines: 2, picks: 2 })
  const { store, desk, ids, changes, visitId } = shop
  const [cola, water] = [await product(store.ctx, 4000), await product(store.ctx, 1500)]
  await desk.settle(ids[0]!, [{ productId: cola, quantity: 2, weightChangeIds: changes[0] }])
  assert.equal((await cartOf(store, visitId)).status, 'OPEN')
  const done = await desk.settle(ids[1]!, [{ productId: cola, quantity: 1, weightChangeIds: [changes[1]![0]] }, { productId: water, quantity: 1, weightChangeIds: [changes[1]![1]] }])
  assert.deepEqual([done.status, done.completedBy, done.claimedBy, done.lines.map((line) => line.unitPriceMinor)], ['REVIEW_COMPLETE', desk.id, null, [4000, 1500]])
  const cart = (await desk.send('GET', `/api/v1/visits/${visitId}/cart`)).body
  assert.deepEqual([cart.status, cart.totalMinor, cart.lines.map((l: { quantity: number; totalMinor: number }) => [l.quantity, l.totalMinor])], ['SETTLED', 13_500, [[3, 12_000], [1, 1500]]])
  const events = await eventsOf(store.ctx, 'visit.settled')
  assert.equal(events.length, 1)
  assert.deepEqual([events[0]!.idempotencyKey, events[0]!.totalMinor, events[0]!.currency, events[0]!.role], [`visit-${visitId}`, 13_500, 'INR', 'customer'])
  assert.deepEqual(events[0]!.lines, [{ productId: cola, quantity: 3, unitPriceMinor: 4000 }, { productId: water, quantity: 1, unitPriceMinor: 1500 }])
})

test('of ten reviewers who claim at once one holds the ticket, and the others are told who', async () => {
  await using shop = await afterVisit()
  const desks = await Promise.all(Array.from({ length: 10 }, async () => reviewing(await shop.store.staff('reviewer'))))
  const answers = await Promise.all(desks.map((desk) => desk.claim(shop.ids[0]!)))
  const winner = answers.findIndex((answer) => answer.status === 200)
  assert.equal(answers.filter((answer) => answer.status === 200).length, 1)
  assert.deepEqual([answers[winner]!.body.claimedBy, answers[winner]!.body.claimedByName, answers[winner]!.body.status], [desks[winner]!.id, desks[winner]!.username, 'UNDER_REVIEW'])
  for (const [n, answer] of answers.entries()) {
    if (n === winner) continue
    assertProblem(answer, 409, 'already-claimed')
    assert.deepEqual(answer.body.claimedBy, { id: desks[winner]!.id, username: desks[winner]!.username })
    assert.equal(answer.body.leaseExpiresAt, new Date(shop.store.clock.now().getTime() + 600_000).toISOString())
  }
})

test('a lease lasts from the holder’s last action; when it ends the ticket is free for others', async () => {
  await using shop = await afterVisit({ env: { REVIEW_LEASE_SECONDS: '60' } })
  const { store, desk, ids } = shop
  const other = reviewing(await store.staff('reviewer'))
  const [id] = ids as [string]
  await desk.claim(id)
  await later(store, 50_000)
  assert.equal((await desk.claim(id)).body.version, 1)
  await later(store, 50_000)
  assertProblem(await other.claim(id), 409, 'already-claimed')
  assertProblem(await desk.complete(id, { lines: [{ productId: newId(), quantity: 1, weightChangeIds: [] }] }), 422, 'invalid')
  await later(store, 50_000)
  assertProblem(await other.claim(id), 409, 'already-claimed')
  store.clock.forward(10_000)
  assert.equal((await other.claim(id)).status, 200, 'even before the job has swept')
  assertProblem(await desk.complete(id, { lines: [] }), 409, 'already-claimed')
  await later(store, 60_000)
  assert.equal((await other.ticket(id)).status, 'TO_BE_REVIEWED')
  assertProblem(await other.complete(id, { lines: [] }), 409, 'not-claimed')
  assert.deepEqual((await eventsOf(store.ctx, 'ticket.released')).map((e) => e.reason), ['lease-expired'])
})

test('a ticket is given back by who holds it, or by an admin, who can also take it over', async () => {
  await using shop = await afterVisit()
  const { store, desk, ids } = shop
  const [id] = ids as [string]
  const [other, admin] = [reviewing(await store.staff('reviewer')), reviewing(await store.staff('admin'))]
  assertProblem(await desk.release(id), 409, 'not-claimed')
  await desk.claim(id)
  assertProblem(await other.release(id), 409, 'already-claimed')
  assertProblem(await other.claim(id, { takeOver: true }), 409, 'already-claimed')
  assertProblem(await admin.claim(id), 409, 'already-claimed')
  assert.equal((await admin.claim(id, { takeOver: true })).body.claimedBy, admin.id)
  assertProblem(await desk.complete(id, { lines: [] }), 409, 'already-claimed')
  assert.equal((await admin.release(id)).body.status, 'TO_BE_REVIEWED')
  assertProblem(await admin.claim(id, { takeOver: 'yes' }), 422, 'invalid')
  assertProblem(await (await store.staff('operations')).send('POST', `/api/v1/tickets/${id}/claim`), 403, 'forbidden')
  assertProblem(await desk.claim(newId()), 404, 'not-found')
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
  assert.deepEqual(answers.map((answer) => [answer.status, answer.body.version, answer.body.note]), [[200, 2, 'clear'], [200, 2, 'clear'], [200, 2, 'clear']])
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
  const answers = await Promise.all(ids.map((id, n) => desk.complete(id, { lines: [{ productId, quantity: 1, weightChangeIds: changes[n] }] })))
  assert.deepEqual(answers.map((answer) => answer.status), [200, 200, 200, 200, 200, 200])
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
  const changes = [await land(store.ctx, { machineId: 'm1', grams: -330, at: store.clock.now() }), await land(store.ctx, { machineId: 'm1', grams: -331, at: store.clock.now() })]
  const [a, b] = [await shoppers[0]!.leave(), await shoppers[1]!.leave()]
  await later(store)
  const desks = [reviewing(await store.staff('reviewer')), reviewing(await store.staff('reviewer'))]
  const productId = await product(store.ctx, 4000)
  const ids = [a.tickets[0]!.id, b.tickets[0]!.id] as const
  const lines = (own: string[]) => [{ productId, quantity: own.length, weightChangeIds: own }]
  await Promise.all(ids.map((id, n) => desks[n]!.claim(id)))
  const answers = await Promise.all([desks[0]!.complete(ids[0], { lines: lines(changes) }), desks[1]!.complete(ids[1], { lines: lines(changes.toReversed()) })])
  const loser = answers.findIndex((answer) => answer.status === 409)
  assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 409])
  assertProblem(answers[loser]!, 409, 'already-billed')
  assert.equal(answers[loser]!.body.ticketId, ids[1 - loser])
  const seen = await desks[loser]!.ticket(ids[loser]!)
  assert.deepEqual(seen.weightChanges.map((change) => change.billedTicketId), [ids[1 - loser], ids[1 - loser]])
  assert.equal((await desks[loser]!.complete(ids[loser]!, { lines: [] })).status, 200)
  const totals = await store.ctx.db.selectFrom('cart').select('totalMinor').orderBy('totalMinor').execute()
  assert.deepEqual(totals.map((cart) => cart.totalMinor), [0, 8000])
})

test('a reopened ticket frees what it billed, keeps its history, and its cart is corrected, never settled again', async () => {
  await using shop = await afterVisit()
  const { store, desk, ids, changes, visitId } = shop
  const [id] = ids as [string]
  const [cola, water] = [await product(store.ctx, 4000), await product(store.ctx, 1500)]
  await desk.settle(id, [{ productId: cola, quantity: 1, weightChangeIds: changes[0] }])
  assertProblem(await desk.reopen(id, { reason: ' ' }), 422, 'invalid')
  const reopened = await desk.reopen(id, { reason: 'wrong product' })
  assert.deepEqual([reopened.body.status, reopened.body.reopenReason, reopened.body.lines, reopened.body.weightChanges[0].billedTicketId], ['TO_BE_REVIEWED', 'wrong product', [], null])
  assertProblem(await desk.reopen(id, { reason: 'again' }), 409, 'not-complete')
  assert.deepEqual([(await cartOf(store, visitId)).status, (await cartOf(store, visitId)).totalMinor], ['REOPENED', 4000])
  await store.ctx.db.updateTable('product').set({ priceMinor: 1600 }).where('id', '=', water).execute()
  const done = await desk.settle(id, [{ productId: water, quantity: 2, weightChangeIds: changes[0] }])
  assert.deepEqual(done.revisions.map((r) => [r.version, r.reason, r.lines?.length ?? null]), [[4, 'completed', 1], [3, 'wrong product', null], [2, 'completed', 1], [1, 'opened', null]])
  const cart = await cartOf(store, visitId)
  assert.deepEqual([cart.status, cart.totalMinor, cart.version], ['SETTLED', 3200, 4])
  assert.equal((await eventsOf(store.ctx, 'visit.settled')).length, 1)
  const [corrected] = await eventsOf(store.ctx, 'visit.corrected')
  assert.deepEqual([corrected!.idempotencyKey, corrected!.totalMinor], [`visit-${visitId}-v4`, 3200])
  const trail = await store.ctx.db.selectFrom('auditEntry').select('action').where('resource', '=', 'ticket').orderBy('id').execute()
  assert.deepEqual(trail.map((row) => row.action), ['claimed', 'completed', 'reopened', 'claimed', 'completed'])
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
