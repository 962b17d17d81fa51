/** P10: one code, one entry, whoever shows it where: a thousand presentations at once, over HTTP and MQTT, against the server as it runs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import mqtt from 'mqtt'
import type { DoorAnswer } from '#contracts/api/entry.ts'
import { newId } from '#server/platform/ids.ts'
import { type CodeKey, freshKey } from '#simulator/codes.ts'
import { until } from '#test/support/devices.ts'
import { rowCounts } from '#test/support/row-counts.ts'
import { openRealStore, type RealStore } from './real-store.ts'

const PRESENTATIONS = 1000
/** Half of the presentations come over each transport, shared among so many scanners. */
const SCANNERS = 4

type Scanner = { id: string; deviceKey: string }
type Tag = 'ENTRY' | 'EXIT'

test(`one code presented ${PRESENTATIONS} times at once at an entry, over HTTP and MQTT, lets in exactly once`, async (t) => {
  await using doors = await openDoors('ENTRY')
  const code = await doors.codeOf(newId())
  const answers = await doors.presentAll(() => code)
  t.diagnostic(told(answers))
  assert.equal(told(answers), `already-used×${PRESENTATIONS - 1}, success×1`)
  await doors.has({ visit: 1, user_session: 1, used_code: 1, ticket: 0 })
})

test(`one code presented ${PRESENTATIONS} times at once at an exit, over HTTP and MQTT, closes the visit exactly once`, async (t) => {
  await using doors = await openDoors('EXIT')
  const id = newId()
  await doors.enter(id)
  const code = await doors.codeOf(id)
  const answers = await doors.presentAll(() => code)
  t.diagnostic(told(answers))
  assert.equal(told(answers), `already-used×${PRESENTATIONS - 1}, success×1`)
  await doors.has({ visit: 1, user_session: 2, used_code: 2, ticket: 1, cart: 1 })
})

test(`${PRESENTATIONS} codes of one user shown at once let that user in exactly once, and use up no other code`, async (t) => {
  await using doors = await openDoors('ENTRY')
  const id = newId()
  const codes = await Promise.all(Array.from({ length: PRESENTATIONS }, () => doors.codeOf(id)))
  const answers = await doors.presentAll((n) => codes[n]!)
  t.diagnostic(told(answers))
  assert.equal(told(answers), `already-inside×${PRESENTATIONS - 1}, success×1`)
  await doors.has({ visit: 1, user_session: 1, used_code: 1, ticket: 0 })
})

/** How often each answer came, such as `already-used×999, success×1`. */
function told(answers: string[]): string {
  const counts = [...Map.groupBy(answers, (answer) => answer)].map(([answer, all]) => `${answer}×${all.length}`)
  return counts.toSorted().join(', ')
}

/** A store open to customers, with scanners of `tag` on both transports: `presentAll` shows a code to all of them at once. */
async function openDoors(tag: Tag) {
  await using stack = new AsyncDisposableStack()
  const store = stack.use(await openRealStore())
  const key: CodeKey = freshKey()
  await store.call('POST', '/api/v1/qr-keys', { jwk: key.publicJwk })
  await store.call('POST', '/api/v1/machines', { machineId: 'm1', displayName: 'm1', kind: 'shelf' })
  await store.call('PUT', '/api/v1/store/mode', { mode: 'CUSTOMER_MODE' })
  const shows: ((code: string) => Promise<string>)[] = []
  for (let n = 0; n < SCANNERS; n++) {
    shows.push(overHttp(store, { tag, ...(await scanner(store, tag, `http ${n}`)) }))
    const { show, end } = await overMqtt(store, await scanner(store, tag, `mqtt ${n}`))
    stack.defer(end)
    shows.push(show)
  }
  const codeOf = (id: string): Promise<string> => {
    const iat = Math.floor(Date.now() / 1000)
    return key.sign({ id, role: 'customer', phoneNumber: '+911234567890', jti: newId(), iat, exp: iat + 120 })
  }
  const resources = stack.move()
  return {
    codeOf,
    async enter(id: string): Promise<void> {
      const show = overHttp(store, { tag: 'ENTRY', ...(await scanner(store, 'ENTRY', 'in')) })
      assert.equal(await show(await codeOf(id)), 'success')
    },
    presentAll: (codeAt: (n: number) => string): Promise<string[]> =>
      Promise.all(Array.from({ length: PRESENTATIONS }, (_, n) => shows[n % shows.length]!(codeAt(n)))),
    async has(expected: Record<string, number>): Promise<void> {
      const rows = await rowCounts(store.pool)
      assert.deepEqual(Object.fromEntries(Object.keys(expected).map((table) => [table, rows[table]])), expected)
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync()
  }
}

const scanner = (store: RealStore, tag: Tag, name: string): Promise<Scanner> =>
  store.call('POST', '/api/v1/scanners', { name, tag })

const reasonOf = (answer: DoorAnswer) => (answer.status === 'refused' ? answer.reason : answer.status)

const overHttp =
  (store: RealStore, { tag, deviceKey }: Scanner & { tag: Tag }) =>
  async (token: string): Promise<string> => {
    const answer = await fetch(`${store.url}/${tag === 'ENTRY' ? 'entry' : 'exit'}-control/`, {
      method: 'POST',
      headers: { authorization: `Bearer ${deviceKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ token })
    })
    const body = (await answer.json()) as DoorAnswer
    const isAsPromised = answer.status === (body.status === 'success' ? 200 : 403)
    return isAsPromised ? reasonOf(body) : `HTTP ${answer.status}`
  }

/** The result topic names no code: the nth answer is taken for the nth scan, since what is counted are answers. */
async function overMqtt(store: RealStore, { id, deviceKey }: Scanner) {
  const { storeId } = await store.call('GET', '/api/v1/store')
  const branch = `store/${storeId}/scanner/${id}`
  const client = await mqtt.connectAsync(store.mqttUrl, { username: id, password: deviceKey, clientId: id, reconnectPeriod: 0 })
  const answers: string[] = []
  client.on('message', (_topic, payload) => void answers.push(reasonOf(JSON.parse(payload.toString()) as DoorAnswer)))
  await client.subscribeAsync(`${branch}/result`, { qos: 1 })
  let shown = 0
  const show = async (token: string): Promise<string> => {
    const mine = shown++
    await client.publishAsync(`${branch}/scan`, JSON.stringify({ token }), { qos: 1 })
    await until(() => answers.length > mine, 'each scan is answered', 30_000)
    return answers[mine]!
  }
  return { show, end: () => client.endAsync(true) }
}
