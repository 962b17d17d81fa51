/** What a person can ask of the store: to be told all of it, and to be forgotten. */
import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { SYSTEM } from '#server/context.ts'
import { forgetUser } from '#server/domain/user/actions.ts'
import { newId } from '#server/platform/ids.ts'
import { everythingAbout } from '#server/processes/forget-user.ts'
import { manage, managed, openFolder } from '#test/support/box.ts'
import { assertProblem } from '#test/support/http.ts'
import { land, later, type OpenStore, openStore, visitor } from '#test/support/visiting.ts'

const PHONE = '+919876543210'

/** Every row of the database as text. */
async function everything({ ctx }: OpenStore): Promise<string> {
  const { rows: tables } = await ctx.pool.query(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'audit%' ORDER BY 1"
  )
  const parts = await Promise.all(
    tables.map(({ name }) => ctx.pool.query(`SELECT coalesce(string_agg(t::text, E'\\n'), '') AS text FROM ${name} AS t`))
  )
  return parts.map(({ rows }) => rows[0].text).join('\n')
}

/** A shopper who took something, left, and whose empty tickets settled by themselves. */
async function shopper(store: OpenStore) {
  const visit = await visitor(store, { phoneNumber: PHONE })
  const gone = await visit.leave()
  await later(store, 600_000)
  return gone
}

test('who is forgotten is nowhere in the store; the visit, its tickets and its cart stay', async () => {
  await using store = await openStore()
  const { ctx } = store
  const { userId, visitId } = await shopper(store)
  const known = await everything(store)
  assert(known.includes(PHONE) && known.includes(userId))

  await forgetUser(ctx, SYSTEM, { id: userId })
  const left = await everything(store)
  assert(!left.includes(PHONE) && !left.includes(userId))
  const { rows } = await ctx.pool.query(
    `SELECT visit.user_id = cart.user_id AND visit.user_id = ALL (SELECT user_id FROM ticket) AS same, phone_number AS phone, (SELECT count(*) FROM ticket) AS tickets
     FROM visit JOIN cart ON cart.visit_id = visit.id JOIN user_detail ON user_detail.id = visit.user_id WHERE visit.id = $1`,
    [visitId]
  )
  assert.deepEqual(rows, [{ same: true, phone: '', tickets: 2 }])
  const admin = await store.staff('admin')
  const trail = await admin.send('GET', `/api/v1/audit?resource=user&resourceId=${userId}`)
  assert.deepEqual(
    trail.body.items.map(({ action, actorKind }: { action: string; actorKind: string }) => [action, actorKind]),
    [['forgotten', 'system']]
  )
  assert.equal((await admin.send('GET', '/api/v1/audit/verify')).body.ok, true)
  assertProblem(await admin.send('GET', `/api/v1/users/${userId}`), 404, 'not-found')
  await assert.rejects(forgetUser(ctx, SYSTEM, { id: userId }), { name: 'NotFound' })
})

test('who comes again afterwards is new, and an old code does not work twice', async () => {
  await using store = await openStore()
  const code = { id: newId(), jti: newId(), phoneNumber: PHONE }
  const first = await store.scanIn(await store.code(code))
  assert.equal(first.status, 200)
  await store.scanOut(await store.code({ ...code, jti: newId() }))
  await later(store, 1000)
  await forgetUser(store.ctx, SYSTEM, { id: code.id, unsettled: true })
  assert.equal((await store.scanIn(await store.code(code))).body.reason, 'already-used')
  assert.equal((await store.scanIn(await store.code({ ...code, jti: newId() }))).status, 200)
  const { rows } = await store.ctx.pool.query('SELECT count(*) AS visits, count(DISTINCT user_id) AS users FROM visit')
  assert.deepEqual(rows, [{ visits: 2, users: 2 }])
})

test('nobody is forgotten inside the store, nor, unless it is said, with something to pay', async () => {
  await using store = await openStore({ machines: 1 })
  const visit = await visitor(store, { phoneNumber: PHONE })
  await assert.rejects(forgetUser(store.ctx, SYSTEM, { id: visit.userId, unsettled: true }), { code: 'inside' })
  await land(store.ctx, { machineId: 'm1', grams: -330, at: store.ctx.clock.now() })
  const { userId } = await visit.leave()
  await later(store, 600_000)
  await assert.rejects(forgetUser(store.ctx, SYSTEM, { id: userId }), { code: 'unsettled' })
  assert((await everything(store)).includes(PHONE), 'a refusal changes nothing')
  await forgetUser(store.ctx, SYSTEM, { id: userId, unsettled: true })
  assert(!(await everything(store)).includes(PHONE))
})

test('an event that a follower has still to read keeps its user; afterwards it goes like the others', async () => {
  await using store = await openStore()
  const { ctx } = store
  const { userId } = await shopper(store)
  await ctx.pool.query("INSERT INTO event_cursor VALUES ('slow', '0', 0)")
  await forgetUser(ctx, SYSTEM, { id: userId })
  const { rows } = await ctx.pool.query("SELECT name FROM event_log WHERE payload->>'userId' = $1 ORDER BY name", [userId])
  assert.deepEqual(
    rows.map(({ name }) => name),
    ['visit.closed', 'visit.opened', 'visit.settled']
  )
})

test('who has not come for PERSONAL_DATA_DAYS is forgotten by itself; who was blocked is not', async () => {
  await using store = await openStore({ env: { PERSONAL_DATA_DAYS: '30' } })
  const [old, blocked] = [await shopper(store), await shopper(store)]
  await store.ctx.pool.query('UPDATE user_detail SET blocked_at = now() WHERE id = $1', [blocked.userId])
  await later(store, 29 * 86_400_000)
  const recent = await shopper(store)
  const users = async () =>
    (await store.ctx.pool.query("SELECT id FROM user_detail WHERE phone_number <> '' ORDER BY first_seen_at")).rows.map(
      ({ id }) => id
    )
  assert.deepEqual(await users(), [old.userId, blocked.userId, recent.userId])
  await later(store, 2 * 86_400_000)
  assert.deepEqual(await users(), [blocked.userId, recent.userId])
})

test('a user’s data are told whole, by the command too', async () => {
  await using store = await openStore()
  using folder = openFolder()
  const { userId, visitId } = await shopper(store)
  const known = await everythingAbout(store.ctx, userId)
  assert.equal(known.user.phoneNumber, PHONE)
  assert.deepEqual(
    [known.userSessions.map(({ type }) => type), known.visits.map(({ id }) => id), known.tickets.length],
    [['EXIT_AUTHENTICATED', 'ENTRY_AUTHENTICATED'], [visitId], 2]
  )
  const env = { DATABASE_URL: store.ctx.config.databaseUrl! }
  const file = join(folder.path, 'export.json')
  await managed(folder.path, ['export-user', userId, file], env)
  assert.equal(JSON.parse(readFileSync(file, 'utf8')).user.phoneNumber, PHONE)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.match((await manage(folder.path, ['export-user', userId, file], env)).err, /exists: name a new one/)
  await managed(folder.path, ['forget-user', userId.toUpperCase()], env)
  assert.match((await manage(folder.path, ['forget-user', userId], env)).err, /there is no user/)
})
