/** Tickets at the exit: one per machine, numbered without gaps, with windows and evidence; empty ones complete themselves. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ticket } from '#contracts/api/tickets.ts'
import { SYSTEM } from '#server/context.ts'
import { recordHeartbeat, retireMachine, rotateMachineSessions } from '#server/domain/iot/actions.ts'
import { newId } from '#server/platform/ids.ts'
import { reviewing } from '#test/support/review-desk.ts'
import { eventsOf, land, later, type OpenStore, openStore, product, visitor } from '#test/support/visiting.ts'

const beat = async ({ ctx, clock }: OpenStore, machineId: string, grams = 1000) =>
  recordHeartbeat(ctx, {
    machineId,
    receivedMs: clock.now().getTime(),
    deviceMs: null,
    bootId: null,
    seq: null,
    readings: [{ scaleId: '001', grams, swingGrams: null }]
  })
const statusOf = async ({ ctx }: OpenStore, visitId: string) =>
  (await ctx.db.selectFrom('ticket').select('status').where('visitId', '=', visitId).orderBy('number').execute()).map(
    (ticket) => ticket.status
  )
const cartOf = async ({ ctx }: OpenStore, visitId: string) =>
  ctx.db.selectFrom('cart').selectAll().where('visitId', '=', visitId).executeTakeFirstOrThrow()

test('a shopper leaves and each machine in service has a ticket with that visit’s changes', async () => {
  await using store = await openStore({ machines: 3 })
  await retireMachine(store.ctx, SYSTEM, 'm3')
  const shopper = await visitor(store)
  const login = store.clock.now()
  store.clock.forward(10_000)
  const picked = await land(store.ctx, { machineId: 'm1', grams: -330, at: store.clock.now() })
  store.clock.forward(10_000)
  await land(store.ctx, { machineId: 'm1', grams: -330, at: new Date(login.getTime() - 1) })
  const { visitId, userId } = await shopper.leave()
  const { send } = await store.staff('reviewer')
  const tickets: Ticket[] = (await send('GET', `/api/v1/tickets?visitId=${visitId}`)).body.items
  assert.deepEqual(
    tickets.map((t) => [t.number, t.machineId, t.weightChanges.length]),
    [
      ['T-000002', 'm2', 0],
      ['T-000001', 'm1', 1]
    ]
  )
  const ticket = tickets[1]!
  assert.deepEqual(
    [ticket.startTime, ticket.endTime, ticket.windowStart, ticket.windowEnd],
    [login, store.clock.now(), login, store.clock.now()].map((t) => t.toISOString())
  )
  assert.deepEqual(
    [ticket.userId, ticket.role, ticket.status, ticket.version, ticket.claimedBy],
    [userId, 'customer', 'TO_BE_REVIEWED', 1, null]
  )
  const [change] = ticket.weightChanges
  assert.deepEqual(
    [change!.id, change!.status, change!.grams, change!.visitIds, change!.roles],
    [picked, 'PICKED', 330, [visitId], ['customer']]
  )
  assert.deepEqual(ticket.machineSessions.length, 1)
  assert.deepEqual(
    [ticket.movements, ticket.videos, ticket.proposedLines, ticket.otherVisits, ticket.lines],
    [[], [], [], [], []]
  )
  for (const [query, found] of [
    ['machineId=m1', 1],
    [`userId=${userId}`, 2],
    ['status=REVIEW_COMPLETE', 1],
    ['status=UNDER_REVIEW', 0],
    [`userId=${newId()}`, 0]
  ] as const)
    assert.equal((await send('GET', `/api/v1/tickets?${query}`)).body.items.length, found, query)
})

test('a list goes on where it ended', async () => {
  await using store = await openStore({ machines: 7 })
  await (await visitor(store)).leave()
  const { send } = await store.staff('reviewer')
  const seen: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: { items: Ticket[]; nextCursor: string | null } = (
      await send('GET', `/api/v1/tickets?limit=3${cursor && `&cursor=${cursor}`}`)
    ).body
    seen.push(...page.items.map((ticket) => ticket.machineId))
    cursor = page.nextCursor
  }
  assert.deepEqual(seen, ['m7', 'm6', 'm5', 'm4', 'm3', 'm2', 'm1'])
})

test('many exits at once leave numbers without a gap, and an exit that fails leaves none', async () => {
  await using store = await openStore({ machines: 4 })
  const shoppers = []
  for (let n = 0; n < 20; n++) shoppers.push(await visitor(store))
  await Promise.all(shoppers.map((shopper) => shopper.leave()))
  await store.scanOut(await store.code())
  const numbers = (await store.ctx.db.selectFrom('ticket').select('number').orderBy('number').execute()).map((row) => row.number)
  assert.deepEqual(
    numbers,
    Array.from({ length: 80 }, (_, n) => n + 1)
  )
})

test('a store without machines has nothing to review: the cart settles at the exit', async () => {
  await using store = await openStore({ machines: 0 })
  const { visitId } = await (await visitor(store)).leave()
  const cart = await cartOf(store, visitId)
  assert.deepEqual([cart.status, cart.totalMinor], ['SETTLED', 0])
  const [event] = await eventsOf(store.ctx, 'visit.settled')
  assert.deepEqual([event!.idempotencyKey, event!.lines, event!.totalMinor], [`visit-${visitId}`, [], 0])
})

test('tickets of machines nobody has heard of complete at the exit, empty, and the cart settles', async () => {
  await using store = await openStore({ machines: 2 })
  const { visitId } = await (await visitor(store)).leave()
  assert.deepEqual(await statusOf(store, visitId), ['REVIEW_COMPLETE', 'REVIEW_COMPLETE'])
  assert.equal((await cartOf(store, visitId)).status, 'SETTLED')
  const ticket = await reviewing(await store.staff('reviewer')).ticket(
    (await store.ctx.db.selectFrom('ticket').select('id').executeTakeFirstOrThrow()).id
  )
  assert.deepEqual([ticket.completedBy, ticket.revisions.map((r) => r.reason)], ['system', ['completed', 'opened']])
})

test('an empty ticket waits for its machine to be heard from after the exit, and no longer than its time', async () => {
  await using store = await openStore({ machines: 2 })
  await Promise.all([beat(store, 'm1'), beat(store, 'm2')])
  store.clock.forward(1000)
  await Promise.all([beat(store, 'm1'), beat(store, 'm2')])
  const { visitId } = await (await visitor(store)).leave()
  await later(store, 1000)
  assert.deepEqual(await statusOf(store, visitId), ['TO_BE_REVIEWED', 'TO_BE_REVIEWED'])
  await beat(store, 'm1')
  await later(store, 600)
  assert.deepEqual(await statusOf(store, visitId), ['REVIEW_COMPLETE', 'TO_BE_REVIEWED'])
  assert.equal((await cartOf(store, visitId)).status, 'OPEN')
  await later(store, 400)
  assert.deepEqual(await statusOf(store, visitId), ['REVIEW_COMPLETE', 'REVIEW_COMPLETE'])
  assert.equal((await cartOf(store, visitId)).status, 'SETTLED')
  assert.equal((await eventsOf(store.ctx, 'visit.settled')).length, 1)
})

test('a change that the machine tells after the exit keeps the ticket for people', async () => {
  await using store = await openStore({ machines: 1 })
  await beat(store, 'm1')
  const shopper = await visitor(store)
  store.clock.forward(1000)
  await beat(store, 'm1')
  const { visitId, tickets } = await shopper.leave()
  await land(store.ctx, { machineId: 'm1', grams: -330, at: new Date(store.clock.now().getTime() - 500) })
  await later(store, 60_000)
  assert.deepEqual(await statusOf(store, visitId), ['TO_BE_REVIEWED'])
  const ticket = await reviewing(await store.staff('reviewer')).ticket(tickets[0]!.id)
  assert.deepEqual([ticket.version, ticket.weightChanges.length], [2, 1])
})

test('without auto review even an empty ticket waits for people', async () => {
  await using store = await openStore({ env: { AUTO_REVIEW: 'off' } })
  const { visitId } = await (await visitor(store)).leave()
  await later(store, 3_600_000)
  assert.deepEqual(await statusOf(store, visitId), ['TO_BE_REVIEWED', 'TO_BE_REVIEWED'])
})

test('two shoppers at once: the change is on both tickets, each names the other visit', async () => {
  await using store = await openStore({ machines: 1 })
  const first = await visitor(store)
  store.clock.forward(1000)
  const second = await visitor(store)
  store.clock.forward(1000)
  await land(store.ctx, { machineId: 'm1', grams: -330, at: store.clock.now() })
  store.clock.forward(1000)
  const [a, b] = [await first.leave(), await second.leave()]
  const desk = reviewing(await store.staff('reviewer'))
  assert.deepEqual((await desk.ticket(a.tickets[0]!.id)).otherVisits, [b.visitId])
  assert.deepEqual((await desk.ticket(b.tickets[0]!.id)).otherVisits, [a.visitId])
  assert.deepEqual((await desk.ticket(b.tickets[0]!.id)).weightChanges[0]!.visitIds, [a.visitId, b.visitId])
})

test('windows over machine sessions reach from the one at login to the real end of the one at logout', async () => {
  await using store = await openStore({ machines: 1, env: { TICKET_WINDOW: 'machine-session', MACHINE_SESSION_SECONDS: '60' } })
  const opened = store.clock.now()
  const at = (seconds: number) => new Date(opened.getTime() + seconds * 1000)
  store.clock.forward(10_000)
  const shopper = await visitor(store)
  await land(store.ctx, { machineId: 'm1', grams: -100, at: at(5) })
  store.clock.forward(10_000)
  const { tickets } = await shopper.leave()
  const desk = reviewing(await store.staff('reviewer'))
  const before = await desk.ticket(tickets[0]!.id)
  assert.deepEqual(
    [before.windowStart, before.windowEnd, before.weightChanges.length],
    [at(0).toISOString(), at(60).toISOString(), 1]
  )
  store.clock.forward(42_000)
  const other = await visitor(store)
  await land(store.ctx, { machineId: 'm1', grams: -200, at: at(61) })
  await rotateMachineSessions(store.ctx)
  await later(store)
  const after = await desk.ticket(tickets[0]!.id)
  assert.deepEqual(
    [after.windowEnd, after.weightChanges.map((c) => c.grams), after.version],
    [at(62).toISOString(), [100, 200], 2]
  )
  assert.deepEqual(after.otherVisits, [other.visitId])
})

test('a visit shows its tickets and its cart; staff have nothing to pay', async () => {
  await using store = await openStore({ machines: 1 })
  const refill = await visitor(store, { role: 'operations' })
  store.clock.forward(1000)
  const change = await land(store.ctx, { machineId: 'm1', grams: -330, at: store.clock.now() })
  const { visitId, tickets } = await refill.leave()
  const admin = await store.staff('admin')
  assert.equal((await admin.send('GET', `/api/v1/visits/${newId()}`)).status, 404)
  const productId = await product(store.ctx, 4000)
  await reviewing(admin).settle(tickets[0]!.id, [{ productId, quantity: 1, weightChangeIds: [change] }])
  const visit = (await admin.send('GET', `/api/v1/visits/${visitId}`)).body
  assert.deepEqual([visit.role, visit.tickets.length, visit.tickets[0].lines.length], ['operations', 1, 1])
  assert.deepEqual([visit.cart.status, visit.cart.totalMinor, visit.cart.lines], ['SETTLED', 0, []])
  const { proposedLines, proposedTotalMinor, ...cart } = (await admin.send('GET', `/api/v1/visits/${visitId}/cart`)).body
  assert.deepEqual([cart, proposedLines, proposedTotalMinor], [visit.cart, [], 0])
  assert.deepEqual((await admin.send('GET', '/api/v1/carts?status=SETTLED')).body.items, [visit.cart])
})
