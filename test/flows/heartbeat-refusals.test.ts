/** Heartbeats that are refused: each for its own reason, in the contract's order, and none of them leaves a trace. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { httpMachine, newHttpMachine, rowsOf, told } from '#test/support/devices.ts'
import { type Answer, assertProblem, handClock, sender } from '#test/support/http.ts'
import { openTestStore } from '#test/support/store.ts'

const clock = handClock()
const store = await openTestStore({ clock, env: { DEVICE_RATE_PER_SECOND: '1000' } })
after(() => store[Symbol.asyncDispose]())
const machine = await newHttpMachine(store)
const other = await newHttpMachine(store)
const { machineId } = machine
const anybody = sender(store.app)
const JSON_TYPE = { 'content-type': 'application/json' }
const PATH = '/api/machines/heartbeat'

/** Everything that a heartbeat could have left behind. */
async function traces(): Promise<unknown> {
  const { rows } = await store.ctx.pool.query(`
    SELECT (SELECT count(*) FROM weight_change) AS changes, (SELECT count(*) FROM scale) AS scales, (SELECT count(*) FROM event_log) AS events,
      (SELECT json_agg(scale ORDER BY machine_id, scale_id) FROM scale) AS states, (SELECT json_agg(machine ORDER BY machine_id) FROM machine) AS machines`)
  return rows[0]
}

let grams = 5_000_000

/** Fails unless `refuse` is refused so, changes nothing, and the next good heartbeat counts as if nothing had been. */
async function refused(
  refuse: () => Promise<Answer>,
  { status, code, field }: { status: number; code?: string; field?: string }
): Promise<void> {
  clock.forward(1000)
  await machine.beat({ '001': grams })
  clock.forward(1000)
  const before = await traces()
  const answer = await refuse()
  assert.equal(answer.status, status, answer.text)
  assert.match(String(answer.headers['content-type']), /^application\/problem\+json/)
  if (code) assert.equal(answer.body.code, code)
  if (field) assert.equal(answer.body.field, field)
  assert.deepEqual(await traces(), before)
  clock.forward(1000)
  grams -= 100
  await machine.beat({ '001': grams })
  const last = (await store.admin.send('GET', `/api/v1/weight-changes?machineId=${machineId}&limit=1`)).body.items[0]
  assert.deepEqual([last?.weightBefore, last?.weightAfter, last?.settled], [grams + 100, grams, false])
}

const withRows = (scales: unknown, more: object = {}) => ({ machineId, scales, ...more })
const row = (weight: unknown) => withRows([['001', '0', '0', weight]])

test('without a key the answer is 401, whatever the path, the type and the body', async () => {
  const bodies: [string, Record<string, string>][] = [
    [JSON.stringify(row('0.5')), JSON_TYPE],
    ['{', JSON_TYPE],
    ['weights', { 'content-type': 'text/plain' }],
    ['x'.repeat(4 * 1024 * 1024), JSON_TYPE],
    ['', {}]
  ]
  for (const [body, headers] of bodies) {
    for (const authorization of [
      undefined,
      'Bearer',
      `Bearer ${'x'.repeat(43)}`,
      `Basic ${machine.deviceKey}`,
      `Bearer ${store.admin.token}`,
      machine.deviceKey
    ]) {
      const answer = await anybody('POST', PATH, body, { ...headers, ...(authorization && { authorization }) })
      assertProblem(answer, 401, 'unauthorized')
    }
  }
  await refused(() => anybody('POST', PATH, row('0.5')), { status: 401, code: 'unauthorized' })
})

test('a key that was rotated or whose machine was retired is nobody’s', async () => {
  const gone = await newHttpMachine(store)
  await gone.beat({ '001': 500 })
  const { body } = await store.admin.send('POST', `/api/v1/machines/${gone.machineId}/device-key`)
  assertProblem(await gone.post({ machineId: gone.machineId, scales: rowsOf({ '001': 1 }) }), 401, 'unauthorized')
  const renewed = httpMachine(store, { machineId: gone.machineId, deviceKey: body.deviceKey })
  await renewed.beat({ '001': 500 })
  assert.equal((await store.admin.send('DELETE', `/api/v1/machines/${gone.machineId}`)).status, 204)
  assertProblem(await renewed.post({ machineId: gone.machineId, scales: rowsOf({ '001': 1 }) }), 401, 'unauthorized')
})

test('what is not JSON is a 400', async () => {
  for (const body of [
    '{',
    '',
    ' ',
    'NaN',
    `{"machineId":"${machineId}","scales":[["001",0,0,NaN]]}`,
    `{"machineId":"${machineId}","scales":[["001",0,0,Infinity]]}`,
    '\u0000',
    '{"a":1}}',
    'null,'
  ])
    await refused(() => machine.post(body, JSON_TYPE), { status: 400, code: 'not-json' })
})

test('a body of another type is a 415', async () => {
  for (const type of [
    'text/plain',
    'text/json',
    'application/x-www-form-urlencoded',
    'application/xml',
    'application/json-patch',
    'multipart/form-data; boundary=x',
    'nonsense'
  ])
    await refused(() => machine.post(JSON.stringify(row('0.5')), { 'content-type': type }), {
      status: 415,
      code: 'unsupported-media-type'
    })
  const bytes = () =>
    store.app.inject({
      method: 'POST',
      url: PATH,
      headers: { authorization: `Bearer ${machine.deviceKey}`, 'content-type': '' },
      payload: '{}'
    })
  assert.equal((await bytes()).statusCode, 415)
})

test('a body over 256 KiB is a 413, one of just that size is read', async () => {
  const filled = (bytes: number) => JSON.stringify(row('1.000')).replace('}', `,"filling":"${'x'.repeat(bytes)}"}`)
  const exact = filled(256 * 1024 - filled(0).length)
  await refused(() => machine.post(`${exact} `, JSON_TYPE), { status: 413, code: 'body-too-large' })
  await refused(() => machine.post(filled(4 * 1024 * 1024), JSON_TYPE), { status: 413, code: 'body-too-large' })
  assert.equal((await machine.post(exact, JSON_TYPE)).status, 200)
})

test('another machine’s key is a 403, an unknown machine a 404', async () => {
  await refused(() => other.post(row('0.5')), { status: 403, code: 'wrong-device' })
  await refused(() => machine.post({ machineId: 'nobody', scales: rowsOf({ '001': 1 }) }), { status: 404, code: 'not-found' })
  await refused(() => machine.post({ machineId: '__proto__', scales: rowsOf({ '001': 1 }) }), { status: 404, code: 'not-found' })
  const key = { authorization: `Bearer ${machine.deviceKey}` }
  assertProblem(await sender(store.app, key)('GET', PATH), 405, 'method-not-allowed')
  assertProblem(await sender(store.app, key)('POST', `${PATH}s`, row('0.5')), 404, 'not-found')
})

test('a malformed heartbeat is a 422 that names the field', async () => {
  const text = JSON.stringify
  const good = ['001', '0', '0', '0.5']
  const cases: [unknown, string][] = [
    [[], 'body'],
    ['"heartbeat"', 'body'],
    ['null', 'body'],
    ['7', 'body'],
    [{}, 'scales'],
    [{ machineId }, 'scales'],
    [{ scales: [good] }, 'machineId'],
    [withRows(null), 'scales'],
    [withRows([]), 'scales'],
    [withRows({ 0: good }), 'scales'],
    [withRows('001'), 'scales'],
    [withRows([null]), 'scales/0'],
    [withRows([good, '002']), 'scales/1'],
    [withRows([good.slice(0, 3)]), 'scales/0'],
    [withRows([[...good, '1']]), 'scales/0'],
    [withRows([[]]), 'scales/0'],
    [withRows([good, good]), 'scales/1/scaleId'],
    [
      withRows([
        ['1', 0, 0, 1],
        [1, 0, 0, 2]
      ]),
      'scales/1/scaleId'
    ],
    [withRows([['', 0, 0, 1]]), 'scales/0/scaleId'],
    [withRows([['a/b', 0, 0, 1]]), 'scales/0/scaleId'],
    [withRows([['x'.repeat(65), 0, 0, 1]]), 'scales/0/scaleId'],
    [withRows([[null, 0, 0, 1]]), 'scales/0/scaleId'],
    [withRows([[1.5, 0, 0, 1]]), 'scales/0/scaleId'],
    [withRows([[-1, 0, 0, 1]]), 'scales/0/scaleId'],
    [withRows([good], { machineId: ['m'] }), 'machineId'],
    [withRows([good], { machineId: 'm/../m' }), 'machineId'],
    [withRows([good], { machineId: 'x'.repeat(65) }), 'machineId'],
    [withRows([['001', 'light', 0, 1]]), 'scales/0/minWeight'],
    [withRows([['001', 0, null, 1]]), 'scales/0/maxWeight'],
    [withRows([['001', 0, 10_000.5, 1]]), 'scales/0/maxWeight'],
    [withRows([good], { headers: 'scaleId' }), 'headers'],
    [withRows([good], { headers: [] }), 'headers'],
    [withRows([good], { headers: ['scaleId', 'a', 'b', 'c'] }), 'headers'],
    [withRows([good], { headers: ['a', 'b', 'c', 'currentWeight'] }), 'headers'],
    [withRows([good], { headers: ['scaleId', 'a', 'currentWeight', 'currentWeight'] }), 'headers'],
    [withRows([good], { headers: ['scaleId', 7, 'b', 'currentWeight'] }), 'headers'],
    [withRows([good], { headers: ['scaleId', 'currentWeight'] }), 'scales/0'],
    [withRows([good], { bootId: 7 }), 'bootId'],
    [withRows([good], { bootId: '' }), 'bootId'],
    [withRows([good], { bootId: 'x'.repeat(65) }), 'bootId'],
    [withRows([good], { seq: -1 }), 'seq'],
    [withRows([good], { seq: 1.5 }), 'seq'],
    [withRows([good], { seq: '7' }), 'seq'],
    [withRows([good], { seq: 2 ** 53 }), 'seq'],
    [{ payload: 7 }, 'payload'],
    [{ payload: null }, 'payload'],
    [{ payload: {} }, 'payload'],
    [{ payload: '{' }, 'payload'],
    [{ payload: '[]' }, 'payload'],
    [{ payload: text({ machineId }) }, 'scales'],
    [{ payload: text(row('x')) }, 'scales/0/currentWeight']
  ]
  for (const [body, field] of cases) await refused(() => machine.post(body, JSON_TYPE), { status: 422, code: 'invalid', field })
})

test('a weight that is none, or beyond ±10 000 kg, is a 422 that names it', async () => {
  const none = [
    'NaN',
    'nan',
    'Infinity',
    '-Infinity',
    '1e999',
    '',
    ' ',
    '1,5',
    '1.5 kg',
    '0x10',
    '1_000',
    '١',
    '--1',
    '1e',
    '.',
    'e5',
    null,
    true,
    [],
    [1],
    {},
    '1'.repeat(33),
    '10000.001',
    -10_000.001,
    '1e4000'
  ]
  for (const weight of none)
    await refused(() => machine.post(row(weight)), { status: 422, code: 'invalid', field: 'scales/0/currentWeight' })
  const raw = (weight: string) => `{"machineId":"${machineId}","scales":[["001",0,0,${weight}]]}`
  for (const weight of ['1e999', '-1e999', '1e5'])
    await refused(() => machine.post(raw(weight), JSON_TYPE), { status: 422, field: 'scales/0/currentWeight' })
})

test('the heaviest weights there may be are taken, and their difference too', async () => {
  const heavy = await newHttpMachine(store)
  for (const weight of ['10000', -10_000, -10_000, '1e4', '1E4', '.5', '5.', '-0', 1e-320]) {
    clock.forward(1000)
    assert.equal(
      (await heavy.post({ machineId: heavy.machineId, scales: [['001', weight, weight, weight]] })).status,
      200,
      String(weight)
    )
  }
  assert.deepEqual((await told(store, heavy.machineId)).slice(0, 2), ['001 -20000000', '001 20000000'])
})

test('deep JSON is refused, deep inside an envelope too', async () => {
  const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
  const body = (levels: number) => `{"machineId":"${machineId}","scales":[["001","0","0","1"]],"deep":${deep(levels)}}`
  await refused(() => machine.post(body(8), JSON_TYPE), { status: 422, code: 'json-too-deep' })
  await refused(() => machine.post(body(100_000), JSON_TYPE), { status: 422, code: 'json-too-deep' })
  await refused(() => machine.post({ payload: body(50_000) }), { status: 422 })
  assert.equal((await machine.post(body(7), JSON_TYPE)).status, 200)
})

test('a body that reaches for the prototype is refused or means nothing', async () => {
  const rows = '"scales":[["001","0","0","1.000"]]'
  await refused(() => machine.post(`{"machineId":"${machineId}",${rows},"__proto__":{"seq":"x"}}`, JSON_TYPE), { status: 400 })
  await refused(() => machine.post(`{"machineId":"${machineId}",${rows},"constructor":{"prototype":{"seq":"x"}}}`, JSON_TYPE), {
    status: 400
  })
  const inner = `{"machineId":"${machineId}",${rows},"__proto__":{"seq":"x"},"constructor":{"prototype":{"seq":"x"}}}`
  const answer = await machine.post({ payload: inner })
  assert.ok([200, 422].includes(answer.status), answer.text)
  assert.equal(({} as { seq?: unknown }).seq, undefined)
})

test('text that no database can hold is refused, also inside an envelope', async () => {
  const heartbeat = (bootId: string) => `{"machineId":"${machineId}","scales":[["001","0","0","1"]],"bootId":"${bootId}"}`
  for (const bootId of ['a\\u0000b', '\\ud800', 'x\\udfff']) {
    await refused(() => machine.post(heartbeat(bootId), JSON_TYPE), { status: 422 })
    await refused(() => machine.post({ payload: heartbeat(bootId) }), { status: 422, field: 'bootId' })
  }
})
