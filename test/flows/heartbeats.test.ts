/** Heartbeats that are taken: both forms of the wire, and the weight changes that come of them. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, test } from 'node:test'
import {
  changesOf,
  envelope,
  httpMachine,
  newHttpMachine,
  onboard,
  rowsOf,
  scalesOf,
  signed,
  told
} from '#test/support/devices.ts'
import { handClock } from '#test/support/http.ts'
import { NO_SHARED_DATA, sharedData } from '#test/support/shared-data.ts'
import { openTestStore } from '#test/support/store.ts'

const clock = handClock()
const store = await openTestStore({ clock })
after(() => store[Symbol.asyncDispose]())

/** Time passes. */
async function later(ms = 1000): Promise<void> {
  clock.forward(ms)
}

test('a machine’s first heartbeat makes its scales and no change', async () => {
  const machine = await newHttpMachine(store)
  await machine.beat({ '001': 1805, '002': 1522 })
  assert.deepEqual(await told(store, machine.machineId), [])
  const scales = await scalesOf(store, machine.machineId)
  assert.deepEqual(
    [...scales.values()].map(({ scaleId, weightGrams, baselineGrams }) => [scaleId, weightGrams, baselineGrams]),
    [
      ['001', 1805, 1805],
      ['002', 1522, 1522]
    ]
  )
})

test('both forms of the wire, strings and numbers, columns in any order say the same', async () => {
  const { machineId } = await newHttpMachine(store)
  const machine = httpMachine(store, {
    machineId,
    deviceKey: (await store.admin.send('POST', `/api/v1/machines/${machineId}/device-key`)).body.deviceKey
  })
  const ways: ((kg: number) => object)[] = [
    (kg) => ({ machineId, scales: [['7', '0', '0', String(kg)]] }),
    (kg) => ({ machineId, scales: [[7, 0, 0, kg]] }),
    (kg) => ({ machineId, scales: [['7', ` ${kg} `, `+${kg}`, `${kg}e0`]] }),
    (kg) => ({ machineId, scales: [[String(kg), '7']], headers: ['currentWeight', 'scaleId'] }),
    (kg) => ({
      machineId,
      scales: [['x', kg, null, '7', kg, kg]],
      headers: ['colour', 'maxWeight', 'spare', 'scaleId', 'currentWeight', 'minWeight']
    }),
    (kg) => envelope(machineId, { machineId, scales: [['7', '0', '0', String(kg)]] }),
    (kg) => envelope(machineId, { machineId, format: 'CSV', scales: [[kg, '7']], headers: ['currentWeight', 'scaleId'] }),
    (kg) => ({
      machineId,
      scales: [['7', 0, 0, kg]],
      headers: null,
      eventTime: null,
      bootId: null,
      seq: null,
      surprise: { a: [1] }
    })
  ]
  for (const [n, way] of ways.entries()) {
    const answer = await machine.post(way(1 + n / 10))
    assert.deepEqual([answer.status, answer.body], [200, { status: 'success' }], answer.text)
    await later()
  }
  const changes = await changesOf(store, machineId)
  assert.deepEqual(
    changes.map(signed),
    ways.slice(1).map(() => 100)
  )
})

test('a content type with a charset, a path with a slash at its end and an upper-case scheme are as good', async () => {
  const machine = await newHttpMachine(store)
  const body = JSON.stringify({ machineId: machine.machineId, scales: rowsOf({ a: 100 }) })
  const headers = { authorization: `BEARER ${machine.deviceKey}`, 'content-type': 'application/json; charset=utf-8' }
  const answer = await store.app.inject({ method: 'POST', url: '/api/machines/heartbeat/', headers, payload: body })
  assert.equal(answer.statusCode, 200, answer.body)
})

const RECORDED = sharedData('heartbeats')
const recordings = RECORDED === null && NO_SHARED_DATA
test('four recorded heartbeats give exactly the six changes that are due, at the time they were received', {
  skip: recordings
}, async () => {
  const lines = readFileSync(`${RECORDED}/recorded.ndjson`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const expected = JSON.parse(readFileSync(`${RECORDED}/expected.json`, 'utf8')) as {
    after: string
    changes: { scaleId: string; status: string; grams: number }[]
  }[]
  const own = handClock(new Date(lines[0].receivedAt))
  await using past = await openTestStore({ clock: own })
  const machine = await newHttpMachine(past, '1644496921479')
  for (const { receivedAt, body } of lines) {
    own.forward(Date.parse(receivedAt) - own.now().getTime())
    assert.equal((await machine.post(body)).status, 200)
  }
  const due = expected.flatMap(({ after: at, changes }) =>
    changes.map((change) => ({ ...change, occurredAt: new Date(at).toISOString() }))
  )
  const order = (a: { occurredAt: string; scaleId: string }, b: typeof a) =>
    `${a.occurredAt}${a.scaleId}`.localeCompare(`${b.occurredAt}${b.scaleId}`)
  const found = (await changesOf(past, '1644496921479')).map(({ scaleId, status, grams, occurredAt }) => ({
    scaleId,
    status,
    grams,
    occurredAt
  }))
  assert.deepEqual(found.toSorted(order), due.toSorted(order))
  assert.equal(found.length, 6)
})

test('a change carries weights before and after, its times, its machine session and where it comes from', async () => {
  const machine = await newHttpMachine(store)
  await machine.beat({ '001': 1000, '002': 500 })
  await later()
  const at = clock.now().toISOString()
  await machine.beat({ '001': 700, '002': 500 })
  const [change, ...others] = await changesOf(store, machine.machineId)
  assert.equal(others.length, 0)
  const { id, machineSessionId, ...facts } = change!
  assert.match(id, /^[0-9a-f-]{36}$/)
  assert.match(machineSessionId!, /^[0-9a-f-]{36}$/)
  const weights = { status: 'PICKED', grams: 300, weightBefore: 1000, weightAfter: 700 }
  const times = { occurredAt: at, occurredFrom: at, receivedAt: at }
  assert.deepEqual(facts, {
    ...{ machineId: machine.machineId, scaleId: '001', ...weights, ...times },
    ...{ source: 'heartbeat', settled: false, version: 1, foundLate: false, movementId: null, visitIds: [], roles: [] }
  })
  await later()
  await machine.beat({ '001': 702, '002': 500 })
  const [settled] = await changesOf(store, machine.machineId)
  assert.deepEqual([settled!.id, settled!.grams, settled!.settled, settled!.version], [id, 298, true, 2])
})

test('a change that the next reading takes back is in no list and no sum', async () => {
  const machine = await newHttpMachine(store)
  for (const grams of [1000, 600, 1000, 1001]) {
    await machine.beat({ '001': grams })
    await later()
  }
  assert.deepEqual(await told(store, machine.machineId), [])
})

test('with no further reading for 10 s a change stands as it is', async () => {
  const machine = await newHttpMachine(store)
  await machine.beat({ '001': 1000 })
  await later()
  await machine.beat({ '001': 600 })
  await later(9000)
  await store.drain()
  assert.equal((await changesOf(store, machine.machineId))[0]!.settled, false)
  await later(1000)
  await store.drain()
  const [stands] = await changesOf(store, machine.machineId)
  assert.deepEqual([stands!.settled, stands!.grams], [true, 400])
})

test('ten machines on ten connections at once: each change once, under its own machine', async () => {
  const url = await store.app.listen({ host: '127.0.0.1', port: 0 })
  const machines = await Promise.all(Array.from({ length: 10 }, () => onboard(store)))
  const post = async ({ machineId, deviceKey }: (typeof machines)[number], grams: number, seq: number) => {
    const headers = { authorization: `Bearer ${deviceKey}`, 'content-type': 'application/json' }
    const body = JSON.stringify({ machineId, scales: rowsOf({ '001': grams, '002': 500 }), bootId: 'b', seq })
    const answer = await fetch(`${url}/api/machines/heartbeat`, { method: 'POST', headers, body })
    assert.equal(answer.status, 200, await answer.text())
  }
  for (let seq = 1; seq <= 11; seq++) {
    await later()
    await Promise.all(machines.map((machine, n) => post(machine, 20_000 - seq * (100 + n), seq)))
  }
  for (const [n, { machineId }] of machines.entries())
    assert.deepEqual(await told(store, machineId), Array(10).fill(`001 ${-100 - n}`))
})
