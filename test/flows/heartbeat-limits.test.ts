/** How much one device may ask of the box, and what devices without a key may. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { newHttpMachine, rowsOf } from '#test/support/devices.ts'
import { assertProblem, handClock, sender } from '#test/support/http.ts'
import { openTestStore } from '#test/support/store.ts'

const store = await openTestStore()
after(() => store[Symbol.asyncDispose]())
const JSON_TYPE = { 'content-type': 'application/json' }
const PATH = '/api/machines/heartbeat'

test('a machine has at most 4 096 scales: what names more is refused whole', async () => {
  const wide = await newHttpMachine(store)
  const rows = (from: number, count: number) => Array.from({ length: count }, (_, n) => [`s${from + n}`, 1])
  const post = (scales: unknown[]) => wide.post({ machineId: wide.machineId, scales, headers: ['scaleId', 'currentWeight'] })
  assert.equal((await post(rows(0, 4096))).status, 200)
  const answer = await post([...rows(0, 10), ...rows(5000, 1)])
  assert.deepEqual([answer.status, answer.body.field], [422, 'scales'], answer.text)
  assert.equal((await post(rows(0, 10))).status, 200)
})

test('a device over its rate is told to slow down until a moment later, its neighbours are not', async () => {
  const clock = handClock()
  await using slow = await openTestStore({ clock, env: { DEVICE_RATE_PER_SECOND: '1000' } })
  const [flood, neighbour] = [await newHttpMachine(slow), await newHttpMachine(slow)]
  const body = JSON.stringify({ machineId: flood.machineId, scales: rowsOf({ '001': 500 }) })
  let taken = 0
  for (let round = 0; round < 8; round++) {
    const answers = await Promise.all(Array.from({ length: 250 }, () => flood.post(body, JSON_TYPE)))
    taken += answers.filter((answer) => answer.status === 200).length
  }
  assert.equal(taken, 2000)
  assertProblem(await flood.post(body, JSON_TYPE), 429, 'too-many-requests')
  assertProblem(await flood.post('{', JSON_TYPE), 429, 'too-many-requests')
  await neighbour.beat({ '001': 500 })
  clock.forward(10)
  assert.equal((await flood.post(body, JSON_TYPE)).status, 200)
})

test('with ALLOW_ANONYMOUS_DEVICES a heartbeat needs no key, and a wrong one is still refused', async () => {
  await using open = await openTestStore({ env: { ALLOW_ANONYMOUS_DEVICES: 'true' } })
  const known = await newHttpMachine(open)
  const second = await newHttpMachine(open)
  const send = sender(open.app)
  const good = { machineId: known.machineId, scales: rowsOf({ '001': 500 }) }
  assert.equal((await send('POST', PATH, good)).status, 200)
  assertProblem(await send('POST', PATH, good, { authorization: 'Bearer nonsense' }), 401, 'unauthorized')
  assertProblem(await second.post(good), 403, 'wrong-device')
  assertProblem(await send('POST', PATH, { ...good, machineId: 'nobody' }), 404, 'not-found')
  assertProblem(await send('GET', `/api/machines/${known.machineId}/status`), 401, 'unauthorized')
})
