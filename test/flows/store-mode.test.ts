/** Store modes: who changes them, whom they lock out, and that nobody slips through while they change. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changeStoreMode, enter } from '#server/domain/user/actions.ts'
import { Refused } from '#server/platform/errors.ts'
import { assertProblem } from '#test/support/http.ts'
import { eventsOf, openStore, visitor } from '#test/support/visiting.ts'

test('a new store is in maintenance: customers stay out, admins come in', async () => {
  await using store = await openStore({ mode: 'MAINTENANCE_MODE' })
  const { send } = await store.staff('reviewer')
  assert.equal((await send('GET', '/api/v1/store/mode')).body.mode, 'MAINTENANCE_MODE')
  for (const [role, reason] of [
    ['customer', 'store-in-maintenance'],
    ['operations', 'store-in-maintenance'],
    ['admin', undefined]
  ])
    assert.equal((await store.scanIn(await store.code({ role }))).body.reason, reason, role)
})

test('while it is refilled operations come and go, customers only go', async () => {
  await using store = await openStore()
  const shopper = await visitor(store)
  const { send } = await store.staff('operations')
  const asked = await send('PUT', '/api/v1/store/mode', { mode: 'REFILLMENT_MODE' })
  assertProblem(asked, 409, 'customers-inside')
  assert.deepEqual(
    asked.body.visits.map((v: { id: string }) => v.id),
    [shopper.visitId]
  )
  assert.equal((await send('PUT', '/api/v1/store/mode', { mode: 'REFILLMENT_MODE', force: true })).body.mode, 'REFILLMENT_MODE')
  assert.equal((await store.scanIn(await store.code())).body.reason, 'store-in-refillment')
  const refill = await visitor(store, { role: 'operations' })
  await shopper.leave()
  await refill.leave()
  const changes = (await send('GET', '/api/v1/store/mode-changes')).body.items
  assert.deepEqual(
    changes.map((c: { toMode: string; forced: boolean }) => [c.toMode, c.forced]),
    [
      ['REFILLMENT_MODE', true],
      ['CUSTOMER_MODE', false]
    ]
  )
})

test('staff inside do not keep the store open, and every mode lets everybody out', async () => {
  await using store = await openStore()
  const inside = [await visitor(store, { role: 'operations' }), await visitor(store, { role: 'admin' })]
  const { send } = await store.staff('admin')
  assert.equal((await send('POST', '/mode-control/', { status: 'MAINTENANCE_MODE' })).status, 200)
  for (const visit of inside) await visit.leave()
})

test('mode control: the same mode again changes nothing, an unknown one is named, reviewers may not', async () => {
  await using store = await openStore()
  const { send } = await store.staff('operations')
  const before = await eventsOf(store.ctx, 'store-mode.changed')
  assert.deepEqual((await send('POST', '/mode-control', { status: 'CUSTOMER_MODE' })).body, {
    status: 'success',
    storeMode: 'CUSTOMER_MODE'
  })
  assert.deepEqual(await eventsOf(store.ctx, 'store-mode.changed'), before)
  const unknown = await send('POST', '/mode-control/', { status: 'PARTY_MODE' })
  assertProblem(unknown, 422, 'invalid')
  assert.equal(unknown.body.field, 'status')
  assertProblem(
    await (await store.staff('reviewer')).send('POST', '/mode-control/', { status: 'CUSTOMER_MODE' }),
    403,
    'forbidden'
  )
})

test('a mode change cuts every machine session and is audited', async () => {
  await using store = await openStore({ machines: 3 })
  store.clock.forward(5000)
  await changeStoreMode(
    store.ctx,
    { kind: 'staff', id: store.entry.id, name: 'somebody', role: 'admin' },
    { mode: 'MAINTENANCE_MODE' }
  )
  const sessions = await store.ctx.db.selectFrom('machineSession').selectAll().where('endedAt', 'is', null).execute()
  assert.deepEqual(
    sessions.map((s) => s.storeMode),
    ['MAINTENANCE_MODE', 'MAINTENANCE_MODE', 'MAINTENANCE_MODE']
  )
  assert(sessions.every((s) => s.startedAt.getTime() === store.clock.now().getTime()))
  const entry = await store.ctx.db
    .selectFrom('auditEntry')
    .selectAll()
    .where('action', '=', 'mode-changed')
    .orderBy('id', 'desc')
    .executeTakeFirstOrThrow()
  assert.deepEqual([entry.before, entry.after], [{ mode: 'CUSTOMER_MODE' }, { mode: 'MAINTENANCE_MODE', forced: false }])
})

test('of shoppers who come in while the store closes none is left inside unseen', async () => {
  await using store = await openStore()
  const actor = { kind: 'staff', id: store.entry.id, name: 'somebody', role: 'admin' } as const
  for (let round = 0; round < 10; round++) {
    const codes = await Promise.all(Array.from({ length: 8 }, () => store.code()))
    const entries = codes.map((token) =>
      enter(store.ctx, { token, scannerId: null }).then(
        () => 'inside',
        (error: Refused) => error.code
      )
    )
    const closing = changeStoreMode(store.ctx, actor, { mode: 'MAINTENANCE_MODE' }).then(
      () => 'closed',
      (error: Refused) => (error instanceof Refused ? error.details : Promise.reject(error))
    )
    const [closed, ...came] = await Promise.all([closing, ...entries])
    const inside = await store.ctx.db.selectFrom('visit').select('id').where('exitedAt', 'is', null).execute()
    assert.equal(inside.length, came.filter((what) => what === 'inside').length)
    if (closed === 'closed') assert.equal(inside.length, 0, 'the store closed over somebody')
    await store.ctx.db.updateTable('visit').set({ exitedAt: store.clock.now() }).where('exitedAt', 'is', null).execute()
    await changeStoreMode(store.ctx, actor, { mode: 'CUSTOMER_MODE' })
  }
})
