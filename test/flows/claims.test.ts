/** Claims: one reviewer at a time, for as long as he is at work. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '#server/platform/ids.ts'
import { assertProblem } from '#test/support/http.ts'
import { afterVisit, reviewing } from '#test/support/review-desk.ts'
import { eventsOf, later } from '#test/support/visiting.ts'

test('of ten reviewers who claim at once one holds the ticket, and the others are told who', async () => {
  await using shop = await afterVisit()
  const desks = await Promise.all(Array.from({ length: 10 }, async () => reviewing(await shop.store.staff('reviewer'))))
  const answers = await Promise.all(desks.map((desk) => desk.claim(shop.ids[0]!)))
  const winner = answers.findIndex((answer) => answer.status === 200)
  assert.equal(answers.filter((answer) => answer.status === 200).length, 1)
  assert.deepEqual(
    [answers[winner]!.body.claimedBy, answers[winner]!.body.claimedByName, answers[winner]!.body.status],
    [desks[winner]!.id, desks[winner]!.username, 'UNDER_REVIEW']
  )
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
  assert.deepEqual(
    (await eventsOf(store.ctx, 'ticket.released')).map((e) => e.reason),
    ['lease-expired']
  )
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
