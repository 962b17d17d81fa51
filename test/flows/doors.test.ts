/** The doors: who comes in and who goes out, over HTTP and MQTT, one at a time and all at once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DoorRefused } from '#contracts/api/entry.ts'
import { SYSTEM } from '#server/context.ts'
import { enter, removeQrKey, visitsDuring } from '#server/domain/user/actions.ts'
import { handleScan } from '#server/ingest/scan.ts'
import { Refused } from '#server/platform/errors.ts'
import { newId } from '#server/platform/ids.ts'
import { until } from '#test/support/devices.ts'
import { assertProblem, sender } from '#test/support/http.ts'
import { eventsOf, type OpenStore, openStore, visitor } from '#test/support/visiting.ts'

const count = async (
  store: Awaited<ReturnType<typeof openStore>>,
  table: 'visit' | 'usedCode' | 'userSession' | 'ticket' | 'userDetail'
) =>
  Number(
    (
      await store.ctx.db
        .selectFrom(table)
        .select((e) => e.fn.countAll().as('n'))
        .executeTakeFirstOrThrow()
    ).n
  )

test('a shopper scans in and out, and the house knows it', async () => {
  await using store = await openStore()
  const id = newId()
  const entered = await store.scanIn(await store.code({ id }))
  assert.deepEqual(
    [entered.status, entered.body.status, entered.body.userId, entered.body.role],
    [200, 'success', id, 'customer']
  )
  store.clock.forward(60_000)
  const left = await store.scanOut(await store.code({ id }))
  assert.deepEqual(
    [left.status, left.body],
    [200, { status: 'success', visitId: entered.body.visitId, userId: id, role: 'customer' }]
  )
  const { send } = await store.staff('operations')
  const sessions = (await send('GET', `/api/v1/user-sessions?userId=${id}`)).body.items
  assert.deepEqual(
    sessions.map((s: { type: string }) => s.type),
    ['EXIT_AUTHENTICATED', 'ENTRY_AUTHENTICATED']
  )
  assert.deepEqual((await send('GET', '/api/v1/visits?open=true')).body.items, [])
  const user = (await send('GET', `/api/v1/users/${id}`)).body
  assert.deepEqual([user.phoneNumber, user.role, user.blocked], ['+911234567890', 'customer', false])
  assert.deepEqual(
    (await eventsOf(store.ctx, 'visit.closed')).map((e) => e.visitId),
    [entered.body.visitId]
  )
})

test('a refused code is not used up, and each reason is told', async () => {
  await using store = await openStore()
  const id = newId()
  const reason = async (answer: Promise<{ status: number; body: DoorRefused }>) => {
    const { status, body } = await answer
    return [status, body.status, body.reason]
  }
  const code = await store.code({ id })
  assert.deepEqual(await reason(store.scanOut(code)), [403, 'refused', 'not-inside'])
  assert.equal((await store.scanIn(code)).status, 200)
  assert.deepEqual(await reason(store.scanIn(code)), [403, 'refused', 'already-used'])
  assert.deepEqual(await reason(store.scanOut(code)), [403, 'refused', 'already-used'])
  const second = await store.code({ id })
  assert.deepEqual(await reason(store.scanIn(second)), [403, 'refused', 'already-inside'])
  assert.equal((await store.scanOut(second)).status, 200)
  assert.deepEqual(await reason(store.scanOut(await store.code({ id }))), [403, 'refused', 'not-inside'])
  const iat = Math.floor(store.clock.now().getTime() / 1000)
  const table: [Record<string, unknown>, string][] = [
    [{ role: undefined }, 'bad-token'],
    [{ role: 'thief' }, 'bad-token'],
    [{ aud: 'another-store' }, 'bad-token'],
    [{ iat: iat - 100, exp: iat - 40 }, 'expired'],
    [{ exp: iat + 301 }, 'too-long-lived']
  ]
  for (const [claims, why] of table) assert.deepEqual(await reason(store.scanIn(await store.code(claims))), [403, 'refused', why])
  assert.deepEqual(await reason(store.scanIn('not.a.token')), [403, 'refused', 'bad-token'])
  assert.equal(await count(store, 'visit'), 1)
  assert.equal(await count(store, 'usedCode'), 2)
})

test('a code signed by a key that was removed is unknown at once', async () => {
  await using store = await openStore()
  const code = await store.code()
  await removeQrKey(store.ctx, SYSTEM, 'shoppers-app')
  assert.equal((await store.scanIn(code)).body.reason, 'unknown-key')
})

test('a thousand presentations of one code at once let exactly one in', async () => {
  await using store = await openStore()
  const token = await store.code()
  const answers = await Promise.allSettled(
    Array.from({ length: 1000 }, () => enter(store.ctx, { token, scannerId: store.entry.id }))
  )
  const refusals = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []))
  assert.equal(answers.length - refusals.length, 1)
  assert(
    refusals.every((error) => error instanceof Refused && error.code === 'already-used'),
    String(refusals.find((error) => error.code !== 'already-used'))
  )
  assert.equal(await count(store, 'visit'), 1)
})

test('two codes of one user at once: one comes in, and of two exits one goes out and makes tickets', async () => {
  await using store = await openStore({ machines: 3 })
  const id = newId()
  const both = async (act: (token: string) => Promise<{ status: number; body: { reason?: string } }>) => {
    const codes = await Promise.all([store.code({ id }), store.code({ id })])
    const answers = await Promise.all(codes.map(act))
    return answers.map(({ status, body }) => (status === 200 ? 'success' : body.reason)).sort()
  }
  assert.deepEqual(await both(store.scanIn), ['already-inside', 'success'])
  assert.deepEqual(await both(store.scanOut), ['not-inside', 'success'])
  assert.deepEqual([await count(store, 'ticket'), await count(store, 'userSession')], [3, 2])
})

test('a blocked user cannot come in, but can leave; phone numbers are shown to those who need them', async () => {
  await using store = await openStore()
  const { send } = await store.staff('operations')
  const shopper = await visitor(store)
  const blocked = await send('PATCH', `/api/v1/users/${shopper.userId}`, { blocked: true })
  assert.deepEqual([blocked.status, blocked.body.blocked, blocked.body.version], [200, true, 2])
  await shopper.leave()
  const again = await store.scanIn(await store.code({ id: shopper.userId }))
  assert.deepEqual([again.status, again.body.reason], [403, 'blocked'])
  assertProblem(await send('PATCH', `/api/v1/users/${shopper.userId}`, { blocked: false, version: 1 }), 409, 'stale-version')
  assert.equal((await send('PATCH', `/api/v1/users/${shopper.userId}`, { blocked: false })).body.blocked, false)
  assert.equal((await store.scanIn(await store.code({ id: shopper.userId }))).status, 200)
  assertProblem(await (await store.staff('reviewer')).send('GET', '/api/v1/users'), 403, 'forbidden')
  const trail = await store.ctx.db
    .selectFrom('auditEntry')
    .select('action')
    .where('resource', '=', 'user')
    .orderBy('id')
    .execute()
  assert.deepEqual(
    trail.map((row) => row.action),
    ['blocked', 'unblocked']
  )
})

test('a scanner opens its own door only, its key ends when it is changed, and when it retires', async () => {
  await using store = await openStore()
  const { send } = await store.staff('admin')
  const withKey = (key: string) => async (path: string) =>
    sender(store.app, { authorization: `Bearer ${key}` })('POST', path, { token: await store.code() })
  const wrong = await withKey(store.exit.deviceKey)('/entry-control')
  assert.deepEqual([wrong.status, wrong.body.reason], [403, 'wrong-scanner'])
  assert.equal((await withKey(store.entry.deviceKey)('/exit-control/')).body.reason, 'wrong-scanner')
  for (const key of ['', 'nonsense', 'niflr_dev_nobody']) assert.equal((await withKey(key)('/entry-control/')).status, 401)
  const rotated = await send('POST', `/api/v1/scanners/${store.entry.id}/device-key`)
  assert.equal((await withKey(store.entry.deviceKey)('/entry-control/')).status, 401)
  assert.equal((await withKey(rotated.body.deviceKey)('/entry-control/')).status, 200)
  assert.equal((await send('PATCH', `/api/v1/scanners/${store.entry.id}`, { tag: 'EXIT' })).body.tag, 'EXIT')
  assert.equal((await withKey(rotated.body.deviceKey)('/entry-control/')).body.reason, 'wrong-scanner')
  assert.equal((await send('DELETE', `/api/v1/scanners/${store.entry.id}`)).status, 204)
  assert.equal((await withKey(rotated.body.deviceKey)('/exit-control/')).status, 401)
  assert.deepEqual(
    (await send('GET', '/api/v1/scanners')).body.items.map((s: { id: string }) => s.id),
    [store.exit.id]
  )
  const retired = (await send('GET', `/api/v1/scanners/${store.entry.id}`)).body
  assert.notEqual(retired.retiredAt, null)
  assert.equal(JSON.stringify((await send('GET', '/api/v1/scanners?retired=true')).body).includes('eviceKey'), false)
})

test('a scanner shows when it last scanned and what it last refused', async () => {
  await using store = await openStore()
  await store.scanIn(await store.code({ role: 'thief' }))
  const { send } = await store.staff('operations')
  const scanner = async () => (await send('GET', `/api/v1/scanners/${store.entry.id}`)).body
  const refused = await scanner()
  assert.deepEqual(
    [refused.lastScanAt, refused.lastRefusal],
    [store.clock.now().toISOString(), { reason: 'bad-token', at: refused.lastScanAt }],
    'the same moment: the last scan was refused'
  )
  const kept = () => store.ctx.db.selectFrom('scanner').select('lastScanAt').where('id', '=', store.entry.id).executeTakeFirst()
  await until(async () => (await kept())?.lastScanAt !== null, 'it is kept')
  store.clock.forward(1)
  await store.scanIn(await store.code())
  const accepted = await scanner()
  assert.deepEqual([accepted.lastScanAt, accepted.lastRefusal], [store.clock.now().toISOString(), refused.lastRefusal])
  assert.match(await store.ctx.metrics.text(), /scans_total\{direction="entry",result="bad-token"\} 1/)
})

test('a malformed body is named, before it is a matter of codes', async () => {
  await using store = await openStore()
  const send = sender(store.app, { authorization: `Bearer ${store.entry.deviceKey}` })
  assertProblem(await send('POST', '/entry-control/', {}), 422, 'invalid')
  assertProblem(await send('POST', '/entry-control/', { token: 7 }), 422, 'invalid')
  assertProblem(await send('POST', '/entry-control/', '{'.repeat(3), { 'content-type': 'application/json' }), 400, 'not-json')
  assertProblem(
    await sender(store.app)('POST', '/entry-control/', '{', { 'content-type': 'application/json' }),
    401,
    'unauthorized'
  )
})

test('over MQTT a scan is decided by its scanner’s door, and a redelivery hears the same again', async () => {
  await using store = await openStore()
  const { ctx, entry, exit } = store
  const id = newId()
  const scan = (scanner: typeof entry, payload: unknown, isDuplicate = false) =>
    handleScan(ctx, { scannerId: scanner.id, tag: scanner.tag, payload, isDuplicate })
  const token = await store.code({ id })
  const first = await scan(entry, { token, at: '2026-03-01T08:00:00Z' })
  assert.equal(first.status, 'success')
  assert.deepEqual(await scan(entry, { token }, true), first)
  assert.deepEqual(await scan(entry, { token }), {
    status: 'refused',
    reason: 'already-used',
    message: 'this code was used before; make a new one'
  })
  assert.equal((await scan(exit, { token }, true)).status, 'refused')
  const out = await store.code({ id })
  const left = await scan(exit, { token: out })
  assert.deepEqual(await scan(exit, { token: out }, true), left)
  store.clock.forward(11_000)
  assert.equal((await scan(exit, { token: out }, true)).status, 'refused')
  await assert.rejects(scan(entry, { code: token }), /token: must be/)
  assert.equal(await count(store, 'visit'), 1)
})

/** The database is away while `run` runs: no connection can be had. */
async function withoutDatabase({ ctx }: OpenStore, run: () => Promise<void>): Promise<void> {
  const pool = ctx.pool as { connect: unknown }
  const connect = pool.connect
  pool.connect = async () => Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }))
  await run().finally(() => {
    pool.connect = connect
  })
}

test('when the database is away the entry stays closed and the exit opens; afterwards the same code still counts', async () => {
  await using store = await openStore()
  const shopper = await visitor(store)
  const token = await store.code({ id: shopper.userId })
  const other = await store.code()
  await withoutDatabase(store, async () => {
    assertProblem(await store.scanIn(other), 503, 'unavailable')
    const out = await store.scanOut(token)
    assertProblem(out, 503, 'unavailable')
    assert.equal(out.body.open, true)
    const answers = [store.exit, store.entry].map(({ id, tag }) =>
      handleScan(store.ctx, { scannerId: id, tag, payload: { token } })
    )
    assert.deepEqual(
      (await Promise.all(answers)).map((answer) => [answer.status, 'open' in answer && answer.open]),
      [
        ['unavailable', true],
        ['unavailable', false]
      ]
    )
    assert.equal((await store.scanOut('no code')).body.reason, 'bad-token')
  })
  assert.equal((await store.scanOut(token)).status, 200)
})

test('a clock set back during a visit leaves a visit of no length, not an error', async () => {
  await using store = await openStore()
  const shopper = await visitor(store)
  store.clock.forward(-25_000)
  const { visitId } = await shopper.leave()
  const visit = await store.ctx.db.selectFrom('visit').selectAll().where('id', '=', visitId).executeTakeFirstOrThrow()
  assert.deepEqual(visit.exitedAt, visit.enteredAt)
})

test('who was inside at a moment is known for many moments at once', async () => {
  await using store = await openStore()
  const start = store.clock.now()
  const at = (seconds: number) => new Date(start.getTime() + seconds * 1000)
  const first = await visitor(store)
  store.clock.forward(10_000)
  const second = await visitor(store, { role: 'operations' })
  store.clock.forward(10_000)
  await first.leave()
  const span = (from: number, to = from) => ({ from: at(from), to: at(to) })
  const then = await visitsDuring(store.ctx.db, [span(-1), span(0), span(10), span(20), span(21), span(-5, 500)])
  const [a, b] = [first.visitId, second.visitId]
  assert.deepEqual(
    then.map((t) => t.visitIds),
    [[], [a], [a, b], [a, b], [b], [a, b]]
  )
  assert.deepEqual(
    then.map((t) => t.roles),
    [[], ['customer'], ['customer', 'operations'], ['customer', 'operations'], ['operations'], ['customer', 'operations']]
  )
})
