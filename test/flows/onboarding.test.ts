/** Onboarding: machines, their keys and scales, from the first call to retirement and back. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { eventsAbout, httpMachine, newHttpMachine, onboard, scalesOf, told } from '#test/support/devices.ts'
import { assertProblem, handClock, staffCaller } from '#test/support/http.ts'
import { openTestStore } from '#test/support/store.ts'

const clock = handClock()
const store = await openTestStore({ clock })
after(() => store[Symbol.asyncDispose]())
const { admin } = store

test('a machine is onboarded, its key shown once, and its first heartbeat makes its scales', async () => {
  const answer = await admin.send('POST', '/api/v1/machines', { machineId: 'fridge-1', displayName: 'Fridge', kind: 'cooler' })
  assert.equal(answer.status, 201)
  const { deviceKey, createdAt, ...facts } = answer.body
  const unheard = {
    operationStatus: 'OPERATIONAL',
    online: false,
    locked: false,
    lastHeartbeatAt: null,
    usualIntervalMs: null,
    reportsSeldom: false,
    clockOffsetMs: null
  }
  assert.deepEqual(facts, {
    machineId: 'fridge-1',
    displayName: 'Fridge',
    kind: 'cooler',
    ...unheard,
    scaleCount: 0,
    retiredAt: null,
    version: 1
  })
  assert.match(deviceKey, /^niflr_dev_[A-Za-z0-9_-]{43}$/)
  const machine = httpMachine(store, { machineId: 'fridge-1', deviceKey })
  for (let n = 0; n < 25; n++) {
    await machine.beat({ '001': 1000 + (n % 3), '002': 500 })
    clock.forward(1000)
  }
  const { body } = await admin.send('GET', '/api/v1/machines/fridge-1')
  assert.deepEqual([body.online, body.scaleCount, body.usualIntervalMs, body.deviceKey], [true, 2, 1000, undefined])
  const scale = (await scalesOf(store, 'fridge-1')).get('001')!
  assert.deepEqual(
    [scale.thresholdGrams, scale.disabled, scale.lastChangeAt, scale.lastReadingAt],
    [30, false, null, new Date(clock.now().getTime() - 1000).toISOString()]
  )
  assert.ok(scale.noiseGrams > 0 && scale.noiseGrams < 2)
  const { rows } = await store.ctx.pool.query(`SELECT machine::text AS text FROM machine WHERE machine_id = 'fridge-1'`)
  assert.ok(!rows[0].text.includes(deviceKey), 'the key is stored hashed')
})

test('a machine that reports every five seconds is said to report seldom, until it is set to less', async () => {
  const machine = await newHttpMachine(store)
  const facts = async () => {
    const { body } = await admin.send('GET', `/api/v1/machines/${machine.machineId}`)
    return [body.usualIntervalMs, body.reportsSeldom]
  }
  const beats = async (count: number, ms: number) => {
    for (let n = 0; n < count; n++) {
      clock.forward(ms)
      await machine.beat({ '001': 1000 })
    }
  }
  await beats(2, 5000)
  assert.deepEqual(await facts(), [5000, true])
  await beats(20, 1000)
  assert.equal((await facts())[1], false)
})

test('a machine id is unique, and only what the contract allows', async () => {
  const { machineId } = await onboard(store)
  assertProblem(
    await admin.send('POST', '/api/v1/machines', { machineId, displayName: 'again', kind: 'shelf' }),
    409,
    'machine-known'
  )
  const at = { displayName: 'x', kind: 'shelf' }
  for (const body of [
    { ...at, machineId: 'a/b' },
    { ...at, machineId: '' },
    { ...at, machineId: 'x'.repeat(65) },
    { ...at, machineId: 'ok', kind: 'oven' },
    { machineId: 'ok', kind: 'shelf' }
  ])
    assertProblem(await admin.send('POST', '/api/v1/machines', body), 422, 'invalid')
  const several = await Promise.all([1, 2, 3].map(() => admin.send('POST', '/api/v1/machines', { ...at, machineId: 'at-once' })))
  assert.deepEqual(several.map(({ status }) => status).toSorted(), [201, 409, 409])
})

test('a new device key ends the old one at once; a reviewer may not ask for one', async () => {
  const machine = await newHttpMachine(store)
  await machine.beat({ '001': 500 })
  const path = `/api/v1/machines/${machine.machineId}/device-key`
  assertProblem(await (await staffCaller(store.ctx, store.app, 'reviewer')).send('POST', path), 403, 'forbidden')
  const rotated = await admin.send('POST', path)
  assert.equal(rotated.status, 201)
  assertProblem(await machine.post({}), 401, 'unauthorized')
  await httpMachine(store, rotated.body).beat({ '001': 500 })
})

test('a machine is renamed by who saw its last version', async () => {
  const { machineId } = await onboard(store)
  const path = `/api/v1/machines/${machineId}`
  const renamed = await admin.send('PATCH', path, { displayName: 'by the door', version: 1 })
  assert.deepEqual([renamed.status, renamed.body.displayName, renamed.body.version], [200, 'by the door', 2])
  assertProblem(await admin.send('PATCH', path, { displayName: 'elsewhere', version: 1 }), 409, 'stale-version')
})

test('a retired machine is kept in history, and comes back with a new key, its scales and what changed meanwhile', async () => {
  const machine = await newHttpMachine(store)
  await machine.beat({ '001': 1000 })
  clock.forward(1000)
  const path = `/api/v1/machines/${machine.machineId}`
  assert.equal((await admin.send('DELETE', path)).status, 204)
  assertProblem(await admin.send('DELETE', path), 404, 'not-found')
  assert.equal((await admin.send('GET', path)).body.retiredAt, clock.now().toISOString())
  const listed = async (query: string) =>
    (await admin.send('GET', `/api/v1/machines?limit=200${query}`)).body.items.some(
      (one: { machineId: string }) => one.machineId === machine.machineId
    )
  assert.deepEqual([await listed(''), await listed('&retired=true')], [false, true])
  assertProblem(await machine.post({}), 401, 'unauthorized')
  clock.forward(60_000)
  const back = await newHttpMachine(store, machine.machineId)
  await back.beat({ '001': 700 })
  assert.deepEqual([await told(store, machine.machineId), (await admin.send('GET', path)).body.retiredAt], [['001 -300'], null])
  assert.deepEqual(await eventsAbout(store, machine.machineId), [
    'machine.onboarded',
    'machine.online',
    'machine.retired',
    'machine.onboarded',
    'machine.online'
  ])
})

test('what staff did to machines and scales is in the audit trail', async () => {
  const machine = await newHttpMachine(store)
  const path = `/api/v1/machines/${machine.machineId}`
  await machine.beat({ '001': 500 })
  await admin.send('PATCH', path, { displayName: 'by the door' })
  await admin.send('PATCH', `${path}/scales/001`, { disabled: true })
  await admin.send('POST', `${path}/device-key`)
  await admin.send('POST', '/api/machines/lock', { machineId: machine.machineId, lock: true })
  await admin.send('DELETE', path)
  const { rows } = await store.ctx.pool.query(`SELECT action FROM audit_entry WHERE resource_id LIKE $1 ORDER BY id`, [
    `${machine.machineId}%`
  ])
  assert.deepEqual(
    rows.map(({ action }) => action),
    ['machine.onboarded', 'machine.changed', 'scale.disabled', 'machine.key-rotated', 'machine.lock', 'machine.retired']
  )
})
