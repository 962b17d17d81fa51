/** What the system before this one got wrong on the shelves, each shown right. (Its mistakes at the doors, with tickets and carts have flows of their own.) */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { changesOf, httpMachine, newHttpMachine, signed, told } from '#test/support/devices.ts'
import { handClock } from '#test/support/http.ts'
import { openTestStore } from '#test/support/store.ts'

const clock = handClock()
const store = await openTestStore({ clock })
after(() => store[Symbol.asyncDispose]())
const sumOf = async (machineId: string) => (await changesOf(store, machineId)).map(signed).reduce((a, b) => a + b, 0)

test('two machines in turn with nothing happening: no change', async () => {
  const fridge = await newHttpMachine(store)
  const shelf = await newHttpMachine(store)
  for (let n = 0; n < 100; n++) {
    await fridge.beat({ '001': 5000 + (n % 3), '002': 120, '003': 0 })
    clock.forward(500)
    await shelf.beat({ '001': 800 - (n % 2), '002': 7000, '003': 2500 })
    clock.forward(500)
  }
  assert.deepEqual([await told(store, fridge.machineId), await told(store, shelf.machineId)], [[], []])
})

for (const [pace, stepMs] of [
  ['a second apart', 1000],
  ['ten a second', 100],
  ['as fast as they come', 0],
  ['a minute apart', 60_000]
] as const) {
  test(`20 g fifty times, ${pace}: 1 kg in all`, async () => {
    const machine = await newHttpMachine(store)
    await machine.beat({ '001': 5000 })
    for (let n = 1; n <= 50; n++) {
      clock.forward(stepMs)
      await machine.beat({ '001': 5000 - n * 20 })
    }
    clock.forward(1000)
    await machine.beat({ '001': 4000 })
    clock.forward(10_000)
    await store.drain()
    assert.equal(await sumOf(machine.machineId), -1000)
  })
}

test('exactly 30 g fifty times, a second apart: fifty rows, 1 500 g in all', async () => {
  const machine = await newHttpMachine(store)
  await machine.beat({ '001': 5000 })
  for (let n = 1; n <= 50; n++) {
    clock.forward(1000)
    await machine.beat({ '001': 5000 - n * 30 })
  }
  assert.deepEqual(await told(store, machine.machineId), Array(50).fill('001 -30'))
})

test('a change made while the server was down is found late, with the span in which it happened', async () => {
  const own = handClock()
  await using first = await openTestStore({ clock: own })
  const machine = await newHttpMachine(first)
  await machine.beat({ '001': 1000, '002': 2000 })
  const lastSeen = own.now().toISOString()
  const { body } = await first.admin.send('POST', `/api/v1/machines/${machine.machineId}/device-key`)
  own.forward(600_000)
  await using again = await openTestStore({ clock: own, on: first })
  await httpMachine(again, body).beat({ '001': 1000, '002': 1500 })
  const [change, ...others] = await changesOf(again, machine.machineId)
  assert.equal(others.length, 0)
  assert.deepEqual(
    [change!.scaleId, signed(change!), change!.foundLate, change!.occurredFrom, change!.occurredAt],
    ['002', -500, true, lastSeen, own.now().toISOString()]
  )
})

test('a slow pick is found, a light product seen, and what creeps is no pick', async () => {
  const machine = await newHttpMachine(store)
  const crisps = await store.admin.send('POST', '/api/v1/products', {
    sku: 'CRISPS',
    name: 'Crisps',
    weightGrams: 24,
    priceMinor: 4000
  })
  const facings = [{ productId: crisps.body.id, scaleIds: ['light'] }]
  assert.equal((await store.admin.send('PUT', `/api/v1/machines/${machine.machineId}/planogram`, { facings })).status, 200)
  const beat = async (slow: number, light: number, creeping: number) => {
    await machine.beat({ slow, light, creeping })
    clock.forward(1000)
  }
  await beat(3000, 500, 1000)
  for (let n = 1; n <= 3; n++) await beat(3000 - n * 20, 500, 1000)
  for (let n = 0; n < 3; n++) await beat(2940, 476, 1000)
  for (let n = 0; n < 1800; n++) await beat(2940, 476, Math.round(1000 - n / 30))
  const sums = Map.groupBy(await changesOf(store, machine.machineId), (change) => change.scaleId)
  assert.deepEqual(
    ['slow', 'light', 'creeping'].map((scaleId) => (sums.get(scaleId) ?? []).map(signed).reduce((a, b) => a + b, 0)),
    [-60, -24, 0]
  )
})
