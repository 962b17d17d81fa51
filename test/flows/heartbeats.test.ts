/** Heartbeats that are taken: both forms of the wire, order and duplicates, and the weight changes that come of them. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { changesOf, httpMachine, newHttpMachine, onboard, rowsOf, scalesOf, signed, told, until } from '#test/support/devices.ts'
import { handClock } from '#test/support/http.ts'
import { openTestStore } from '#test/support/store.ts'

const clock = handClock()
const store = await openTestStore({ clock })
after(() => store[Symbol.asyncDispose]())

/** Some seconds later, everything that is due has been done. */
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

const RECORDED = '/work/shared/data/heartbeats'
const recordings = existsSync(`${RECORDED}/recorded.ndjson`) ? false : `SKIPPED: no recorded heartbeats at ${RECORDED}`
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

test('the same heartbeat twice counts once, with a sequence and without', async () => {
  const machine = await newHttpMachine(store)
  for (const order of [{}, { seq: 1 }, { bootId: 'b', seq: 1 }]) {
    const start = 1000 - 100 * (await told(store, machine.machineId)).length
    await machine.beat({ '001': start }, 'seq' in order ? { ...order, seq: 0 } : {})
    await later(61_000)
    for (let times = 0; times < 3; times++) await machine.beat({ '001': start - 100 }, order)
    await later()
  }
  assert.deepEqual(await told(store, machine.machineId), ['001 -100', '001 -100', '001 -100'])
})

test('a heartbeat that is older than the last one changes nothing', async () => {
  const machine = await newHttpMachine(store)
  await machine.beat({ '001': 1000 }, { bootId: 'b', seq: 5 })
  await later()
  await machine.beat({ '001': 700 }, { bootId: 'b', seq: 9 })
  await later()
  for (const seq of [5, 6, 8, 9]) await machine.beat({ '001': 1000 }, { bootId: 'b', seq })
  await machine.beat({ '001': 700 }, { bootId: 'b', seq: 10 })
  assert.deepEqual(await told(store, machine.machineId), ['001 -300'])
})

test('a new boot counts from its own start, and messages of the one before are old', async () => {
  const machine = await newHttpMachine(store)
  await machine.beat({ '001': 1000 }, { bootId: 'one', seq: 900 })
  await later()
  await machine.beat({ '001': 800 }, { bootId: 'two', seq: 1 })
  await machine.beat({ '001': 1000 }, { bootId: 'one', seq: 901 })
  await later()
  await machine.beat({ '001': 800 }, { bootId: 'two', seq: 2 })
  assert.deepEqual(await told(store, machine.machineId), ['001 -200'])
})

test('without a boot id a lower sequence is an old message, after a minute of silence a new boot', async () => {
  const machine = await newHttpMachine(store)
  await machine.beat({ '001': 1000 }, { seq: 100 })
  await later()
  await machine.beat({ '001': 500 }, { seq: 3 })
  assert.deepEqual(await told(store, machine.machineId), [])
  await later(60_000)
  await machine.beat({ '001': 900 }, { seq: 1 })
  await later()
  await machine.beat({ '001': 900 }, { seq: 2 })
  assert.deepEqual(await told(store, machine.machineId), ['001 -100'])
})

test('an envelope’s id and a clock that stands still remove nothing', async () => {
  const machine = await newHttpMachine(store)
  for (const grams of [1000, 800, 600, 400]) {
    await machine.post(envelope(machine.machineId, { machineId: machine.machineId, scales: rowsOf({ '001': grams }) }))
    await later()
  }
  assert.deepEqual(await told(store, machine.machineId), ['001 -200', '001 -200', '001 -200'])
})

test('a device clock that is a little off is corrected, an absurd one falls back to the receive time', async () => {
  const machine = await newHttpMachine(store)
  const beat = (grams: number, deviceMs: number) =>
    machine.beat({ '001': grams }, { eventTime: new Date(deviceMs).toISOString() })
  const nowMs = () => clock.now().getTime()
  await beat(1000, nowMs() - 90_000)
  await later()
  await beat(800, nowMs() - 90_000)
  await later()
  await later(4000) // this one was on its way for 4 s
  await beat(600, nowMs() - 94_000)
  await later()
  await beat(400, nowMs() - 10 * 365 * 86_400_000)
  await later()
  await machine.beat({ '001': 200 }, { eventTime: 'yesterday, at noon' })
  const changes = await changesOf(store, machine.machineId)
  assert.deepEqual(
    changes.map(({ occurredAt, receivedAt }) => Date.parse(receivedAt) - Date.parse(occurredAt)),
    [0, 4000, 0, 0]
  )
  assert.equal((await store.admin.send('GET', `/api/v1/machines/${machine.machineId}`)).body.clockOffsetMs, 90_000)
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

test('an answer of a duplicate waits for the commit of the first', async () => {
  const machine = await newHttpMachine(store)
  await machine.beat({ '001': 1000 }, { bootId: 'b', seq: 1 })
  await later()
  const holder = await store.ctx.pool.connect()
  try {
    await holder.query('BEGIN; LOCK TABLE weight_change IN EXCLUSIVE MODE')
    let answered = 0
    const both = [1, 2].map(() => machine.beat({ '001': 500 }, { bootId: 'b', seq: 2 }).then(() => answered++))
    const waiting = () =>
      store.ctx.pool.query(`SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'weight_change'::regclass`)
    await until(async () => (await waiting()).rows.length > 0, 'the commit meets the lock')
    assert.equal(answered, 0)
    await holder.query('COMMIT')
    await Promise.all(both)
  } finally {
    holder.release()
  }
  assert.deepEqual(await told(store, machine.machineId), ['001 -500'])
})

/** The form of older firmware: the same id and the same time in every one. */
function envelope(machineId: string, heartbeat: object): object {
  const facts = { id: '76982872-c1d9-478e-8f50-2cd659ee8d68', eventType: 'machine.heartbeat.logs', source: 'niflr-machine-api' }
  return { ...facts, machineId, eventTime: '2023-01-09 16:18:13', payload: JSON.stringify(heartbeat) }
}
