/** What a reviewer hands on: a ticket that is too hard, to an admin; a weight change that was another shopper's, to that shopper's ticket. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '#server/platform/ids.ts'
import { assertProblem } from '#test/support/http.ts'
import { afterVisit, reviewing } from '#test/support/review-desk.ts'
import { eventsOf, land, later, openStore, product, visitor } from '#test/support/visiting.ts'

test('an escalated ticket waits for an admin, with a note that is gone once it is settled', async () => {
  await using shop = await afterVisit()
  const { store, desk, ids } = shop
  const [id] = ids as [string]
  const [other, admin] = [reviewing(await store.staff('reviewer')), reviewing(await store.staff('admin'))]
  const escalate = (who: typeof desk, note: unknown) => who.send('POST', `/api/v1/tickets/${id}/escalate`, { note })
  await desk.claim(id)
  assertProblem(await escalate(desk, ' '), 422, 'invalid')
  assertProblem(await escalate(other, 'not mine'), 409, 'already-claimed')
  const { status, body } = await escalate(desk, 'two wraps alike')
  assert.equal(status, 200)
  assert.deepEqual([body.status, body.claimedBy, body.version], ['TO_BE_REVIEWED', null, 1])
  const at = store.clock.now().toISOString()
  assert.deepEqual(body.escalation, { note: 'two wraps alike', by: desk.id, byName: desk.username, at })
  assert.equal((await escalate(desk, 'two wraps alike')).status, 200, 'the same again')
  assertProblem(await escalate(other, 'another reason'), 409, 'already-escalated')
  assert.equal((await eventsOf(store.ctx, 'ticket.escalated')).length, 1)
  const escalated = async (yes: boolean) => (await admin.send('GET', `/api/v1/tickets?escalated=${yes}`)).body.items.length
  const waiting = async () => (await admin.send('GET', '/api/v1/store/today')).body.ticketsEscalated
  assert.deepEqual([await escalated(true), await escalated(false), await waiting()], [1, 0, 1])
  assertProblem(await desk.claim(id), 409, 'escalated')
  assertProblem(await other.claim(id), 409, 'escalated')
  const settled = await admin.settle(id)
  assert.deepEqual([settled.status, settled.escalation], ['REVIEW_COMPLETE', null])
  assert.deepEqual([await escalated(true), await escalated(false), await waiting()], [0, 1, 0])
  assertProblem(await escalate(desk, 'too late'), 409, 'already-complete')
  const audit = (await admin.send('GET', `/api/v1/audit?resource=ticket&resourceId=${id}&order=asc`)).body.items
  assert.deepEqual(
    audit.map(({ action, after }: any) => [action, after?.note]),
    [
      ['claimed', undefined],
      ['escalated', 'two wraps alike'],
      ['claimed', undefined],
      ['completed', null]
    ]
  )
})

test('two desks that escalate one ticket at once, and an admin who claims it meanwhile: one note counts, and it is told once', async () => {
  await using shop = await afterVisit()
  const { store, desk, ids } = shop
  const [id] = ids as [string]
  const [other, admin] = [reviewing(await store.staff('reviewer')), reviewing(await store.staff('admin'))]
  const answers = await Promise.all(
    [desk, other].map((who) => who.send('POST', `/api/v1/tickets/${id}/escalate`, { note: `by ${who.username}` }))
  )
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 409])
  const { body } = answers.find(({ status }) => status === 200)!
  assertProblem(answers.find(({ status }) => status === 409)!, 409, 'already-escalated')
  const now = (await admin.send('GET', `/api/v1/tickets/${id}`)).body
  assert.deepEqual(now.escalation, body.escalation)
  assert.deepEqual(
    (await eventsOf(store.ctx, 'ticket.escalated')).map((event) => event.note),
    [body.escalation.note]
  )
  const [claimed] = await Promise.all([
    admin.claim(id),
    desk.send('POST', `/api/v1/tickets/${id}/escalate`, { note: body.escalation.note })
  ])
  assert.equal(claimed.status, 200)
  assert.equal((await admin.send('GET', `/api/v1/tickets/${id}`)).body.claimedBy, admin.id)
})

test('tickets of a visit whose shopper waits for an answer are listed and counted, until he has it', async () => {
  await using shop = await afterVisit({ machines: 2 })
  const { store, desk, ids, visitId, changes } = shop
  const productId = await product(store.ctx, 4000)
  const settle = (n: number) => desk.settle(ids[n]!, [{ productId, quantity: 1, weightChangeIds: changes[n] }])
  for (const n of [0, 1]) await settle(n)
  const admin = await store.staff('admin')
  const contested = async () => {
    const [yes, no] = await Promise.all([true, false].map((is) => admin.send('GET', `/api/v1/tickets?contested=${is}`)))
    const { visitsContested } = (await admin.send('GET', '/api/v1/store/today')).body
    return [yes!.body.items.map((each: { contested: boolean }) => each.contested), no!.body.items.length, visitsContested]
  }
  assert.deepEqual(await contested(), [[], 2, 0])
  const { status } = await admin.send('POST', `/api/v1/visits/${visitId}/contest`, { message: 'one came back' })
  assert.equal(status, 201)
  assert.deepEqual(await contested(), [[true, true], 0, 1])
  for (const n of [0, 1]) await settle(n)
  assert.deepEqual(await contested(), [[], 2, 0])
})

/** Two shoppers inside at once; a can leaves the shelf; both leave. */
async function twoInside({ env = {}, isSecondInside = false }: { env?: Record<string, string>; isSecondInside?: boolean } = {}) {
  const store = await openStore({ machines: 1, env })
  const [a, b] = [await visitor(store), await visitor(store)]
  store.clock.forward(5000)
  const change = await land(store.ctx, { machineId: 'm1', grams: -330, at: store.clock.now() })
  store.clock.forward(5000)
  const first = await a.leave()
  const second = isSecondInside ? null : await b.leave()
  await later(store, 20_000)
  const desk = reviewing(await store.staff('reviewer'))
  return {
    ...{ store, change, desk, a: first.visitId, b: b.visitId, leaveLater: b.leave },
    ...{ mine: first.tickets[0]!.id, theirs: second?.tickets[0]?.id ?? '' },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]()
  }
}

test('a weight change given to another shopper opens that shopper’s completed ticket and cart again, and is billed there once', async () => {
  await using shop = await twoInside()
  const { store, desk, change, mine, theirs, a, b } = shop
  await desk.settle(theirs)
  const cola = await product(store.ctx, 4000)
  await desk.claim(mine)
  const others = [{ visitId: b, weightChangeIds: [change] }]
  const answer = await desk.complete(mine, { lines: [], others })
  assert.equal(answer.status, 200, answer.text)
  assert.equal((await desk.complete(mine, { lines: [], others })).status, 200, 'the same again')
  assertProblem(await desk.complete(mine, { lines: [] }), 409, 'already-complete')
  const opened = await desk.ticket(theirs)
  assert.deepEqual([opened.status, opened.reopenReason, opened.version], ['TO_BE_REVIEWED', 'assigned-evidence', 3])
  assert.equal(opened.weightChanges[0]!.assignedVisitId, b)
  assert.equal((await desk.ticket(mine)).weightChanges[0]!.assignedVisitId, b)
  const cart = (await desk.send('GET', `/api/v1/visits/${b}`)).body.cart
  assert.equal(cart.status, 'REOPENED')
  await later(store, 60_000)
  await desk.settle(theirs, [{ productId: cola, quantity: 1, weightChangeIds: [change] }])
  const bills = await Promise.all(
    [a, b].map(async (visit) => (await desk.send('GET', `/api/v1/visits/${visit}`)).body.cart.totalMinor)
  )
  assert.deepEqual(bills, [0, 4000])
  assert.equal((await eventsOf(store.ctx, 'ticket.reopened')).length, 1, 'told once')
})

test('what is given must be evidence, in another visit of that moment, billed nowhere else and named once', async () => {
  await using shop = await twoInside()
  const { store, desk, change, mine, theirs, a, b } = shop
  const cola = await product(store.ctx, 4000)
  const late = await visitor(store)
  await desk.claim(mine)
  const give = (visitId: string, weightChangeIds: string[], lines: unknown[] = []) =>
    desk.complete(mine, { lines, others: [{ visitId, weightChangeIds }] })
  const line = { productId: cola, quantity: 1, weightChangeIds: [change] }
  for (const [visitId, ids, lines] of [
    [b, [newId()], []],
    [a, [change], []],
    [late.visitId, [change], []],
    [newId(), [change], []],
    [b, [change, change], []],
    [b, [change], [line]]
  ] as const)
    assertProblem(await give(visitId, [...ids], [...lines]), 422, 'invalid')
  assert.equal((await desk.ticket(mine)).status, 'UNDER_REVIEW', 'nothing was changed')
  assert.equal((await desk.ticket(theirs)).version, 1)
  await desk.settle(theirs, [line])
  assert.equal((await give(b, [change])).status, 200, 'billed where it is given: nothing is left to tell')
  assert.deepEqual([(await desk.ticket(theirs)).status, (await desk.ticket(theirs)).version], ['REVIEW_COMPLETE', 2])
})

test('what is given to somebody still inside is on their ticket when they leave, and no clock completes it', async () => {
  await using shop = await twoInside({ env: { AUTO_REVIEW: 'confident', AUTO_REVIEW_SAMPLE: '0' }, isSecondInside: true })
  const { store, desk, change, mine, b, leaveLater } = shop
  await desk.claim(mine)
  assert.equal((await desk.complete(mine, { lines: [], others: [{ visitId: b, weightChangeIds: [change] }] })).status, 200)
  const { tickets } = await leaveLater()
  await later(store, 120_000)
  await later(store, 120_000)
  const ticket = await desk.ticket(tickets[0]!.id)
  assert.deepEqual([ticket.status, ticket.weightChanges[0]!.assignedVisitId], ['TO_BE_REVIEWED', b])
})

test('two reviewers who give each other’s shopper something at once are both done, and both tickets are looked at again', async () => {
  await using store = await openStore({ machines: 2 })
  const [a, b] = [await visitor(store), await visitor(store)]
  store.clock.forward(5000)
  const changes = await Promise.all(
    ['m1', 'm2'].map((machineId) => land(store.ctx, { machineId, grams: -330, at: store.clock.now() }))
  )
  store.clock.forward(5000)
  const [left, right] = [await a.leave(), await b.leave()]
  await later(store, 20_000)
  const desks = await Promise.all([0, 1].map(async () => reviewing(await store.staff('reviewer'))))
  await desks[0]!.settle(left.tickets[1]!.id)
  await desks[0]!.settle(right.tickets[0]!.id)
  await desks[0]!.claim(left.tickets[0]!.id)
  await desks[1]!.claim(right.tickets[1]!.id)
  const answers = await Promise.all([
    desks[0]!.complete(left.tickets[0]!.id, { lines: [], others: [{ visitId: right.visitId, weightChangeIds: [changes[0]] }] }),
    desks[1]!.complete(right.tickets[1]!.id, { lines: [], others: [{ visitId: left.visitId, weightChangeIds: [changes[1]] }] })
  ])
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
    answers.map(({ text }) => text).join()
  )
  for (const id of [left.tickets[1]!.id, right.tickets[0]!.id])
    assert.equal((await desks[0]!.ticket(id)).status, 'TO_BE_REVIEWED')
})
