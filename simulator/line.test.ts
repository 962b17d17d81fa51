/** A device's connection, against a real broker and a real HTTP server: presence, order, and nothing that was not taken is given up. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { test } from 'node:test'
import { Aedes } from 'aedes'
import { answerCommands, answerTo } from './devices/command.ts'
import { sendHeartbeat } from './devices/heartbeat.ts'
import { showScan } from './devices/scan.ts'
import { productsOn, snackShelf } from './layouts.ts'
import { DeviceLine, type LineSettings } from './line.ts'
import { openMachine, type ProductSpec } from './machine.ts'
import { randomFrom } from './random.ts'
import { readGrams } from './shelf.ts'

const portOf = (server: Server) => (server.address() as AddressInfo).port
const said: string[] = []
const line = (settings: Partial<LineSettings>) =>
  new DeviceLine({
    ...{ kind: 'machine', deviceId: 'm1', deviceKey: 'secret', transport: 'mqtt', storeId: 's1' },
    ...{ baseUrl: 'http://127.0.0.1:9', mqttUrl: 'mqtt://127.0.0.1:9', say: (text: string) => void said.push(text) },
    ...settings
  })

async function openBroker(port = 0) {
  const broker = await Aedes.createBroker()
  const server = createServer(broker.handle)
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const heard: { topic: string; text: string; retain: boolean }[] = []
  broker.on('publish', ({ topic, payload, retain }, client) => client && heard.push({ topic, text: payload.toString(), retain }))
  const close = async () => {
    server.close()
    await new Promise<void>((resolve) => broker.close(() => resolve()))
  }
  return { broker, heard, port: portOf(server), url: `mqtt://127.0.0.1:${portOf(server)}`, close }
}

async function until(isSo: () => boolean, what: string): Promise<void> {
  for (const deadline = Date.now() + 10_000; !isSo(); await new Promise((resolve) => setTimeout(resolve, 10)))
    assert(Date.now() < deadline, `in 10 s not: ${what}`)
}

const machine = () => {
  const spec = snackShelf()
  return openMachine(spec, new Map(productsOn([spec]).map((p): [string, ProductSpec] => [p.sku, p])), randomFrom(1))
}

test('a device says that it is online, and offline when it stops', async () => {
  const store = await openBroker()
  const device = line({ mqttUrl: store.url })
  await device.start()
  sendHeartbeat(device, { machineId: 'm1', scales: [['001', 1, 1, 1]] })
  await device.stop()
  assert.deepEqual(
    store.heard.map(({ topic, text, retain }) => [topic.replace('store/s1/machine/m1/', ''), text.slice(0, 7), retain]),
    [
      ['status', 'online', true],
      ['heartbeat', '{"machi', false],
      ['status', 'offline', true]
    ]
  )
  await store.close()
})

test('what a broker did not acknowledge is sent again to the next', async () => {
  const first = await openBroker()
  const device = line({ mqttUrl: first.url })
  await device.start()
  await first.close()
  for (const seq of [1, 2, 3]) sendHeartbeat(device, { machineId: 'm1', scales: [['001', 1, 1, 1]], bootId: 'b', seq })
  const second = await openBroker(first.port)
  const seqs = () => second.heard.filter((m) => m.topic.endsWith('heartbeat')).map((m) => JSON.parse(m.text).seq)
  await until(() => new Set(seqs()).size === 3, 'all three heartbeats came')
  await device.stop()
  await second.close()
})

test('over HTTP one body goes after the other, again while the store is away, and a refused one is not repeated', async () => {
  const answers = [503, 500, 200, 422, 200]
  const seen: [number, string | undefined][] = []
  const server = createHttpServer(async (request, response) => {
    const body = JSON.parse((await request.toArray()).join(''))
    seen.push([body.seq, request.headers.authorization])
    response.writeHead(answers.shift()!).end('{}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const device = line({ transport: 'http', baseUrl: `http://127.0.0.1:${portOf(server)}` })
  for (const seq of [1, 2, 3]) sendHeartbeat(device, { machineId: 'm1', scales: [['001', 1, 1, 1]], bootId: 'b', seq })
  await until(() => seen.length === 5, 'five requests')
  assert.deepEqual(
    seen.map(([seq]) => seq),
    [1, 1, 1, 2, 3]
  )
  assert(seen.every(([, authorization]) => authorization === 'Bearer secret'))
  assert(said.some((text) => text.includes('422')))
  await device.stop()
  server.closeAllConnections()
  server.close()
})

test('an MQTT scanner hears what the door says, or that it says nothing', async () => {
  const store = await openBroker()
  const answers = [
    { status: 'refused', reason: 'expired', message: '' },
    { status: 'success', visitId: 'v', userId: 'u', role: 'customer' }
  ]
  store.broker.on('publish', ({ topic }) => {
    if (!topic.endsWith('/scan')) return
    const payload = Buffer.from(JSON.stringify(answers.shift()))
    store.broker.publish(
      { cmd: 'publish', topic: 'store/s1/scanner/d1/result', payload, qos: 1, retain: false, dup: false },
      () => undefined
    )
  })
  const scanner = line({ kind: 'scanner', deviceId: 'd1', mqttUrl: store.url })
  await scanner.start()
  const scan = { token: 't', at: new Date().toISOString() }
  assert.deepEqual(await showScan(scanner, 'ENTRY', scan), { refused: 'expired' })
  assert.deepEqual(await showScan(scanner, 'ENTRY', scan), { visitId: 'v' })
  assert.equal(await scanner.answerOn('store/s1/scanner/d1/result', () => undefined, 50), null)
  await scanner.stop()
  await store.close()
})

test('a machine obeys, refuses or ignores a command, and a tare makes it read zero', async () => {
  const obeying = machine()
  assert.deepEqual(answerTo(obeying, { id: '1', command: 'lock' }, 0), { id: '1', ok: true })
  assert.equal(obeying.isLocked, true)
  assert.deepEqual(answerTo(obeying, { id: '2', command: 'tare', scaleId: '003' }, 1000), { id: '2', ok: true })
  assert(Math.abs(readGrams(obeying.shelf, 2, 1000)) < 10)
  assert(readGrams(obeying.shelf, 1, 1000) > 100)
  assert.equal(answerTo(obeying, { id: '3', command: 'tare', scaleId: '999' }, 1000)?.ok, false)
  obeying.spec = { ...obeying.spec, commands: 'refuses' }
  assert.equal(answerTo(obeying, { id: '4', command: 'unlock' }, 0)?.ok, false)
  obeying.spec = { ...obeying.spec, commands: 'ignores' }
  assert.equal(answerTo(obeying, { id: '5', command: 'unlock' }, 0), null)
  assert.equal(obeying.isLocked, true)
})

test('a command that comes over MQTT is answered over MQTT', async () => {
  const store = await openBroker()
  const device = line({ mqttUrl: store.url })
  await device.start()
  const subscribed = once(store.broker, 'subscribe')
  answerCommands(device, machine(), { now: () => 0, say: () => undefined })
  await subscribed
  const payload = Buffer.from('{"id":"c1","command":"unlock"}')
  store.broker.publish(
    { cmd: 'publish', topic: 'store/s1/machine/m1/command', payload, qos: 1, retain: false, dup: false },
    () => undefined
  )
  await until(
    () => store.heard.some((m) => m.topic === 'store/s1/machine/m1/command/ack' && m.text === '{"id":"c1","ok":true}'),
    'the ack'
  )
  await device.stop()
  await store.close()
})
