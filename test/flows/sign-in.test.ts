/** Staff sign in and out: throttled when they guess, for half an hour or half a day, from the box's own pages alone. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hash } from '@node-rs/argon2'
import { assertProblem, handClock, openShop, sender, signInCookie, staffCaller } from '#test/support/http.ts'

const OWN = { 'sec-fetch-site': 'same-origin' }
const LOGIN = '/api/v1/auth/login'
const ME = '/api/v1/auth/me'

async function open() {
  const clock = handClock()
  const shop = await openShop({ clock })
  const admin = await staffCaller(shop.ctx, shop.app, 'admin')
  return { ...shop, clock, admin }
}

test('a person signs in, is known by the cookie, and is nobody after signing out', async () => {
  await using shop = await open()
  const answer = await shop.send('POST', LOGIN, { username: shop.admin.username.toUpperCase(), password: shop.admin.password })
  assert.equal(answer.status, 200)
  assert.deepEqual([answer.body.username, answer.body.role, 'password' in answer.body], [shop.admin.username, 'admin', false])
  const header = String(answer.headers['set-cookie'])
  assert.match(header, /^niflr_session=niflr_web_[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/)
  const cookie = header.split(';', 1)[0]!
  const person = sender(shop.app, { cookie })
  assert.equal((await person('GET', ME)).body.id, shop.admin.id)
  const kept = await shop.ctx.db.selectFrom('staffSession').select('tokenHash').execute()
  assert.ok(kept.every((row) => !row.tokenHash.includes(cookie.slice(14))))
  assert.equal((await person('POST', '/api/v1/auth/logout', undefined, OWN)).status, 204)
  assertProblem(await person('GET', ME), 401, 'unauthorized')
})

test('a wrong password, an unknown name and a disabled account sound the same', async () => {
  await using shop = await open()
  const other = await staffCaller(shop.ctx, shop.app, 'reviewer')
  await shop.admin.send('PATCH', `/api/v1/staff/${other.id}`, { disabled: true })
  const tries = [
    { username: shop.admin.username, password: 'not this one' },
    { username: 'nobody', password: 'not this one' },
    { username: other.username, password: other.password }
  ]
  const answers = []
  for (const attempt of tries) answers.push(await shop.send('POST', LOGIN, attempt))
  for (const answer of answers) assertProblem(answer, 401, 'wrong-password')
  assert.equal(new Set(answers.map((answer) => answer.body.detail)).size, 1)
})

test('the sixth wrong password waits, a right one before its time too, and one after it clears the count', async () => {
  await using shop = await open()
  const { username, password } = shop.admin
  for (let n = 0; n < 5; n++)
    assertProblem(await shop.send('POST', LOGIN, { username, password: `wrong ${n}` }), 401, 'wrong-password')
  const early = await shop.send('POST', LOGIN, { username, password })
  assertProblem(early, 429, 'too-many-failures')
  assert.equal(early.headers['retry-after'], '1')
  shop.clock.forward(1000)
  assert.equal((await shop.send('POST', LOGIN, { username, password })).status, 200)
  for (let n = 0; n < 4; n++)
    assertProblem(await shop.send('POST', LOGIN, { username, password: `wrong ${n}` }), 401, 'wrong-password')
  assert.equal((await shop.send('POST', LOGIN, { username, password })).status, 200)
})

test('twenty wrong passwords at once count as twenty tries, not as one', async () => {
  await using shop = await open()
  const { username } = shop.admin
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) => shop.send('POST', LOGIN, { username, password: `wrong ${n}` }))
  )
  const statuses = answers.map((answer) => answer.status).sort()
  assert.deepEqual(statuses, [...Array(5).fill(401), ...Array(15).fill(429)])
})

test('many names from one address are throttled as one address', async () => {
  await using shop = await open()
  for (let n = 0; n < 5; n++)
    assertProblem(await shop.send('POST', LOGIN, { username: `guess-${n}`, password: 'wrong' }), 401, 'wrong-password')
  assertProblem(await shop.send('POST', LOGIN, { username: 'guess-6', password: 'wrong' }), 429, 'too-many-failures')
})

test('a sign-in ends after 30 minutes unseen and after 12 hours in all', async () => {
  await using shop = await open()
  const idle = sender(shop.app, { cookie: await signInCookie(shop.app, shop.admin) })
  const busy = sender(shop.app, { cookie: await signInCookie(shop.app, shop.admin) })
  for (let minutes = 20; minutes < 12 * 60; minutes += 20) {
    shop.clock.forward(20 * 60_000)
    assert.equal((await busy('GET', ME)).status, 200, `after ${minutes} minutes`)
  }
  assertProblem(await idle('GET', ME), 401, 'unauthorized')
  shop.clock.forward(20 * 60_000)
  assertProblem(await busy('GET', ME), 401, 'unauthorized')
})

test('a write with the cookie must come from the box’s own pages; a token needs no origin', async () => {
  await using shop = await open()
  const cookie = { cookie: await signInCookie(shop.app, shop.admin), host: 'box.local:8000' }
  const post = (headers: Record<string, string>) => sender(shop.app, cookie)('POST', '/api/v1/api-tokens', { name: 'x' }, headers)
  for (const headers of [
    {},
    { origin: 'http://evil.example' },
    { origin: 'https://box.local:8000' },
    { origin: 'null' },
    { 'sec-fetch-site': 'same-site' }
  ] as Record<string, string>[])
    assertProblem(await post(headers), 403, 'cross-site')
  assert.equal((await post({ origin: 'http://box.local:8000' })).status, 201)
  assert.equal((await post(OWN)).status, 201)
  assert.equal(
    (await shop.admin.send('POST', '/api/v1/api-tokens', { name: 'x' }, { origin: 'http://evil.example' })).status,
    201
  )
})

test('an old password hash is made anew at the next right password', async () => {
  await using shop = await open()
  const old = await hash(shop.admin.password, { memoryCost: 8192, timeCost: 3, parallelism: 1 })
  const readHash = () =>
    shop.ctx.db.selectFrom('staffAccount').select('passwordHash').where('id', '=', shop.admin.id).executeTakeFirstOrThrow()
  await shop.ctx.db.updateTable('staffAccount').set({ passwordHash: old }).where('id', '=', shop.admin.id).execute()
  await signInCookie(shop.app, shop.admin)
  assert.match((await readHash()).passwordHash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  await signInCookie(shop.app, shop.admin)
})

test('a flood of sign-ins is turned away politely, and the next one gets in', async () => {
  await using shop = await open()
  const flood = Array.from({ length: 80 }, (_, n) =>
    shop.app.inject({
      method: 'POST',
      url: LOGIN,
      remoteAddress: `192.0.2.${n}`,
      payload: { username: `guest-${n}`, password: 'wrong' }
    })
  )
  const answers = await Promise.all(flood)
  const count = (status: number) => answers.filter((answer) => answer.statusCode === status).length
  assert.equal(count(401) + count(503), 80)
  assert.ok(count(401) >= 30 && count(503) > 0, `${count(401)} tried, ${count(503)} turned away`)
  assert.ok(answers.every((answer) => answer.statusCode !== 503 || answer.headers['retry-after'] === '1'))
  await signInCookie(shop.app, shop.admin)
})
