/** Heartbeats over a real line take the short way; whatever is unusual about one, it is answered as by the usual way. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { newHttpMachine, rowsOf, told as toldOf, until } from '#test/support/devices.ts'
import { handClock } from '#test/support/http.ts'
import { refuseChangesOf } from '#test/support/refusing.ts'
import { openTestStore, type TestStore } from '#test/support/store.ts'

const PATH = '/api/machines/heartbeat'
const PLAIN = { 'content-type': 'application/json' }
const store = await openTestStore()
after(() => store[Symbol.asyncDispose]())
await store.app.listen({ host: '127.0.0.1', port: 0 })

const portOf = ({ app }: TestStore) => (app.server.address() as AddressInfo).port
type Answered = { status: number; headers: Record<string, unknown>; body: Record<string, unknown> }

async function overTheLine(body: string | Buffer, headers: Record<string, string>, on = store): Promise<Answered> {
  const asked = request({ port: portOf(on), method: 'POST', path: PATH, headers, agent: false }).end(body)
  const [answer] = await once(asked, 'response')
  const text = (await answer.setEncoding('utf8').toArray()).join('')
  return { status: answer.statusCode, headers: answer.headers, body: JSON.parse(text) }
}

async function injected(body: string | Buffer, headers: Record<string, string>): Promise<Answered> {
  const answer = await store.app.inject({ method: 'POST', url: PATH, headers, payload: body })
  return { status: answer.statusCode, headers: answer.headers, body: answer.json() }
}

/** What differs from one answer to the next says nothing, nor what belongs to the line. */
function told({ status, headers, body }: Answered) {
  const { 'x-request-id': id, date, connection, 'keep-alive': alive, 'content-length': length, ...rest } = headers
  assert.match(String(id), /^\w{6}-\d+$/)
  assert(status === 200 || body.requestId === id, 'a problem names its request')
  const { requestId, ...what } = body
  return { status, headers: rest, body: what }
}

test('a heartbeat is answered alike on both ways, whatever is right or wrong about it', async () => {
  const { machineId, deviceKey } = await newHttpMachine(store)
  const other = await newHttpMachine(store)
  const good = JSON.stringify({ machineId, scales: rowsOf({ '001': 500, '002': 700 }) })
  const key = { authorization: `Bearer ${deviceKey}`, ...PLAIN }
  const deep = `{"machineId":"${machineId}","scales":[["001",1,1,1]],"more":${'['.repeat(9)}${']'.repeat(9)}}`
  const cases: Record<string, [string | Buffer, Record<string, string>]> = {
    plain: [good, key],
    'with a charset': [good, { ...key, 'content-type': 'application/json; charset=utf-8' }],
    'as text': [good, { ...key, 'content-type': 'text/plain' }],
    'a key nobody has': [good, { ...key, authorization: 'Bearer niflr_dev_nobody' }],
    'no key': [good, PLAIN],
    'the key of another': [good, { ...key, authorization: `Bearer ${other.deviceKey}` }],
    'no machine of that name': [good.replace(machineId, 'nobody'), key],
    'no JSON': [good.slice(0, -1), key],
    nothing: ['', key],
    'a name that poisons': [good.replace('{', '{"__proto__":1,'), key],
    'a hidden name that poisons': [good.replace('{', '{"__pr\\u006fto__":1,'), key],
    'a harmless escape': [good.replace('001', '\\u0030\\u0030\\u0031'), key],
    'half a pair': [good.replace('{', '{"note":"\\ud800",'), key],
    'nested too deep': [deep, key],
    'no weight': [good.replace('0.500', 'heavy'), key],
    'a mark before it': [`\uFEFF${good}`, key],
    'bytes that are no text': [Buffer.concat([Buffer.from(good.slice(0, -1)), Buffer.from(',"x":"\xff"}', 'latin1')]), key],
    'too large': [good.replace('{', `{"note":"${'x'.repeat(300_000)}",`), key]
  }
  const statuses = new Set<number>()
  for (const [what, [body, headers]] of Object.entries(cases)) {
    const answer = told(await overTheLine(body, headers))
    assert.deepEqual(answer, told(await injected(body, headers)), what)
    statuses.add(answer.status)
  }
  assert.deepEqual([...statuses].toSorted(), [200, 400, 401, 403, 404, 413, 415, 422])
})

type Line = { socket: Socket; statuses: (count: number) => Promise<number[]> }

/** A line to the box; `statuses` waits for so many answers. */
async function line(on: TestStore): Promise<Line> {
  const socket = connect(portOf(on), '127.0.0.1')
  await once(socket, 'connect')
  let heard = ''
  socket.setEncoding('utf8').on('data', (text: string) => {
    heard += text
  })
  const known = () => [...heard.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => Number(match[1]))
  const statuses = async (count: number) => {
    while (known().length < count) await once(socket, 'data')
    return known()
  }
  return { socket, statuses }
}

const headOf = (body: Buffer, deviceKey: string) =>
  Buffer.from(
    `POST ${PATH} HTTP/1.1\r\nHost: box\r\nAuthorization: Bearer ${deviceKey}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
  )

test('a heartbeat that comes in pieces, good or bad, is taken once it is whole; those behind it on the line are answered in order', async () => {
  const { machineId, deviceKey, beat } = await newHttpMachine(store)
  await beat({ '001': 500 })
  const changed = Buffer.from(JSON.stringify({ machineId, note: 'größer', scales: rowsOf({ '001': 200 }) }))
  const same = Buffer.from(JSON.stringify({ machineId, scales: rowsOf({ '001': 200 }) }))
  const bad = Buffer.from(JSON.stringify({ machineId, scales: [['001', 'much']] }))
  const { socket, statuses } = await line(store)
  const cut = changed.indexOf('ö') + 1 // within a letter
  socket.write(Buffer.concat([headOf(changed, deviceKey), changed.subarray(0, cut)]))
  await once(store.app.server, 'request')
  socket.write(changed.subarray(cut))
  await statuses(1)
  socket.write(Buffer.concat([headOf(bad, deviceKey), bad.subarray(0, 20)]))
  await once(store.app.server, 'request')
  socket.write(Buffer.concat([bad.subarray(20), headOf(same, deviceKey), same]))
  assert.deepEqual(await statuses(3), [200, 422, 200])
  socket.destroy()
  assert.deepEqual(await toldOf(store, machineId), ['001 -300'])
})

test('each heartbeat on a line is held against the key that it came with, and a key that was taken away is refused on lines that knew it', async () => {
  const [one, other] = [await newHttpMachine(store), await newHttpMachine(store)]
  const bodyOf = ({ machineId }: { machineId: string }) =>
    Buffer.from(JSON.stringify({ machineId, scales: rowsOf({ '001': 500 }) }))
  const { socket, statuses } = await line(store)
  const say = (body: Buffer, deviceKey: string) => socket.write(Buffer.concat([headOf(body, deviceKey), body]))
  for (const machine of [one, one, other]) say(bodyOf(machine), machine.deviceKey)
  say(bodyOf(one), other.deviceKey)
  say(bodyOf(one), one.deviceKey)
  assert.deepEqual(await statuses(5), [200, 200, 200, 403, 200])
  const fresh = await store.admin.send('POST', `/api/v1/machines/${one.machineId}/device-key`)
  say(bodyOf(one), one.deviceKey)
  say(bodyOf(one), fresh.body.deviceKey)
  assert.deepEqual((await statuses(7)).slice(5), [401, 200])
  socket.destroy()
})

test('what is refused on the short way and worded on the usual one counts once against a device’s rate', async () => {
  await using slow = await openTestStore({ clock: handClock(), env: { DEVICE_RATE_PER_SECOND: '1000' } })
  await slow.app.listen({ host: '127.0.0.1', port: 0 })
  const { machineId, deviceKey } = await newHttpMachine(slow)
  const asked = [rowsOf({ '001': 500 }), [['001', 'much']]].flatMap((scales) => {
    const body = Buffer.from(JSON.stringify({ machineId, scales }))
    return [headOf(body, deviceKey), body]
  })
  const { socket, statuses } = await line(slow)
  for (let n = 0; n < 1000; n++) socket.write(Buffer.concat(asked))
  socket.write(Buffer.concat(asked))
  const counts = Object.groupBy(await statuses(2002), String)
  socket.destroy()
  assert.deepEqual(
    Object.entries(counts).map(([status, all]) => [status, all!.length]),
    [
      ['200', 1000],
      ['422', 1000],
      ['429', 2]
    ]
  )
})

test('a change that the database cannot hold is told to the device that sent it, and in the panel', async () => {
  const { machineId, deviceKey, beat } = await newHttpMachine(store)
  await beat({ '001': 500 })
  await using _refusal = await refuseChangesOf(store.ctx, [machineId])
  const body = JSON.stringify({ machineId, scales: rowsOf({ '001': 200 }) })
  const answer = await overTheLine(body, { authorization: `Bearer ${deviceKey}`, ...PLAIN })
  assert.deepEqual([answer.status, answer.body.code], [422, 'unfit'])
  assert.equal(answer.body.requestId, answer.headers['x-request-id'])
  assert.equal(answer.headers['x-content-type-options'], 'nosniff')
  assert.equal(answer.headers['content-type'], 'application/problem+json')
  const noted = await store.admin.send('GET', `/api/v1/machines/${machineId}/refusals`)
  assert.deepEqual([noted.body.items.length, noted.body.items[0].over], [1, 'HTTP'])
})

test('a heartbeat that repeats the last one letter by letter is taken as if it were read anew, until its key is taken away', async () => {
  const clock = handClock()
  await using quiet = await openTestStore({ clock })
  await quiet.app.listen({ host: '127.0.0.1', port: 0 })
  const { machineId, deviceKey } = await newHttpMachine(quiet)
  const key = { authorization: `Bearer ${deviceKey}`, ...PLAIN }
  const full = JSON.stringify({ machineId, scales: rowsOf({ '001': 500, '002': 700 }) }, null, 1)
  const taken = full.replace(/0\.500/g, '0.200')
  const beat = async (body: string) => {
    clock.forward(1000)
    return (await overTheLine(body, key, quiet)).status
  }
  const said = [full, full, full, taken, taken, full, full]
  for (const body of said) assert.equal(await beat(body), 200)
  assert.deepEqual(await toldOf(quiet, machineId), ['001 -300', '001 300'])
  const heard = await quiet.admin.send('GET', `/api/v1/machines/${machineId}`)
  assert.equal(heard.body.lastHeartbeatAt, clock.now().toISOString(), 'each says anew that the machine is there')
  const path = join(quiet.dataDir, 'logs', 'heartbeat.log')
  const lines = await until(() => {
    const text = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
    return text.length >= said.length ? text.map((one) => JSON.parse(one)) : null
  }, 'the lines are written')
  const firstMs = clock.now().getTime() - 1000 * (said.length - 1)
  assert.deepEqual(
    lines,
    said.map((body, n) => ({ receivedAt: new Date(firstMs + 1000 * n).toISOString(), body: JSON.parse(body) }))
  )
  const numbered = JSON.stringify({ ...JSON.parse(taken), bootId: 'a', seq: 7 })
  assert.deepEqual([await beat(numbered), await beat(numbered), await beat(full)], [200, 200, 200])
  assert.deepEqual(
    await toldOf(quiet, machineId),
    ['001 -300', '001 300'],
    'the second of the same number is old: what it says again confirms nothing'
  )
  await quiet.admin.send('POST', `/api/v1/machines/${machineId}/device-key`)
  assert.equal(await beat(full), 401)
})
