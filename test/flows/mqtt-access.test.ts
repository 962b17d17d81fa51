/** Who may say and hear what over MQTT: the right key, one's own branch, one's own name, and only as long as the key lives. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesOf, connectBytes, openLine } from '#test/hostile/mqtt-line.ts'
import { changesOf, type Known, mqttDevice, onboard, publishTo, until } from '#test/support/devices.ts'
import { assertProblem, sender } from '#test/support/http.ts'
import { rowCounts } from '#test/support/row-counts.ts'
import { openTestStore, type TestStore } from '#test/support/store.ts'

const open = (env = {}) => openTestStore({ mqtt: true, env })

async function addScanner({ admin }: TestStore, tag = 'ENTRY'): Promise<Known> {
  const { body } = await admin.send('POST', '/api/v1/scanners', { name: 'door', tag })
  return { machineId: body.id, deviceKey: body.deviceKey }
}
const credentials = ({ machineId, deviceKey }: Known) => ({ username: machineId, password: Buffer.from(deviceKey) })
const branchOf = ({ ctx }: TestStore, { machineId }: Known, kind = 'machine') => `store/${ctx.store.storeId}/${kind}/${machineId}`

test('only a device with its own name and its own living key gets in; nothing else leaves a row', async () => {
  await using store = await open()
  const [machine, other, retired, scanner] = [
    await onboard(store),
    await onboard(store),
    await onboard(store),
    await addScanner(store)
  ]
  await store.admin.send('DELETE', `/api/v1/machines/${retired.machineId}`)
  const key = (text: string) => Buffer.from(text)
  const wrong: Record<string, object> = {
    none: {},
    'a name alone': { username: machine.machineId },
    'an empty key': { username: machine.machineId, password: key('') },
    garbage: { username: machine.machineId, password: key('garbage') },
    'bytes that are no text': { username: machine.machineId, password: Buffer.from([0xff, 0xfe, 0x00]) },
    'another machine’s key': { username: machine.machineId, password: key(other.deviceKey) },
    'a scanner’s key': { username: machine.machineId, password: key(scanner.deviceKey) },
    'a name nobody has': { username: 'nobody', password: key(machine.deviceKey) },
    'a name in other letters': { username: machine.machineId.toUpperCase(), password: key(machine.deviceKey) },
    'a token of staff': { username: store.admin.username, password: key(store.admin.token) },
    'a password of staff': { username: store.admin.username, password: key(store.admin.password) },
    'a retired machine’s key': credentials(retired)
  }
  const before = await rowCounts(store.ctx.pool)
  for (const [name, more] of Object.entries(wrong)) {
    using line = await openLine(store.mqttUrl!)
    line.send(
      connectBytes(more),
      bytesOf({ cmd: 'publish', topic: `${branchOf(store, machine)}/heartbeat`, payload: '{}', qos: 0 })
    )
    assert.equal((await line.hears('connack'))?.returnCode, 4, name)
    assert.ok(await line.isCut(), name)
  }
  assert.deepEqual(await rowCounts(store.ctx.pool), before)
  const { items } = (await store.admin.send('GET', `/api/v1/machines/${machine.machineId}/refusals`)).body
  assert.deepEqual(
    items.map(({ over, reason }: any) => [over, reason]),
    [['MQTT', 'wrong-key']],
    'its own page says so'
  )
  for (const right of [machine, scanner]) {
    using line = await openLine(store.mqttUrl!)
    line.send(connectBytes(credentials(right)))
    assert.equal((await line.hears('connack'))?.returnCode, 0)
  }
})

test('a device speaks under its own branch alone: anything else cuts its line and leaves no row', async () => {
  await using store = await open()
  const [machine, other, scanner] = [await onboard(store), await onboard(store), await addScanner(store)]
  const own = branchOf(store, machine)
  const body = { machineId: other.machineId, scales: [['001', '0', '0', '1']] }
  const topics = [
    ...['heartbeat', 'change', 'samples', 'command/ack', 'status', 'command'].map(
      (channel) => `${branchOf(store, other)}/${channel}`
    ),
    ...[`${branchOf(store, scanner, 'scanner')}/scan`, `${branchOf(store, machine, 'scanner')}/scan`],
    ...[`${own}/command`, `${own}/result`, `${own}/heartbeat/x`, `${own}/`, own, `/${own}/heartbeat`, `${own}//heartbeat`],
    ...[`store/other/machine/${machine.machineId}/heartbeat`, `${own}/../${other.machineId}/heartbeat`],
    ...[
      '$SYS/x/heartbeat',
      '$SYS/broker/uptime',
      'store',
      'x',
      '__proto__',
      'constructor',
      `store/${'a/'.repeat(30)}x`,
      `${own}/heartbeat\u0000`
    ]
  ]
  const before = await rowCounts(store.ctx.pool)
  for (const topic of topics)
    for (const retain of [false, true]) {
      await using device = await mqttDevice(store, machine)
      assert.equal(await publishTo(device.client, topic, { body, retain }), 'closed', topic)
    }
  for (const topic of ['#', '+', `store/+/machine/+/heartbeat`, `${own}/#`, `${own}/+`]) {
    using line = await openLine(store.mqttUrl!)
    line.send(connectBytes(credentials(machine)))
    await line.hears('connack')
    line.send(rawPublish(topic, JSON.stringify(body)))
    assert.ok(await line.isCut(), topic)
  }
  assert.deepEqual(await rowCounts(store.ctx.pool), before)
})

/** mqtt-packet itself refuses to make a PUBLISH with a wildcard: by hand, QoS 1. */
function rawPublish(topic: string, payload: string): Buffer {
  const name = Buffer.from(topic)
  const body = Buffer.concat([
    Buffer.from([name.length >> 8, name.length & 255]),
    name,
    Buffer.from([0, 1]),
    Buffer.from(payload)
  ])
  return Buffer.concat([Buffer.from([0x32, (body.length & 127) | 128, body.length >> 7]), body])
}

test('a device hears its own commands alone: every other subscription is refused, also one of many', async () => {
  await using store = await open()
  const [machine, other, scanner] = [await onboard(store), await onboard(store), await addScanner(store)]
  const [own, theirs, door] = [branchOf(store, machine), branchOf(store, other), branchOf(store, scanner, 'scanner')]
  const wrong = [
    ...[
      '#',
      '+',
      '+/#',
      'store/#',
      `store/${store.ctx.store.storeId}/#`,
      `${own}/#`,
      `${own}/+`,
      '$SYS/#',
      '$SYS/+/new/clients',
      '$share/g/#'
    ],
    ...[`store/+/machine/${machine.machineId}/command`, `store/${store.ctx.store.storeId}/machine/+/command`],
    ...[`$share/g/${theirs}/command`, `${theirs}/command`, `${theirs}/heartbeat`, `${theirs}/status`, `${door}/result`],
    ...[`${own}/heartbeat`, `${own}/result`, `${own}/status`, `${own}/command/ack`]
  ]
  using line = await openLine(store.mqttUrl!)
  line.send(connectBytes(credentials(machine)))
  await line.hears('connack')
  const subscriptions = [...wrong, `${own}/command`].map((topic) => ({ topic, qos: 1 }))
  line.send(bytesOf({ cmd: 'subscribe', messageId: 7, subscriptions }))
  assert.deepEqual((await line.hears('suback'))?.granted, [...wrong.map(() => 128), 1])
  await store.admin.send('POST', '/api/machines/lock', { machineId: other.machineId, lock: true })
  await store.admin.send('POST', '/api/machines/lock', { machineId: machine.machineId, lock: true })
  await line.hears('publish')
  assert.deepEqual(
    line.heard.filter(({ cmd }) => cmd === 'publish').map(({ topic }) => topic),
    [`${own}/command`]
  )
})

test('nobody takes another device’s name: the thief is turned away, its owner stays and always gets in', async () => {
  await using store = await open()
  const [owner, thief] = [await onboard(store), await onboard(store)]
  const connack = async (device: Known, clientId: string) => {
    const line = await openLine(store.mqttUrl!)
    line.send(connectBytes({ ...credentials(device), clientId }))
    return { line, code: (await line.hears('connack'))?.returnCode }
  }
  const first = await connack(owner, 'shelf in the corner')
  assert.equal((await connack(thief, 'shelf in the corner')).code, 2)
  const squatter = await connack(thief, owner.machineId)
  assert.equal(squatter.code, 0)
  const own = await connack(owner, owner.machineId)
  assert.equal(own.code, 0, 'its own id is never taken from a device')
  assert.deepEqual([first.line.isOpen(), squatter.line.isOpen(), own.line.isOpen()], [true, true, true])
  const again = await connack(owner, owner.machineId)
  assert.equal(again.code, 0)
  assert.ok(await own.line.isCut(), 'the same device anew replaces its own line [MQTT-3.1.4-2]')
  for (const { line } of [first, squatter, again]) line.hangUp()
})

for (const [how, end] of [
  ['a new key', (machineId: string) => ['POST', `/api/v1/machines/${machineId}/device-key`]],
  ['retirement', (machineId: string) => ['DELETE', `/api/v1/machines/${machineId}`]]
] as const)
  test(`${how} ends what the old key opened at once: lines over MQTT, requests over HTTP`, async () => {
    await using store = await open()
    const machine = await onboard(store)
    const speaker = await mqttDevice(store, machine, { clientId: 'speaker' })
    const listener = await mqttDevice(store, machine, { clientId: 'listener' })
    const commands = await listener.obey(() => null)
    await speaker.beat({ '001': 1000 })
    const [method, path] = end(machine.machineId)
    assert.ok((await store.admin.send(method as 'POST', path!)).status < 300)
    const before = await rowCounts(store.ctx.pool)
    assert.equal(await speaker.publish('heartbeat', { machineId: machine.machineId, scales: [['001', '0', '0', '2']] }), 'closed')
    const http = sender(store.app, { authorization: `Bearer ${machine.deviceKey}` })
    assertProblem(await http('POST', '/api/machines/heartbeat', {}), 401, 'unauthorized')
    await store.ctx.link.publish(`${listener.branch}/command`, { id: 'x', command: 'unlock' })
    await until(() => !listener.client.connected, 'a line that says nothing is cut too', 2000)
    assert.deepEqual(commands, [], 'not even a command gets through before it is cut')
    await assert.rejects(mqttDevice(store, machine), /bad user|Not authorized|refused/i)
    assert.deepEqual(await rowCounts(store.ctx.pool), before)
  })

test('a scanner’s new key ends the old line at once', async () => {
  await using store = await open()
  const scanner = await addScanner(store)
  const device = await mqttDevice(store, scanner, { kind: 'scanner' })
  assert.ok((await store.admin.send('POST', `/api/v1/scanners/${scanner.machineId}/device-key`)).status < 300)
  assert.equal(await device.publish('scan', { token: 'x' }), 'closed')
})

test('a last will is one’s own status: any other is refused at the door, its own is heard when the line breaks', async () => {
  await using store = await open()
  const [machine, other] = [await onboard(store), await onboard(store)]
  const own = branchOf(store, machine)
  const connack = async (will: { topic: string; payload: string; qos?: number; retain?: boolean }) => {
    const line = await openLine(store.mqttUrl!)
    line.send(
      connectBytes({ ...credentials(machine), will: { qos: 1, retain: true, ...will, payload: Buffer.from(will.payload) } })
    )
    return { line, code: (await line.hears('connack'))?.returnCode }
  }
  const beat = JSON.stringify({ machineId: machine.machineId, scales: [['001', '0', '0', '1']] })
  const before = await rowCounts(store.ctx.pool)
  for (const will of [
    { topic: `${branchOf(store, other)}/status`, payload: 'offline' },
    { topic: `${branchOf(store, other)}/heartbeat`, payload: beat },
    { topic: `${own}/heartbeat`, payload: beat },
    { topic: `${own}/status`, payload: 'x'.repeat(1000) },
    { topic: '#', payload: 'offline' },
    { topic: '$SYS/x', payload: 'offline' }
  ]) {
    const { line, code } = await connack(will)
    assert.equal(code, 5, will.topic)
    assert.ok(await line.isCut())
  }
  assert.deepEqual(await rowCounts(store.ctx.pool), before)
  await using device = await mqttDevice(store, machine)
  await device.beat({ '001': 1000 })
  const { line, code } = await connack({ topic: `${own}/status`, payload: 'offline' })
  assert.equal(code, 0)
  line.hangUp()
  const status = async () => (await store.admin.send('GET', `/api/machines/${machine.machineId}/status`)).body
  await until(async () => !(await status()).online, 'its will was heard')
})

test('a message that is too large, too deep or no presence is acknowledged and dropped; the line stays', async () => {
  await using store = await open()
  const machine = await onboard(store)
  await using device = await mqttDevice(store, machine)
  const before = await rowCounts(store.ctx.pool)
  const deep = `{"machineId":"${machine.machineId}","scales":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
  await device.say('heartbeat', deep)
  await device.say('heartbeat', `"${'x'.repeat(256 * 1024 - 1)}"`)
  await device.say('change', { scaleId: '001', grams: 1e300 })
  assert.equal(
    await publishTo(device.client, `${device.branch}/status`, { body: 'somewhere else', retain: true }),
    'acknowledged'
  )
  assert.deepEqual(await rowCounts(store.ctx.pool), before)
  assert.deepEqual(await changesOf(store, machine.machineId), [])
  assert.match((await store.admin.send('GET', '/metrics')).text, /niflr_mqtt_dropped_total\{reason="too-large"\} 1/)
})

test('a command does not wait for a device that is away: later it would unlock for somebody else', async () => {
  await using store = await open()
  const machine = await onboard(store)
  const persistent = { clean: false, clientId: 'keeps its session' }
  const first = await mqttDevice(store, machine, persistent)
  await first.obey(() => null)
  await first.client.endAsync(true)
  await store.ctx.link.publish(`${first.branch}/command`, { id: 'x', command: 'unlock' })
  await using again = await mqttDevice(store, machine, persistent)
  const commands = await again.obey(() => null)
  await store.ctx.link.publish(`${again.branch}/command`, { id: 'y', command: 'lock' })
  await until(() => commands.length > 0, 'a command that comes now')
  assert.deepEqual(
    commands.map(({ id }) => id),
    ['y']
  )
})
