/** Late evidence: what lands after a ticket was made is added once, reopens what it could alter, and races with nobody unseen. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { SYSTEM, transact } from '#server/context.ts'
import { addMachine, cutMachineSessions, retireMachine } from '#server/domain/iot/actions.ts'
import { attachLateEvidence, leave, reviewEmptyTickets } from '#server/domain/ticket/actions.ts'
import { drainJobs } from '#server/jobs/index.ts'
import { assertProblem } from '#test/support/http.ts'
import { reviewing } from '#test/support/review-desk.ts'
import { amend, caughtUp, eventsOf, land, later, type OpenStore, openStore, product, visitor } from '#test/support/visiting.ts'

async function afterVisit({ grams = [] as number[], machines = 1 } = {}) {
  const store = await openStore({ machines })
  const shopper = await visitor(store)
  store.clock.forward(5000)
  const inside = store.clock.now()
  const changes: string[] = []
  for (const one of grams) changes.push(await land(store.ctx, { machineId: 'm1', grams: one, at: inside }))
  store.clock.forward(5000)
  const visit = await shopper.leave()
  await later(store)
  const desk = reviewing(await store.staff('reviewer'))
  return {
    store,
    inside,
    changes,
    desk,
    ...visit,
    id: visit.tickets[0]!.id,
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]()
  }
}

test('a change that lands after an empty ticket completed itself reopens it, and the cart with it', async () => {
  await using shop = await afterVisit()
  const { store, desk, id, inside, visitId } = shop
  assert.equal((await desk.ticket(id)).status, 'REVIEW_COMPLETE')
  const change = await land(store.ctx, { machineId: 'm1', grams: -330, at: inside })
  await later(store)
  const ticket = await desk.ticket(id)
  assert.deepEqual(
    [ticket.status, ticket.reopenReason, ticket.version, ticket.weightChanges[0]!.id],
    ['TO_BE_REVIEWED', 'late-evidence', 3, change]
  )
  assert.deepEqual(
    (await eventsOf(store.ctx, 'ticket.reopened')).map((e) => [e.ticketId, e.reason, e.version]),
    [[id, 'late-evidence', 3]]
  )
  const productId = await product(store.ctx, 4000)
  await desk.settle(id, [{ productId, quantity: 1, weightChangeIds: [change] }])
  const [corrected] = await eventsOf(store.ctx, 'visit.corrected')
  assert.deepEqual([corrected!.visitId, corrected!.totalMinor], [visitId, 4000])
})

test('a change found late is added when its span reaches into the window, and not when it does not', async () => {
  await using shop = await afterVisit()
  const { store, desk, id, inside } = shop
  const at = (seconds: number) => new Date(inside.getTime() + seconds * 1000)
  await land(store.ctx, { machineId: 'm1', grams: -100, from: at(6), at: at(600) })
  await later(store)
  assert.equal((await desk.ticket(id)).version, 2)
  const reaching = await land(store.ctx, { machineId: 'm1', grams: -200, from: at(4), at: at(600) })
  await later(store)
  const ticket = await desk.ticket(id)
  assert.deepEqual([ticket.version, ticket.weightChanges.map((c) => [c.id, c.foundLate])], [3, [[reaching, true]]])
})

test('told twice, the same change counts once; that it settled is no news', async () => {
  await using shop = await afterVisit({ grams: [-330] })
  const { store, desk, id, changes } = shop
  const productId = await product(store.ctx, 4000)
  await desk.settle(id, [{ productId, quantity: 1, weightChangeIds: changes }])
  const before = (await desk.ticket(id)).version
  await sql`INSERT INTO event_log (name, payload, at) SELECT name, payload, at FROM event_log WHERE name LIKE 'weight-change.%'`.execute(
    store.ctx.db
  )
  await amend(store.ctx, changes[0]!, {})
  await later(store)
  await sql`UPDATE event_cursor SET transaction_id = '0', id = 0`.execute(store.ctx.db)
  await later(store)
  const ticket = await desk.ticket(id)
  assert.deepEqual([ticket.status, ticket.version, ticket.weightChanges[0]!.settled], ['REVIEW_COMPLETE', before, true])
})

test('grams corrected after the review reopen the ticket; so does a billed change withdrawn', async () => {
  for (const what of [{ grams: -660 }, { withdrawn: true }]) {
    await using shop = await afterVisit({ grams: [-330] })
    const { store, desk, id, changes } = shop
    const productId = await product(store.ctx, 4000)
    await desk.settle(id, [{ productId, quantity: 1, weightChangeIds: changes }])
    await amend(store.ctx, changes[0]!, what)
    await caughtUp(store.ctx.events)
    await attachLateEvidence(store.ctx)
    const ticket = await desk.ticket(id)
    assert.deepEqual([ticket.status, ticket.reopenReason, ticket.lines], ['TO_BE_REVIEWED', 'late-evidence', []])
    assert.equal((await store.ctx.db.selectFrom('cart').select('status').executeTakeFirstOrThrow()).status, 'REOPENED')
    if (!what.withdrawn) continue
    await later(store)
    assert.equal((await desk.ticket(id)).status, 'REVIEW_COMPLETE', 'without evidence it completes itself')
  }
})

test('a change that cannot alter the cart makes a version and leaves the ticket complete', async () => {
  await using shop = await afterVisit({ grams: [-330, -7] })
  const { store, desk, id, changes } = shop
  const productId = await product(store.ctx, 4000)
  await desk.settle(id, [{ productId, quantity: 1, weightChangeIds: [changes[0]] }])
  await amend(store.ctx, changes[1]!, { withdrawn: true })
  await later(store)
  const ticket = await desk.ticket(id)
  assert.deepEqual(
    [ticket.status, ticket.weightChanges.length, ticket.revisions[0]!.reason],
    ['REVIEW_COMPLETE', 1, 'evidence-corrected']
  )
  assert.deepEqual(ticket.lines.length, 1)
})

test('evidence that lands under a reviewer’s hands makes his version stale', async () => {
  await using shop = await afterVisit({ grams: [-330] })
  const { store, desk, id, inside, changes } = shop
  const { version } = (await desk.claim(id)).body
  await land(store.ctx, { machineId: 'm1', grams: -330, at: inside })
  const productId = await product(store.ctx, 4000)
  const lines = [{ productId, quantity: 1, weightChangeIds: changes }]
  assertProblem(await desk.complete(id, { lines, version }), 409, 'stale-version')
  const seen = await desk.ticket(id)
  assert.deepEqual([seen.version, seen.status, seen.weightChanges.length], [version + 1, 'UNDER_REVIEW', 2])
  assert.equal((await desk.complete(id, { lines, version: seen.version })).status, 200)
  await later(store)
  assert.equal((await desk.ticket(id)).status, 'REVIEW_COMPLETE')
  assert.equal((await eventsOf(store.ctx, 'ticket.changed')).length, 1)
})

test('whether a change races the exit, the clock or the reviewer: no ticket stays complete without knowing it', async () => {
  await using store = await openStore({ machines: 3 })
  const { ctx, clock } = store
  for (let round = 0; round < 25; round++) {
    const shopper = await visitor(store)
    clock.forward(1000)
    const at = clock.now()
    const landing = store.machineIds.map((machineId) => land(ctx, { machineId, grams: -100 - round, at }))
    await Promise.all([shopper.leave(), ...landing, attachLateEvidence(ctx), reviewEmptyTickets(ctx), attachLateEvidence(ctx)])
    clock.forward(1000)
  }
  await drainJobs(ctx)
  const { rows } = await sql<{ complete: number; unaware: number }>`
    SELECT count(*) FILTER (WHERE ticket.status = 'REVIEW_COMPLETE') AS complete,
      count(*) FILTER (WHERE ticket.evidence <> jsonb_build_object(change.id, -change.grams)) AS unaware
    FROM ticket JOIN weight_change AS change ON change.machine_id = ticket.machine_id AND change.occurred_at BETWEEN ticket.window_start AND ticket.window_end`.execute(
    ctx.db
  )
  assert.deepEqual(rows, [{ complete: 0, unaware: 0 }])
  const settled = await eventsOf(ctx, 'visit.settled')
  assert.equal(new Set(settled.map((event) => event.idempotencyKey)).size, settled.length)
})

test('a change that commits while an exit is making its tickets is not lost between the two', async () => {
  await using store = await openStore({ machines: 1 })
  const { ctx, clock } = store
  const shopper = await visitor(store)
  clock.forward(1000)
  await drainJobs(ctx)
  // The exit stops just before its commit: its ticket is empty and complete by then, and nobody else can see it.
  await sql`CREATE FUNCTION halt() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END'`.execute(
    ctx.db
  )
  await sql`CREATE TRIGGER halt BEFORE UPDATE ON cart FOR EACH ROW EXECUTE FUNCTION halt()`.execute(ctx.db)
  const waiting = async () =>
    (await sql`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`.execute(ctx.db)).rows
      .length
  const written = Promise.withResolvers<void>()
  const commit = Promise.withResolvers<void>()
  const landing = land(ctx, { machineId: 'm1', grams: -330, at: clock.now() }, async () => {
    written.resolve()
    await commit.promise
  })
  await written.promise // the change has begun before the exit, and is the older transaction
  const { going } = await ctx.db.transaction().execute(async (blocker) => {
    await sql`SELECT pg_advisory_xact_lock(1)`.execute(blocker)
    const leaving = leave(ctx, { token: await store.code({ id: shopper.userId }), scannerId: null })
    await until(async () => (await waiting()) === 1)
    commit.resolve()
    await landing
    const following = attachLateEvidence(ctx)
    let isOver = false
    void following.finally(() => {
      isOver = true
    })
    await until(async () => isOver || (await waiting()) === 2)
    return { going: Promise.all([leaving, following]) }
  })
  await going
  await drainJobs(ctx)
  const ticket = await ctx.db.selectFrom('ticket').select(['status', 'reopenReason']).executeTakeFirstOrThrow()
  assert.deepEqual(ticket, { status: 'TO_BE_REVIEWED', reopenReason: 'late-evidence' })
})

/** An exit that has to wait for the row of the store, which somebody shares with the follower, while `work` is done. */
async function exitDuring(store: OpenStore, userId: string, work: () => Promise<unknown>): Promise<void> {
  const { ctx } = store
  const waiting = sql`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
  const { leaving } = await ctx.db.transaction().execute(async (blocker) => {
    await blocker.selectFrom('store').select('mode').forShare().execute()
    const leaving = leave(ctx, { token: await store.code({ id: userId }), scannerId: null })
    await until(async () => (await waiting.execute(ctx.db)).rows.length === 1)
    await work()
    return { leaving }
  })
  await leaving
}

test('a machine session that ends while an exit waits for its turn is known to the window', async () => {
  await using store = await openStore({ machines: 1, env: { TICKET_WINDOW: 'machine-session', MACHINE_SESSION_SECONDS: '60' } })
  const { ctx, clock } = store
  const shopper = await visitor(store)
  clock.forward(29_000)
  const cut = Promise.withResolvers<void>()
  const commit = Promise.withResolvers<void>()
  const cutting = transact(ctx, async (tx) => {
    await cutMachineSessions(ctx, tx, { storeMode: 'CUSTOMER_MODE' })
    cut.resolve()
    await commit.promise
  })
  await cut.promise // it has begun before the exit, and is the older transaction
  clock.forward(1000)
  await exitDuring(store, shopper.userId, async () => {
    commit.resolve()
    await cutting
    await attachLateEvidence(ctx) // it finds no ticket yet, and does not come back
  })
  await drainJobs(ctx)
  const ticket = await ctx.db.selectFrom('ticket').select('windowEnd').executeTakeFirstOrThrow()
  assert.equal(ticket.windowEnd.getTime() - clock.now().getTime(), 59_000, 'the session that runs at the exit began a second ago')
})

test('a machine that comes while an exit waits for its turn has its ticket, and the numbers no gap', async () => {
  await using store = await openStore({ machines: 2 })
  const [first, second] = [await visitor(store), await visitor(store)]
  await exitDuring(store, first.userId, () =>
    addMachine(store.ctx, SYSTEM, { machineId: 'm3', displayName: 'm3', kind: 'shelf' })
  )
  await exitDuring(store, second.userId, () => retireMachine(store.ctx, SYSTEM, 'm1'))
  await (await visitor(store)).leave()
  const tickets = await store.ctx.db.selectFrom('ticket').select(['number', 'machineId']).orderBy('number').execute()
  assert.deepEqual(
    tickets.map(({ number, machineId }) => `${number} ${machineId}`),
    ['1 m1', '2 m2', '3 m3', '4 m2', '5 m3', '6 m2', '7 m3']
  )
})

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!(await holds())) assert(performance.now() < deadline, 'it never came to that')
}
