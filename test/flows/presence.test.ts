/** Who is there: the heartbeat watchdog, the broker's last will, the status that apps read, and the events that tell of it. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { eventsAbout, mqttDevice, newHttpMachine, onboard, until } from '#test/support/devices.ts'
import { assertProblem, handClock, sender } from '#test/support/http.ts'
import { openTestStore, type TestStore } from '#test/support/store.ts'

const clock = handClock()
const store = await openTestStore({ clock, mqtt: true })
after(() => store[Symbol.asyncDispose]())

async function later(ms: number): Promise<void> {
  clock.forward(ms)
  await store.drain()
}
const statusOf = async (machineId: string, { admin }: TestStore = store) =>
  (await admin.send('GET', `/api/machines/${machineId}/status`)).body
/** Online and offline only. */
const presence = async (machineId: string, of: TestStore = store) =>
  (await eventsAbout(of, machineId))
    .filter((name) => name === 'machine.online' || name === 'machine.offline')
    .map((name) => name.slice(8))
const openAlarms = async (machineId: string, { admin }: TestStore = store) =>
  (await admin.send('GET', '/api/v1/alarms?open=true&limit=200')).body.items.filter(
    (alarm: { subject: string }) => alarm.subject === machineId
  ).length

test('the status of a machine, as existing apps read it', async () => {
  const machine = await newHttpMachine(store)
  const before = {
    status: 'success',
    machineId: machine.machineId,
    operationStatus: 'OPERATIONAL',
    online: false,
    locked: false,
    lastHeartbeatAt: null,
    storeMode: 'MAINTENANCE_MODE'
  }
  assert.deepEqual(await statusOf(machine.machineId), before)
  await machine.beat({ '001': 500 })
  assert.deepEqual(await statusOf(machine.machineId), { ...before, online: true, lastHeartbeatAt: clock.now().toISOString() })
  assertProblem(await sender(store.app)('GET', `/api/machines/${machine.machineId}/status`), 401, 'unauthorized')
  assertProblem(await store.admin.send('GET', '/api/machines/nobody/status'), 404, 'not-found')
})

test('a machine reads its own status with its own key, and no other’s', async () => {
  const machine = await newHttpMachine(store)
  const other = await newHttpMachine(store)
  const send = sender(store.app, { authorization: `Bearer ${machine.deviceKey}` })
  assert.equal((await send('GET', `/api/machines/${machine.machineId}/status`)).status, 200)
  assertProblem(await send('GET', `/api/machines/${other.machineId}/status`), 403, 'wrong-device')
})

test('a machine is offline after 10 s of silence, and online again with its next message', async () => {
  const machine = await newHttpMachine(store)
  for (let n = 0; n < 5; n++) {
    await machine.beat({ '001': 500 })
    clock.forward(1000)
  }
  await later(8999)
  assert.equal((await statusOf(machine.machineId)).online, true)
  await later(1)
  assert.deepEqual(
    [(await statusOf(machine.machineId)).online, await presence(machine.machineId), await openAlarms(machine.machineId)],
    [false, ['online', 'offline'], 1]
  )
  await later(60_000)
  assert.deepEqual(await presence(machine.machineId), ['online', 'offline'], 'told once')
  await machine.beat({ '001': 500 })
  await store.drain()
  assert.deepEqual(
    [(await statusOf(machine.machineId)).online, await presence(machine.machineId), await openAlarms(machine.machineId)],
    [true, ['online', 'offline', 'online'], 0]
  )
})

test('a machine that speaks every 6 s is offline after three of its usual intervals', async () => {
  const machine = await newHttpMachine(store)
  for (let n = 0; n < 10; n++) {
    clock.forward(6000)
    await machine.beat({ '001': 500 })
  }
  await later(17_999)
  assert.equal((await statusOf(machine.machineId)).online, true)
  await later(1)
  assert.equal((await statusOf(machine.machineId)).online, false)
})

test('a last will says at once that a machine is gone; its next message brings it back', async () => {
  const known = await onboard(store)
  const will = (branch: string) => ({ topic: `${branch}/status`, payload: Buffer.from('offline'), qos: 1 as const, retain: true })
  const branch = `store/${store.ctx.store.storeId}/machine/${known.machineId}`
  const device = await mqttDevice(store, known, { will: will(branch) })
  await device.publish('status', 'online', { retain: true })
  await device.beat({ '001': 500 })
  assert.equal((await statusOf(known.machineId)).online, true)
  device.client.stream.destroy()
  await until(async () => (await presence(known.machineId)).at(-1) === 'offline', 'the will is heard')
  assert.deepEqual([(await statusOf(known.machineId)).online, await openAlarms(known.machineId)], [false, 1])
  await using back = await mqttDevice(store, known, { will: will(branch) })
  await back.beat({ '001': 500 })
  await store.drain()
  assert.deepEqual([await presence(known.machineId), await openAlarms(known.machineId)], [['online', 'offline', 'online'], 0])
})

test('a machine that says goodbye is offline at once', async () => {
  const known = await onboard(store)
  await using device = await mqttDevice(store, known)
  await device.beat({ '001': 500 })
  assert.equal(await device.publish('status', 'offline', { retain: true }), 'acknowledged')
  assert.deepEqual(await presence(known.machineId), ['online', 'offline'])
})

test('after a restart a machine is not offline for what was not heard while the box was down', async () => {
  const own = handClock()
  await using first = await openTestStore({ clock: own })
  const { machineId, deviceKey } = await onboard(first)
  const send = (to: TestStore) =>
    sender(to.app, { authorization: `Bearer ${deviceKey}` })('POST', '/api/machines/heartbeat', {
      machineId,
      scales: [['1', 0, 0, 1]]
    })
  await send(first)
  own.forward(3_600_000)
  await using again = await openTestStore({ clock: own, on: first })
  await again.drain()
  own.forward(2000)
  assert.equal((await send(again)).status, 200)
  await again.drain()
  assert.deepEqual(await presence(machineId, again), ['online'])
  own.forward(10_000)
  await again.drain()
  assert.deepEqual(await presence(machineId, again), ['online', 'offline'])
  await using third = await openTestStore({ clock: own, on: first })
  own.forward(60_000)
  await third.drain()
  assert.deepEqual(
    [await presence(machineId, third), await openAlarms(machineId, third)],
    [['online', 'offline'], 1],
    'the alarm is still on, and told once'
  )
  assert.equal((await send(third)).status, 200)
  await third.drain()
  assert.deepEqual([await presence(machineId, third), await openAlarms(machineId, third)], [['online', 'offline', 'online'], 0])
})

test('a retired machine is neither online nor an alarm, and its messages are nobody’s', async () => {
  const machine = await newHttpMachine(store)
  await machine.beat({ '001': 500 })
  await later(20_000)
  assert.equal(await openAlarms(machine.machineId), 1)
  assert.equal((await store.admin.send('DELETE', `/api/v1/machines/${machine.machineId}`)).status, 204)
  await later(20_000)
  assert.deepEqual([await openAlarms(machine.machineId), (await statusOf(machine.machineId)).online], [0, false])
})
