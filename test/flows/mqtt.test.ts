/** Devices over MQTT: acknowledged once durable, malformed messages dropped, every device in its own branch only. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { connectAsync } from 'mqtt'
import {
  changesOf,
  httpMachine,
  type Known,
  mqttDevice,
  onboard,
  publishTo,
  rowsOf,
  signed,
  told,
  until
} from '#test/support/devices.ts'
import { handClock } from '#test/support/http.ts'
import { openTestStore } from '#test/support/store.ts'

const clock = handClock()
const store = await openTestStore({ clock, mqtt: true })
after(() => store[Symbol.asyncDispose]())
const { storeId } = store.ctx.store
const heartbeat = ({ machineId }: Known, grams: number, more: object = {}) => ({
  machineId,
  scales: rowsOf({ '001': grams }),
  ...more
})

async function dropped(reason: string): Promise<number> {
  const line = new RegExp(`niflr_mqtt_dropped_total\\{reason="${reason}"\\} (\\d+)`)
  return Number(line.exec(await store.ctx.metrics.text())?.[1] ?? 0)
}

test('a heartbeat over MQTT does what one over HTTP does, in both forms', async () => {
  const known = await onboard(store)
  await using device = await mqttDevice(store, known)
  await device.say('heartbeat', heartbeat(known, 1000))
  clock.forward(1000)
  await httpMachine(store, known).beat({ '001': 700 })
  clock.forward(1000)
  await device.say('heartbeat', { payload: JSON.stringify(heartbeat(known, 700)), eventTime: '2023-01-09 16:18:13' })
  clock.forward(1000)
  await device.say('heartbeat', heartbeat(known, 600))
  assert.deepEqual(await told(store, known.machineId), ['001 -300', '001 -100'])
})

test('a message is acknowledged only after the commit: whoever is told sees the row', async () => {
  const known = await onboard(store)
  await using device = await mqttDevice(store, known)
  await device.say('heartbeat', heartbeat(known, 50_000))
  const holder = await store.ctx.pool.connect()
  clock.forward(1000)
  try {
    await holder.query('BEGIN; LOCK TABLE weight_change IN EXCLUSIVE MODE')
    let isAcknowledged = false
    const said = device.say('heartbeat', heartbeat(known, 49_000)).then(() => {
      isAcknowledged = true
    })
    const waiting = () =>
      store.ctx.pool.query(`SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'weight_change'::regclass`)
    await until(async () => (await waiting()).rows.length > 0, 'the commit meets the lock')
    assert.equal(isAcknowledged, false)
    await holder.query('COMMIT')
    await said
  } finally {
    holder.release()
  }
  for (let n = 1; n <= 50; n++) {
    clock.forward(1000)
    await device.say('heartbeat', heartbeat(known, 49_000 - n * 100))
    const { rows } = await store.ctx.pool.query('SELECT count(*)::int AS count FROM weight_change WHERE machine_id = $1', [
      known.machineId
    ])
    assert.equal(rows[0].count, n + 1)
  }
})

test('a flood of messages at once: each acknowledged, each counted once', async () => {
  const known = await onboard(store)
  await using device = await mqttDevice(store, known)
  await device.say('change', { id: 'first', scaleId: '001', grams: 100_000 })
  const said = Array.from({ length: 500 }, (_, n) => device.say('change', { id: `c${n % 400}`, scaleId: '001', grams: -10 }))
  await Promise.all(said)
  const { rows } = await store.ctx.pool.query(
    `SELECT count(*)::int AS count FROM weight_change WHERE machine_id = $1 AND status = 'PICKED'`,
    [known.machineId]
  )
  assert.equal(rows[0].count, 400)
})

test('a malformed message is acknowledged, dropped and counted, and the next good one is unharmed', async () => {
  const known = await onboard(store)
  await using device = await mqttDevice(store, known)
  await device.say('heartbeat', heartbeat(known, 1000))
  clock.forward(1000)
  const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
  const good = JSON.stringify(heartbeat(known, 500))
  const wrong: (string | Buffer | object)[] = [
    '',
    '{',
    'null',
    '[]',
    Buffer.from([0xff, 0xfe, 0x00]),
    { machineId: known.machineId },
    heartbeat(known, Number.NaN),
    good.replace('0.500', '1e999'),
    good.replace('"0.500"]', '1e999]'),
    { ...heartbeat(known, 500), machineId: 'another' },
    { ...heartbeat(known, 500), bootId: 'a\ud800' },
    `${good.slice(0, -1)},"deep":${deep(8)}}`,
    `${good.slice(0, -1)},"deep":${deep(100_000)}}`
  ]
  const before = await dropped('malformed')
  for (const body of wrong) await device.say('heartbeat', body)
  assert.equal((await dropped('malformed')) - before, wrong.length)
  await device.say('heartbeat', heartbeat(known, 900))
  assert.deepEqual(await told(store, known.machineId), ['001 -100'])
})

test('a device may speak only in its own branch and only what devices say', async () => {
  const known = await onboard(store)
  const other = await onboard(store)
  const branch = (machineId: string, channel = 'heartbeat', id = storeId) => `store/${id}/machine/${machineId}/${channel}`
  const topics = [
    branch(other.machineId),
    branch(other.machineId, 'status'),
    branch(other.machineId, 'command/ack'),
    branch(known.machineId, 'command'),
    branch(known.machineId, 'nonsense'),
    branch(known.machineId, 'heartbeat/more'),
    branch(known.machineId, 'heartbeat', 'another-store'),
    `store/${storeId}/scanner/${known.machineId}/scan`,
    `/${branch(known.machineId)}`,
    '$SYS/broker',
    `$share/x/${branch(known.machineId)}`,
    'anything'
  ]
  for (const topic of topics) {
    await using device = await mqttDevice(store, known)
    assert.equal(await publishTo(device.client, topic, { body: heartbeat(other, 1) }), 'closed', topic)
  }
  const { rows } = await store.ctx.pool.query('SELECT 1 FROM scale WHERE machine_id = $1', [other.machineId])
  assert.equal(rows.length, 0)
})

test('a device may listen to its own commands only: no wildcard, no other’s, no $SYS', async () => {
  const known = await onboard(store)
  const other = await onboard(store)
  await using device = await mqttDevice(store, known)
  const own = `store/${storeId}/machine/${known.machineId}/command`
  const others = [
    '#',
    '+',
    'store/#',
    `store/${storeId}/machine/+/command`,
    `store/${storeId}/machine/${known.machineId}/#`,
    `store/${storeId}/machine/${other.machineId}/command`
  ]
  const further = [
    `store/${storeId}/machine/${known.machineId}/heartbeat`,
    `store/${storeId}/scanner/${known.machineId}/result`,
    '$SYS/#',
    '$SYS/+/new/clients',
    `$share/g/${own}`,
    '+/+/+/+/+'
  ]
  const heard: string[] = []
  device.client.on('message', (topic) => heard.push(topic))
  for (const topic of [...others, ...further]) {
    const granted = await device.client.subscribeAsync(topic, { qos: 1 }).then(
      ([grant]) => grant?.qos,
      () => 128
    )
    assert.equal(granted, 128, topic)
  }
  assert.equal((await device.client.subscribeAsync(own, { qos: 1 }))[0]!.qos, 1)
  await store.admin.send('POST', '/api/machines/lock', { machineId: other.machineId, lock: true })
  await store.admin.send('POST', '/api/machines/lock', { machineId: known.machineId, lock: true })
  await until(() => heard.includes(own), 'the own command')
  assert.deepEqual(heard, [own])
})

test('a wrong name, a wrong password or none at all is refused; a rotated key too', async () => {
  const known = await onboard(store)
  const other = await onboard(store)
  const wrong: Known[] = [
    { machineId: known.machineId, deviceKey: 'nonsense' },
    { machineId: known.machineId, deviceKey: '' },
    { machineId: known.machineId, deviceKey: other.deviceKey },
    { machineId: 'nobody', deviceKey: known.deviceKey },
    { machineId: '', deviceKey: known.deviceKey },
    { machineId: store.admin.username, deviceKey: store.admin.token }
  ]
  for (const credentials of wrong)
    await assert.rejects(mqttDevice(store, credentials), /Connection refused|Not authorized/i, JSON.stringify(credentials))
  await assert.rejects(connectAsync(store.mqttUrl!, { reconnectPeriod: 0, protocolVersion: 4 }, false), /Connection refused/i)
  await using before = await mqttDevice(store, known)
  const { body } = await store.admin.send('POST', `/api/v1/machines/${known.machineId}/device-key`)
  await assert.rejects(mqttDevice(store, known), /Connection refused/i)
  assert.equal(await before.publish('heartbeat', heartbeat(known, 1)), 'closed', 'nor may a line that was open go on')
  await using renewed = await mqttDevice(store, { ...known, deviceKey: body.deviceKey })
  await renewed.say('heartbeat', heartbeat(known, 1000))
})

test('another device’s client id cannot be taken over; a device’s own, a random one or none may be used', async () => {
  const known = await onboard(store)
  const thief = await onboard(store)
  await using victim = await mqttDevice(store, known, { clientId: 'fridge-7' })
  await assert.rejects(mqttDevice(store, thief, { clientId: 'fridge-7' }), /Connection refused/i)
  await using again = await mqttDevice(store, known, { clientId: 'fridge-7' })
  await until(() => !victim.client.connected, 'the old line of the same device is let go')
  await assert.rejects(mqttDevice(store, thief, { clientId: 'fridge-7' }), /Connection refused/i)
  await again.say('heartbeat', heartbeat(known, 1000))
  await using random = await mqttDevice(store, known)
  await using nameless = await mqttDevice(store, known, { clientId: '' })
  await using own = await mqttDevice(store, known, { clientId: known.machineId })
  for (const device of [random, nameless, own]) await device.say('heartbeat', heartbeat(known, 1000))
  assert.ok(again.client.connected)
})

test('a line that is cut before the acknowledgement: sent again, the change counts once', async () => {
  const known = await onboard(store)
  const first = await mqttDevice(store, known)
  await first.say('heartbeat', heartbeat(known, 1000, { bootId: 'b', seq: 1 }))
  clock.forward(1000)
  const change = { id: 'cut', scaleId: '001', grams: -200 }
  void first.publish('heartbeat', heartbeat(known, 700, { bootId: 'b', seq: 2 }))
  void first.publish('change', change)
  await new Promise((resolve) => setImmediate(resolve))
  first.client.stream.destroy()
  await using second = await mqttDevice(store, known)
  await second.say('heartbeat', heartbeat(known, 700, { bootId: 'b', seq: 2 }))
  await second.say('change', change)
  await second.say('change', change)
  const changes = await changesOf(store, known.machineId)
  assert.equal(
    changes.map(signed).reduce((a, b) => a + b),
    -300
  )
  assert.equal(changes.filter((one) => one.source === 'device').length, 1)
})
