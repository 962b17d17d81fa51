/** A store whose devices speak through a broker that is already there (MQTT_URL), and what becomes of answers when that broker is away. */
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { Aedes } from 'aedes'
import { changesOf, type Known, mqttDevice, onboard, rowsOf, until } from '#test/support/devices.ts'
import { handClock } from '#test/support/http.ts'
import { openTestStore } from '#test/support/store.ts'

const heartbeat = ({ machineId }: Known, grams: number) => ({ machineId, scales: rowsOf({ '001': grams }) })

test('a scan whose answer cannot be sent is decided once, and acknowledged', async () => {
  await using store = await openTestStore({ mqtt: true })
  const { body } = await store.admin.send('POST', '/api/v1/scanners', { name: 'front door', tag: 'ENTRY' })
  await using scanner = await mqttDevice(store, { machineId: body.id, deviceKey: body.deviceKey }, { kind: 'scanner' })
  store.ctx.link.attach(() => Promise.reject(new Error('nobody listens')))
  assert.equal(await scanner.publish('scan', { token: 'no code' }), 'acknowledged')
})

test('through an external broker: the same messages, commands, and silence while it is away', async () => {
  await using disk = new AsyncDisposableStack()
  const broker = await openBroker()
  disk.defer(() => broker.stop())
  const own = handClock()
  await using outside = await openTestStore({ clock: own, mqtt: true, env: { MQTT_URL: `mqtt://127.0.0.1:${broker.port}` } })
  const known = await onboard(outside)
  const link = { ctx: outside.ctx, mqttUrl: `mqtt://127.0.0.1:${broker.port}` }
  const device = await mqttDevice(link, known)
  const commands = await device.obey(({ id }) => ({ id, ok: true }))
  await until(async () => {
    await device.say('heartbeat', heartbeat(known, 1000))
    return (await outside.admin.send('GET', `/api/v1/machines/${known.machineId}`)).body.online
  }, 'the store listens')
  own.forward(1000)
  await device.say('heartbeat', '{')
  await device.say('heartbeat', heartbeat(known, 700))
  await until(async () => (await changesOf(outside, known.machineId)).length === 1, 'the change')
  const lock = async () =>
    (await outside.admin.send('POST', '/api/machines/lock', { machineId: known.machineId, lock: true })).body.commandId
  const status = async (id: string) => (await outside.admin.send('GET', `/api/v1/commands/${id}`)).body.status
  const obeyed = await lock()
  await until(async () => (await status(obeyed)) === 'acknowledged', 'the command is obeyed')
  await broker.stop()
  const startedMs = performance.now()
  const unheard = await lock()
  assert.ok(performance.now() - startedMs < 2000, 'nobody waits for a broker that is away')
  own.forward(10_000)
  await outside.drain()
  assert.equal(await status(unheard), 'silent')
  assert.deepEqual(
    commands.map(({ id }) => id),
    [obeyed]
  )
})

/** A broker as a store may already have one. */
async function openBroker() {
  const aedes = await Aedes.createBroker()
  const server = createServer((socket) => void aedes.handle(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  let isOpen = true
  const stop = async () => {
    if (!isOpen) return
    isOpen = false
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    await new Promise<void>((resolve) => aedes.close(() => resolve()))
    await closed
  }
  return { port, stop }
}
