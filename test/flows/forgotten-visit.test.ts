/** Somebody left behind another shopper and never showed a code: staff end the visit, and everything an exit makes is made. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '#server/platform/ids.ts'
import { assertProblem } from '#test/support/http.ts'
import { openStore } from '#test/support/visiting.ts'

test('staff close a forgotten visit: tickets are made, the shopper can come in again, and the reason is in the audit trail', async () => {
  await using store = await openStore({ machines: 2 })
  const [operations, reviewer, admin] = [
    await store.staff('operations'),
    await store.staff('reviewer'),
    await store.staff('admin')
  ]
  const shopper = newId()
  const { visitId } = (await store.scanIn(await store.code({ id: shopper }))).body
  const path = `/api/v1/visits/${visitId}/close`
  assertProblem(await reviewer.send('POST', path, { reason: 'gone' }), 403, 'forbidden')
  assert.equal((await operations.send('POST', path, {})).body.field, 'reason')
  const closed = await operations.send('POST', path, { reason: 'walked out behind somebody' })
  assert.equal(closed.status, 200, closed.text)
  assert.equal(closed.body.tickets.length, 2)
  assert.notEqual(closed.body.exitedAt, null)
  assertProblem(await operations.send('POST', path, { reason: 'again' }), 409, 'not-inside')
  assert.equal((await store.scanIn(await store.code({ id: shopper }))).status, 200)
  const trail = await admin.send('GET', `/api/v1/audit?resource=visit&resourceId=${visitId}`)
  assert.equal(trail.body.items[0].after.reason, 'walked out behind somebody')
})

test('two members of staff who close one visit at once make its tickets once', async () => {
  await using store = await openStore({ machines: 3 })
  const staff = await store.staff('admin')
  const { visitId } = (await store.scanIn(await store.code())).body
  const answers = await Promise.all(
    [1, 2, 3].map((n) => staff.send('POST', `/api/v1/visits/${visitId}/close`, { reason: `try ${n}` }))
  )
  assert.deepEqual(answers.map((answer) => answer.status).toSorted(), [200, 409, 409])
  assert.equal((await staff.send('GET', `/api/v1/tickets?visitId=${visitId}`)).body.items.length, 3)
})

test('a shopper who comes back to the exit while staff close the visit leaves once, with one set of tickets and one cart', async () => {
  await using store = await openStore({ machines: 3 })
  const staff = await store.staff('admin')
  const id = newId()
  for (let round = 0; round < 5; round++) {
    const { visitId } = (await store.scanIn(await store.code({ id }))).body
    const [scan, close] = await Promise.all([
      store.scanOut(await store.code({ id })),
      staff.send('POST', `/api/v1/visits/${visitId}/close`, { reason: 'left without a code' })
    ])
    assert.ok((scan.status === 200) !== (close.status === 200), `${scan.status} ${close.status}`)
    assert.equal((await staff.send('GET', `/api/v1/tickets?visitId=${visitId}`)).body.items.length, 3)
    const { rows } = await store.ctx.pool.query('SELECT FROM cart WHERE visit_id = $1', [visitId])
    assert.equal(rows.length, 1)
  }
})
