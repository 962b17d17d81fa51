/** The rest of the security list: what the database itself forbids, what no log may hold, and races that a flood or a slow moment opens. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { importJWK, SignJWT } from 'jose'
import pg from 'pg'
import { reloadMachineKeys } from '#server/domain/iot/actions.ts'
import { loadScannerKeys, scannerByKey } from '#server/domain/user/actions.ts'
import { addMachine, openRealStore, type RealStore } from '#test/hostile/real-store.ts'
import { openTestDatabase } from '#test/support/database.ts'
import { httpMachine, mqttDevice, newHttpMachine, until } from '#test/support/devices.ts'
import { assertProblem, sender } from '#test/support/http.ts'
import { openTestStore, type TestStore } from '#test/support/store.ts'

test('the server’s own role can add to the audit trail and read it; it can neither change nor remove a row, nor any table', async () => {
  await using database = await openTestDatabase()
  const client = new pg.Client({ connectionString: database.appUrl })
  await client.connect()
  const insert = `INSERT INTO audit_entry (at, actor_kind, actor_id, actor_name, action, resource, resource_id, hash)
    VALUES (now(), 'system', 'x', 'x', 'x', 'x', 'x', '\\x00')`
  await client.query(insert)
  assert.equal((await client.query('SELECT * FROM audit_entry')).rowCount, 1)
  const forbidden = [
    ...["UPDATE audit_entry SET action = 'y'", 'DELETE FROM audit_entry', 'TRUNCATE audit_entry', 'DROP TABLE audit_entry'],
    ...['ALTER TABLE audit_entry ADD x integer', 'CREATE TABLE x (y integer)', 'DROP TABLE machine', 'TRUNCATE machine'],
    ...['CREATE ROLE x', 'ALTER ROLE CURRENT_USER SUPERUSER', "COPY machine TO '/tmp/x'", "SELECT pg_read_file('/etc/passwd')"],
    ...[
      'CREATE TRIGGER x AFTER INSERT ON audit_entry EXECUTE FUNCTION suppress_redundant_updates_trigger()',
      'GRANT ALL ON audit_entry TO PUBLIC'
    ]
  ]
  for (const statement of forbidden)
    await client.query(statement).then(
      ({ command }) => command === 'GRANT' || assert.fail(statement), // PostgreSQL only warns that nothing was granted
      (error: { code: string }) => assert.equal(error.code, '42501', `${statement}: ${error.code}`)
    )
  await assert.rejects(client.query("UPDATE audit_entry SET action = 'y'"), /permission denied/)
  await client.end()
})

test('no secret and no phone number is in any log, at any level, whatever goes wrong', async () => {
  await using store = await openRealStore({ env: { LOG_LEVEL: 'trace' } })
  const secrets = await useEverySecret(store)
  store.child.kill('SIGTERM')
  await until(() => !store.isAlive(), 'stopped')
  const folder = join(store.dataDir, 'logs')
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1'))
  const logs = [...store.lines, ...files].join('\n')
  assert.match(logs, /"level":20/, 'the log is at its loudest')
  for (const [what, secret] of Object.entries(secrets)) assert.ok(!logs.includes(secret), `${what} is in the log`)
})

/** Uses each kind of secret well and wrongly. Returns them. */
async function useEverySecret(store: RealStore): Promise<Record<string, string>> {
  const { url, call } = store
  const post = (path: string, body: unknown, headers = {}) =>
    fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: url, ...headers },
      body: JSON.stringify(body)
    })
  const login = await post('/api/v1/auth/login', { username: 'admin', password: store.password })
  const cookie = login.headers.get('set-cookie')!.split(';', 1)[0]!.split('=')[1]!
  const wrong = 'a password that is wrong'
  await post('/api/v1/auth/login', { username: 'admin', password: wrong })
  await post('/api/v1/auth/login', { username: wrong, password: 5 })
  const known = await addMachine(store, 'm1')
  await post('/api/machines/heartbeat', { machineId: 'm1', scales: 5 }, { authorization: `Bearer ${known.deviceKey}` })
  await post('/api/machines/heartbeat', {}, { authorization: `Bearer ${known.deviceKey}x` })
  const { storeId } = await call('GET', '/api/v1/store')
  const ctx = { store: { storeId } } as TestStore['ctx']
  const device = await mqttDevice({ ctx, mqttUrl: store.mqttUrl }, known)
  await device.publish('heartbeat', '{')
  await device.client.endAsync(true)
  await assert.rejects(mqttDevice({ ctx, mqttUrl: store.mqttUrl }, { machineId: 'm1', deviceKey: `${known.deviceKey}x` }))
  const entry = await call('POST', '/api/v1/scanners', { name: 'in', tag: 'ENTRY' })
  const { kid, alg, privateJwk } = await call('POST', '/api/v1/qr-keys', {})
  await call('PUT', '/api/v1/store/mode', { mode: 'CUSTOMER_MODE' })
  const phoneNumber = '+919876501234'
  const iat = Math.floor(Date.now() / 1000)
  const claims = {
    id: '018f0000-0000-4000-8000-000000000001',
    role: 'customer',
    phoneNumber,
    jti: 'jti-of-this-code',
    iat,
    exp: iat + 60
  }
  const token = await new SignJWT(claims).setProtectedHeader({ alg, kid }).sign(await importJWK(privateJwk, alg))
  const scan = (code: unknown) => post('/entry-control/', { token: code }, { authorization: `Bearer ${entry.deviceKey}` })
  assert.equal((await scan(token)).status, 200)
  for (const code of [token, `${token}x`, 5]) await scan(code)
  await post(`/api/v1/nothing?token=${store.token}`, {})
  const signature = 'c2lnbmF0dXJlIG9mIGEgbGluayB0byBhIHZpZGVvIDEyMw'
  const link = await fetch(`${url}/api/v1/videos/${claims.id}/content?exp=1&sig=${signature}`)
  assert.equal(link.status, 403)
  await fetch(`${url}/api/v1/users`, { headers: { authorization: `Bearer ${store.token}` } })
  const cameraPassword = 'a-password-of-a-camera'
  const streamUrl = `rtsp://viewer:${cameraPassword}@127.0.0.1:9/live`
  const tested = await post('/api/v1/cameras/test', { streamUrl }, { authorization: `Bearer ${store.token}` })
  assert.ok([422, 503].includes(tested.status), 'nothing answers there, or there is no ffmpeg')
  await call('POST', '/api/v1/cameras', { name: 'door', tag: 'ENTRY', streamUrl, machineIds: [] })
  return {
    ...{
      password: store.password,
      wrong,
      cookie,
      'API token': store.token,
      'device key': known.deviceKey,
      'scanner key': entry.deviceKey
    },
    ...{ code: token, 'phone number': phoneNumber, 'signing key': privateJwk.d, 'link signature': signature },
    ...{ 'camera password': cameraPassword }
  }
}

test('five hundred tries at one password wait in no queue: the few that fit are answered, the rest turned away at once', async () => {
  await using store = await openTestStore()
  const { username } = store.admin
  const startedMs = performance.now()
  const answers = await Promise.all(
    Array.from({ length: 500 }, (_, n) => sender(store.app)('POST', '/api/v1/auth/login', { username, password: `wrong ${n}` }))
  )
  const count = (code: string) => answers.filter((answer) => answer.body.code === code).length
  assert.equal(count('wrong-password') + count('too-many-failures') + count('too-many-requests'), 500)
  assert.ok(count('too-many-requests') >= 400, `${count('too-many-requests')} turned away`)
  assert.ok(answers.every((answer) => answer.body.code !== 'too-many-requests' || answer.status === 429))
  assert.ok(performance.now() - startedMs < 10_000)
})

/** Holds back, once, the answer to a query that reads device keys of `table`. Resolves when it was asked; `go` lets the answer through. */
function holdKeys({ ctx }: TestStore, table: string) {
  const asked = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const connect = ctx.pool.connect.bind(ctx.pool) as () => Promise<pg.PoolClient>
  let isHeld = false
  const held = async () => {
    const client = await connect()
    const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>
    const slow = async (...args: unknown[]) => {
      const result = await query(...args)
      const text = typeof args[0] === 'string' ? args[0] : (args[0] as { text: string }).text
      if (!isHeld && /^select/i.test(text) && text.includes(`from "${table}"`) && text.includes('device_key_hash')) {
        isHeld = true
        asked.resolve()
        await gate.promise
      }
      return result
    }
    return Object.assign(client, { query: slow })
  }
  Object.assign(ctx.pool, { connect: held })
  return { asked: asked.promise, go: () => gate.resolve() }
}

test('a key that ended does not come back because the keys were just being read', async () => {
  await using store = await openTestStore()
  const machine = await newHttpMachine(store)
  const slow = holdKeys(store, 'machine')
  const reading = reloadMachineKeys(store.ctx)
  await slow.asked
  const { deviceKey } = (await store.admin.send('POST', `/api/v1/machines/${machine.machineId}/device-key`)).body
  slow.go()
  await reading
  assertProblem(await machine.post({}), 401, 'unauthorized')
  await httpMachine(store, { machineId: machine.machineId, deviceKey }).beat({ '001': 1000 })
})

test('a scanner’s key that ended does not come back because the keys were just being read', async () => {
  await using store = await openTestStore()
  const scanner = (await store.admin.send('POST', '/api/v1/scanners', { name: 'door', tag: 'ENTRY' })).body
  const slow = holdKeys(store, 'scanner')
  const reading = loadScannerKeys(store.ctx)
  await slow.asked
  const { deviceKey } = (await store.admin.send('POST', `/api/v1/scanners/${scanner.id}/device-key`)).body
  slow.go()
  await reading
  assert.deepEqual(
    [scannerByKey(store.ctx, scanner.deviceKey), scannerByKey(store.ctx, deviceKey)?.scannerId],
    [null, scanner.id]
  )
})
