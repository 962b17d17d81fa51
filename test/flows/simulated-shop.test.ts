/** The simulated shop as an admin starts it from the panel: only in a store that has nothing else, and gone without a trace of a credential. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { machineByKey, openShelves } from '#server/domain/iot/actions.ts'
import { scannerByKey } from '#server/domain/user/actions.ts'
import { simulatedShop } from '#server/http/simulated-shop.ts'
import { openMqtt } from '#server/ingest/mqtt.ts'
import { SimulatedShop } from '#server/processes/simulated-shop.ts'
import { assertProblem, openHttp, openHttpStore, staffCaller } from '#test/support/http.ts'

/** A store that listens, with the shop beside it; without cameras, which would need seconds of a processor. */
async function openSimulatable() {
  await using stack = new AsyncDisposableStack()
  const { ctx } = stack.use(await openHttpStore({ FFMPEG_PATH: '/bin/true', MQTT_PORT: '0' }))
  stack.defer(await openShelves(ctx))
  const broker = await openMqtt(ctx, null)
  stack.defer(broker.stop)
  let url = ''
  const shop = new SimulatedShop(ctx, () => ({ url, mqttUrl: `mqtt://127.0.0.1:${broker.port}` }))
  const app = await openHttp(ctx, {
    machine: (key) => (key === null ? {} : machineByKey(ctx, key)),
    scanner: (key) => (key === null ? null : scannerByKey(ctx, key)),
    apiRoutes: [simulatedShop(shop)]
  })
  stack.defer(() => app.close())
  url = await app.listen({ host: '127.0.0.1', port: 0 })
  stack.defer(() => shop.stop())
  const { send } = await staffCaller(ctx, app, 'admin')
  const resources = stack.move()
  return { ctx, app, send, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}
const SHOP = '/api/v1/simulated-shop'

test('an empty store takes one simulated shop, however often it is asked; ended, its account is disabled', async () => {
  await using box = await openSimulatable()
  const { ctx, app, send } = box
  assertProblem(await (await staffCaller(ctx, app, 'operations')).send('POST', SHOP), 403, 'forbidden')
  assert.equal((await send('GET', '/api/v1/store')).body.isEmpty, true)
  const started = await Promise.all([send('POST', SHOP), send('POST', SHOP)])
  assert.deepEqual(
    started.map(({ status }) => status),
    [200, 200],
    started[0]!.text
  )
  assert.equal(started[0]!.body.startedAt, started[1]!.body.startedAt)
  const accounts = async () =>
    (await send('GET', '/api/v1/staff')).body.items.filter(({ username }: any) => username.startsWith('simulator-'))
  assert.equal((await accounts()).length, 1)
  while ((await send('GET', '/api/v1/scanners')).body.items.length < 2)
    assert.equal((await send('GET', SHOP)).body.endedFor, null)
  const { body } = await send('GET', '/api/v1/store')
  assert.deepEqual([body.isEmpty, typeof body.simulatedSince], [false, 'string'])
  assert.equal((await send('DELETE', SHOP)).body.startedAt, null)
  assert.equal((await send('DELETE', SHOP)).status, 200, 'ended already')
  assert.notEqual((await accounts())[0].disabledAt, null)
  assert.notEqual((await send('POST', SHOP)).body.startedAt, null, 'it may move in again')
})

test('a store in which something is onboarded takes none', async () => {
  await using box = await openSimulatable()
  const { send } = box
  await send('POST', '/api/v1/products', { sku: 'A', name: 'Almond bar', weightGrams: 40, priceMinor: 1000 })
  assertProblem(await send('POST', SHOP), 409, 'store-not-empty')
  const { body } = await send('GET', '/api/v1/store')
  assert.deepEqual([body.simulatedSince, (await send('GET', SHOP)).body.startedAt], [null, null])
})
