/** What one MQTT peer can take from the others: a bounded piece of memory, a bounded number of lines, and none of their time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectAsync } from 'mqtt'
import { until } from '#test/support/devices.ts'
import { bytesOf, connectBytes, type Line, openLine } from './mqtt-line.ts'
import { asStrangers, comparison, quietEnough, settled } from './neighbours.ts'
import { addMachine, openGoodDevice, openRealStore, type RealStore } from './real-store.ts'

const linesTo = (store: RealStore, count: number): Promise<Line[]> =>
  Promise.all(Array.from({ length: count }, () => openLine(store.mqttUrl)))
const stillOpen = (lines: Line[]) => lines.filter((line) => line.isOpen()).length
const signedIn = ({ machineId, deviceKey }: { machineId: string; deviceKey: string }, more = {}) =>
  connectBytes({ username: machineId, password: Buffer.from(deviceKey), ...more })

test('a packet of 256 MB that drips in is cut at its fixed header, before and after sign-in, and costs no memory', async () => {
  await using store = await openRealStore()
  const known = await addMachine(store, 'm1')
  const quiet = store.residentMiB()
  const endless = Buffer.from([0x32, 0xff, 0xff, 0xff, 0x7f])
  const megabyte = Buffer.alloc(1024 * 1024, 0x61)
  for (const hello of [[], [signedIn(known)]])
    for (let n = 0; n < 20; n++) {
      using line = await openLine(store.mqttUrl)
      line.send(...hello, endless)
      for (let m = 0; m < 16 && line.isOpen(); m++) line.send(megabyte)
      assert.ok(await line.isCut(), 'cut')
    }
  using big = await openLine(store.mqttUrl)
  big.send(Buffer.from([0x10, 0xff, 0xff, 0x03]), Buffer.alloc(5000))
  assert.ok(await big.isCut(), 'a CONNECT of 64 KiB is none')
  assert.ok(store.residentMiB() - quiet < 80, `${quiet} → ${store.residentMiB()} MiB`)
})

test('a device that asks for 60 000 topics at once is cut before it keeps anybody waiting', async () => {
  await using store = await openRealStore()
  const known = await addMachine(store, 'm1')
  const topics = Buffer.alloc(60_000 * 4).fill(Buffer.from([0, 1, 0x61, 0]))
  const packet = Buffer.concat([Buffer.from([0x82, 0x82, 0xd3, 0x0e, 0, 1]), topics])
  using line = await openLine(store.mqttUrl)
  line.send(signedIn(known))
  assert.equal((await line.hears('connack'))?.returnCode, 0)
  line.send(packet)
  assert.ok(await line.isCut(), 'cut')
  assert.equal(
    line.heard.find(({ cmd }) => cmd === 'suback'),
    undefined
  )
})

test('500 lines that never say CONNECT are cut in time and shut no device out', async () => {
  await using store = await openRealStore()
  const known = await addMachine(store, 'm1')
  const half = await linesTo(store, 500)
  half.forEach((line, n) => void (n % 2 && line.send(Buffer.from([0x10]))))
  await until(() => stillOpen(half) <= 128, 'of the strangers only the last 128 are kept')
  const startedMs = performance.now()
  const device = await connectAsync(store.mqttUrl, { username: 'm1', password: known.deviceKey })
  assert.ok(performance.now() - startedMs < 2000)
  await until(() => stillOpen(half) === 0, 'all are cut after ten seconds', 15_000)
  assert.ok(device.connected)
  await device.endAsync(true)
})

test('500 lines of one device that sign in and go silent: it keeps a few, and those end with their keep-alive', async () => {
  await using store = await openRealStore()
  const [flooding, good] = [await addMachine(store, 'm1'), await addMachine(store, 'm2')]
  await using neighbour = await openGoodDevice(store, good)
  const lines: Line[] = []
  for (let n = 0; n < 500; n++) {
    const line = await openLine(store.mqttUrl)
    line.send(signedIn(flooding, { clientId: `c${n}`, keepalive: 2 }))
    await line.hears('connack')
    lines.push(line)
  }
  await until(() => stillOpen(lines) <= 8, 'a device has eight lines')
  await until(() => stillOpen(lines) === 0, 'silent for longer than their keep-alive', 8000)
  assert.equal((await neighbour.report()).failures, 0)
})

test('one device that floods is slowed or cut; its neighbours’ answers stay quick', async (t) => {
  await using store = await openRealStore()
  const [flooding, good] = [await addMachine(store, 'm1'), await addMachine(store, 'm2')]
  const { storeId } = await store.call('GET', '/api/v1/store')
  await using neighbour = await openGoodDevice(store, good)
  const quiet = await settled(neighbour)
  const before = store.residentMiB()
  const topic = `store/${storeId}/machine/m1/heartbeat`
  const beat = (grams: number) => JSON.stringify({ machineId: 'm1', scales: [['001', '0', '0', String(grams)]] })
  const client = await connectAsync(store.mqttUrl, { username: 'm1', password: flooding.deviceKey, reconnectPeriod: 100 })
  client.on('error', () => {})
  const endMs = performance.now() + 6000
  await asStrangers(async () => {
    for (let n = 0; performance.now() < endMs; n++) {
      for (let m = 0; m < 20; m++) client.publish(topic, beat((n + m) % 2), { qos: 1 })
      using pings = n % 50 === 0 ? await openLine(store.mqttUrl) : null
      pings?.send(signedIn(flooding), Buffer.alloc(60_000, bytesOf({ cmd: 'pingreq' })))
      await sleep(10)
    }
  })
  const loud = await neighbour.report()
  await client.endAsync(true)
  const grown = store.residentMiB() - before
  t.diagnostic(`${comparison(quiet, loud)}; memory +${Math.round(grown)} MiB`)
  await quietEnough(neighbour, quiet, loud)
  assert.ok(grown < 150, `${grown} MiB`)
})
