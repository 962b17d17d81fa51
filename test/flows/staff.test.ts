/** Staff accounts and tokens are made, changed and taken away, and every change is in a trail that cannot be mended. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { createSuperuser, ensureFirstAdmin } from '#server/domain/staff/actions.ts'
import { Invalid, Refused } from '#server/platform/errors.ts'
import { assertProblem, handClock, openHttpStore, openShop, sender, signInCookie, staffCaller } from '#test/support/http.ts'

const OWN = { 'sec-fetch-site': 'same-origin' }
const ME = '/api/v1/auth/me'

async function open() {
  const clock = handClock()
  const shop = await openShop({ clock })
  const admin = await staffCaller(shop.ctx, shop.app, 'admin')
  return { ...shop, clock, admin }
}

test('a new password, or a disabled account, ends every sign-in at once', async () => {
  await using shop = await open()
  const other = await staffCaller(shop.ctx, shop.app, 'operations')
  const person = sender(shop.app, { cookie: await signInCookie(shop.app, other) })
  const path = `/api/v1/staff/${other.id}`
  assert.equal((await shop.admin.send('PATCH', path, { password: 'another long sentence' })).status, 200)
  assertProblem(await person('GET', ME), 401, 'unauthorized')
  const again = sender(shop.app, { cookie: await signInCookie(shop.app, { ...other, password: 'another long sentence' }) })
  assert.equal((await other.send('GET', ME)).status, 200)
  assert.notEqual((await shop.admin.send('PATCH', path, { disabled: true })).body.disabledAt, null)
  assertProblem(await again('GET', ME), 401, 'unauthorized')
  assertProblem(await other.send('GET', ME), 401, 'unauthorized')
  await shop.admin.send('PATCH', path, { disabled: false })
  assertProblem(await again('GET', ME), 401, 'unauthorized')
  assert.equal((await other.send('GET', ME)).status, 200)
})

test('one’s own password changes with the old one and ends all own sign-ins', async () => {
  await using shop = await open()
  const { username, password } = shop.admin
  const person = sender(shop.app, { cookie: await signInCookie(shop.app, shop.admin) })
  const put = (body: object) => person('PUT', '/api/v1/auth/password', body, OWN)
  assertProblem(await put({ currentPassword: 'wrong', password: 'another long sentence' }), 401, 'wrong-password')
  assertProblem(await put({ currentPassword: password, password: 'password123' }), 422, 'invalid')
  assert.equal((await put({ currentPassword: password, password: 'another long sentence' })).status, 204)
  assertProblem(await person('GET', ME), 401, 'unauthorized')
  await signInCookie(shop.app, { username, password: 'another long sentence' })
})

test('an account is added, refused twice, and changed only by who saw its last version', async () => {
  await using shop = await open()
  const input = { username: 'asha', email: 'asha@example.com', role: 'reviewer', password: 'nine yellow lorries' }
  const added = await shop.admin.send('POST', '/api/v1/staff', input)
  assert.equal(added.status, 201)
  assertProblem(await shop.admin.send('POST', '/api/v1/staff', { ...input, username: 'ASHA' }), 409, 'username-taken')
  for (const [field, value] of [
    ['password', 'qwerty2024'],
    ['password', 'other1234'],
    ['email', 'x'],
    ['role', 'root'],
    ['username', 'a b'],
    ['isAdmin', true]
  ] as const) {
    const refused = await shop.admin.send('POST', '/api/v1/staff', { ...input, username: 'other', [field]: value })
    assertProblem(refused, 422, 'invalid')
    assert.equal(refused.body.field, field)
  }
  const path = `/api/v1/staff/${added.body.id}`
  assert.deepEqual((await shop.admin.send('PATCH', path, { role: 'operations', version: 1 })).body.version, 2)
  assertProblem(await shop.admin.send('PATCH', path, { role: 'admin', version: 1 }), 409, 'stale-version')
  assertProblem(await shop.admin.send('PATCH', path, { username: 'x' }), 422, 'invalid')
  assertProblem(
    await shop.admin.send('PATCH', '/api/v1/staff/018f0000-0000-7000-8000-000000000000', { role: 'admin' }),
    404,
    'not-found'
  )
})

test('the last admin cannot be disabled or demoted, also when two try it on each other at once', async () => {
  await using shop = await open()
  assertProblem(await shop.admin.send('PATCH', `/api/v1/staff/${shop.admin.id}`, { disabled: true }), 409, 'last-admin')
  assertProblem(await shop.admin.send('PATCH', `/api/v1/staff/${shop.admin.id}`, { role: 'reviewer' }), 409, 'last-admin')
  const second = await staffCaller(shop.ctx, shop.app, 'admin')
  const answers = await Promise.all([
    shop.admin.send('PATCH', `/api/v1/staff/${second.id}`, { role: 'reviewer' }),
    second.send('PATCH', `/api/v1/staff/${shop.admin.id}`, { disabled: true })
  ])
  const refused = answers.map((answer) => answer.status).filter((status) => status !== 200)
  assert.equal(refused.length, 1, 'one of them was faster')
  assert([409, 403].includes(refused[0]!), 'the other is the last admin by then, or none any more')
  const admins = await shop.ctx.db
    .selectFrom('staffAccount')
    .select('id')
    .where('role', '=', 'admin')
    .where('disabledAt', 'is', null)
    .execute()
  assert.equal(admins.length, 1)
})

test('a token signs in with its account’s role until it is revoked or expires; its secret is shown once', async () => {
  await using shop = await open()
  const reviewer = await staffCaller(shop.ctx, shop.app, 'reviewer')
  const expiresAt = new Date(shop.clock.now().getTime() + 60_000).toISOString()
  const made = await reviewer.send('POST', '/api/v1/api-tokens', { name: 'till', expiresAt })
  const program = sender(shop.app, { authorization: `Bearer ${made.body.token}` })
  assert.equal((await program('GET', ME)).body.role, 'reviewer')
  const listed = await reviewer.send('GET', '/api/v1/api-tokens')
  assert.ok(listed.body.items.some((token: { name: string }) => token.name === 'till') && !listed.text.includes(made.body.token))
  assertProblem(
    await reviewer.send('POST', '/api/v1/api-tokens', { name: 'x', expiresAt: '2001-01-01T00:00:00Z' }),
    422,
    'invalid'
  )
  shop.clock.forward(60_000)
  assertProblem(await program('GET', ME), 401, 'unauthorized')
  const other = await staffCaller(shop.ctx, shop.app, 'reviewer')
  assertProblem(await other.send('DELETE', `/api/v1/api-tokens/${made.body.id}`), 404, 'not-found')
  const all = await shop.admin.send('GET', '/api/v1/api-tokens?all=true')
  const others = all.body.items.find((token: { username: string }) => token.username === other.username)
  assert.equal((await shop.admin.send('DELETE', `/api/v1/api-tokens/${others.id}`)).status, 204)
  assertProblem(await other.send('GET', ME), 401, 'unauthorized')
})

test('every change is in the audit trail with before and after and no secret, and a mended row breaks it', async () => {
  await using shop = await open()
  const other = await staffCaller(shop.ctx, shop.app, 'reviewer')
  const changed = await shop.admin.send('PATCH', `/api/v1/staff/${other.id}`, {
    role: 'operations',
    password: 'another long sentence'
  })
  const trail = await shop.admin.send('GET', `/api/v1/audit?resource=staff-account&resourceId=${other.id}`)
  assert.deepEqual([trail.body.items[0].before.role, trail.body.items[0].after.role], ['reviewer', 'operations'])
  assert.deepEqual(
    [trail.body.items[0].actorName, trail.body.items[0].requestId],
    [shop.admin.username, changed.headers['x-request-id']]
  )
  const whole = await shop.admin.send('GET', '/api/v1/audit?limit=200')
  for (const secret of ['argon2', 'niflr_api_', other.password, 'another long']) assert.ok(!whole.text.includes(secret), secret)
  assert.deepEqual((await shop.admin.send('GET', '/api/v1/audit/verify')).body, {
    ok: true,
    entries: whole.body.items.length,
    brokenAt: null
  })
  await sql`UPDATE audit_entry SET after = jsonb_set(after, '{role}', '"admin"') WHERE id = 3`.execute(shop.ctx.db)
  assert.deepEqual((await shop.admin.send('GET', '/api/v1/audit/verify')).body, { ok: false, entries: 2, brokenAt: 3 })
})

test('fifty changes at once make one chain without a fork, read in pages without a gap', async () => {
  await using shop = await open()
  await Promise.all(Array.from({ length: 50 }, (_, n) => shop.admin.send('POST', '/api/v1/api-tokens', { name: `token ${n}` })))
  assert.equal((await shop.admin.send('GET', '/api/v1/audit/verify')).body.ok, true)
  const ids: number[] = []
  for (let cursor = ''; ids.length === 0 || cursor; ) {
    const page = (await shop.admin.send('GET', `/api/v1/audit?limit=7${cursor && `&cursor=${cursor}`}`)).body
    ids.push(...page.items.map((entry: { id: number }) => entry.id))
    cursor = page.nextCursor ?? ''
  }
  assert.equal(ids.length, 52)
  assert.deepEqual(
    ids,
    ids.toSorted((a, b) => b - a)
  )
})

test('the first start makes one admin, and the command line never takes an account over', async () => {
  await using store = await openHttpStore({ SUPERUSER_PASSWORD: 'from the settings file' })
  assert.deepEqual(await ensureFirstAdmin(store.ctx), { username: 'admin', password: 'from the settings file' })
  assert.equal(await ensureFirstAdmin(store.ctx), null)
  await assert.rejects(
    createSuperuser(store.ctx, { username: 'Admin', password: 'a long enough sentence' }),
    (error) => error instanceof Refused && error.code === 'username-taken'
  )
  await assert.rejects(createSuperuser(store.ctx, { username: 'meera', password: 'password1' }), Invalid)
})
