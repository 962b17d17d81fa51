/** Scales: they appear, vanish and come back, are taken out of use, and hear of new products at once. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { changesOf, newHttpMachine, scalesOf, signed, told } from '#test/support/devices.ts'
import { handClock } from '#test/support/http.ts'
import { openTestStore } from '#test/support/store.ts'

const clock = handClock()
const store = await openTestStore({ clock })
after(() => store[Symbol.asyncDispose]())

/** Time passes. */
async function later(ms = 1000): Promise<void> {
  clock.forward(ms)
}

test('scales vanish and come back: what changed meanwhile is found, late, with its span', async () => {
  const machine = await newHttpMachine(store)
  await machine.beat({ '001': 1000, '002': 2000 })
  const lastSeen = clock.now().toISOString()
  for (let n = 0; n < 30; n++) {
    await later()
    await machine.beat({ '001': 1000 })
  }
  await later()
  const at = clock.now().toISOString()
  await machine.beat({ '001': 1000, '002': 1500, '003': 700 })
  const [change, ...others] = await changesOf(store, machine.machineId)
  assert.equal(others.length, 0)
  assert.deepEqual(
    [change!.scaleId, signed(change!), change!.foundLate, change!.occurredFrom, change!.occurredAt],
    ['002', -500, true, lastSeen, at]
  )
  assert.deepEqual([...(await scalesOf(store, machine.machineId)).keys()], ['001', '002', '003'])
})

test('a disabled scale says nothing; back in use its next reading is its first', async () => {
  const machine = await newHttpMachine(store)
  const use = async (disabled: boolean) => {
    const answer = await store.admin.send('PATCH', `/api/v1/machines/${machine.machineId}/scales/001`, { disabled })
    assert.deepEqual([answer.status, answer.body.disabled], [200, disabled], answer.text)
  }
  await machine.beat({ '001': 1000, '002': 1000 })
  await later()
  await use(true)
  await machine.beat({ '001': 300, '002': 900 })
  await later()
  await machine.beat({ '001': 100, '002': 900 })
  await use(false)
  await machine.beat({ '001': 100, '002': 900 })
  await later()
  await machine.beat({ '001': 50, '002': 900 })
  assert.deepEqual(await told(store, machine.machineId), ['002 -100', '001 -50'])
})

test('a change that was unsettled when its scale was disabled stands, and is not forgotten when it comes back', async () => {
  const machine = await newHttpMachine(store)
  await machine.beat({ '001': 1000 })
  await later()
  await machine.beat({ '001': 600 })
  for (const disabled of [true, false])
    await store.admin.send('PATCH', `/api/v1/machines/${machine.machineId}/scales/001`, { disabled })
  await later()
  await machine.beat({ '001': 600 })
  await later(20_000)
  await store.drain()
  assert.deepEqual(
    (await changesOf(store, machine.machineId)).map((change) => [signed(change), change.settled]),
    [[-400, true]]
  )
})

test('a new planogram changes the threshold at once, and so does a product’s new weight', async () => {
  const machine = await newHttpMachine(store)
  const product = await store.admin.send('POST', '/api/v1/products', {
    sku: 'LIGHT',
    name: 'Light',
    weightGrams: 24,
    priceMinor: 100
  })
  await machine.beat({ '001': 1000, '002': 1000 })
  await later()
  await machine.beat({ '001': 985, '002': 985 })
  assert.deepEqual(await told(store, machine.machineId), [], 'below 30 g, without planogram')
  await machine.beat({ '001': 1000, '002': 1000 })
  const facings = [{ productId: product.body.id, scaleIds: ['001'] }]
  const put = await store.admin.send('PUT', `/api/v1/machines/${machine.machineId}/planogram`, { facings })
  assert.equal(put.status, 200, put.text)
  const thresholds = async () => [...(await scalesOf(store, machine.machineId)).values()].map((scale) => scale.thresholdGrams)
  assert.deepEqual(await thresholds(), [12, 30])
  await later()
  await machine.beat({ '001': 985, '002': 985 })
  assert.deepEqual(await told(store, machine.machineId), ['001 -15'])
  await store.admin.send('PATCH', `/api/v1/products/${product.body.id}`, { weightGrams: 48 })
  assert.deepEqual(await thresholds(), [24, 30])
  const headers = { 'content-type': 'text/csv' }
  const csv = 'sku,barcode,name,weightGrams,weightToleranceGrams,priceMinor,active\nLIGHT,,Light,40,0,100,true\n'
  const imported = await store.admin.send('POST', '/api/v1/products/import', csv, headers)
  assert.equal(imported.status, 200, imported.text)
  assert.deepEqual(await thresholds(), [20, 30])
})
