/** What survives: restarts, a database that goes away and comes back, and the sudden death of the server in mid-load. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { changesOf, httpMachine, mqttDevice, onboard, rowsOf, scalesOf, sessionsOf, signed, told } from '#test/support/devices.ts'
import { assertProblem, handClock } from '#test/support/http.ts'
import { openTestStore, type TestStore } from '#test/support/store.ts'

/** The store again on the same data, as after its sudden death: what the first one only remembers is lost. */
const died = (store: TestStore, clock: ReturnType<typeof handClock>) => openTestStore({ clock, on: store })

test('baselines, unsettled changes and the running machine session survive a restart', async () => {
  const clock = handClock()
  await using first = await openTestStore({ clock })
  const known = await onboard(first)
  const before = httpMachine(first, known)
  await before.beat({ '001': 1000, '002': 2000, '003': 3000 })
  clock.forward(1000)
  await before.beat({ '001': 700, '002': 1500, '003': 3000 })
  const [session] = await sessionsOf(first, known.machineId)
  await using second = await died(first, clock)
  clock.forward(1000)
  const machine = httpMachine(second, known)
  assert.equal((await scalesOf(second, known.machineId)).get('003')!.baselineGrams, 3000)
  await machine.beat({ '001': 702, '002': 2001, '003': 3000 })
  const changes = await changesOf(second, known.machineId)
  assert.deepEqual(
    changes.map((change) => [change.scaleId, signed(change), change.settled, change.version]),
    [['001', -298, true, 2]]
  )
  clock.forward(1000)
  await machine.beat({ '001': 702, '002': 2001, '003': 2500 })
  const sessions = await sessionsOf(second, known.machineId)
  assert.deepEqual(
    [sessions.map(({ id, endedAt }) => [id, endedAt]), (await told(second, known.machineId)).at(-1)],
    [[[session!.id, null]], '003 -500']
  )
})

test('an unsettled change that nobody confirms after the restart stands', async () => {
  const clock = handClock()
  await using first = await openTestStore({ clock })
  const known = await onboard(first)
  await httpMachine(first, known).beat({ '001': 1000 })
  clock.forward(1000)
  await httpMachine(first, known).beat({ '001': 600 })
  await using second = await died(first, clock)
  clock.forward(10_000)
  await second.drain()
  assert.deepEqual(
    (await changesOf(second, known.machineId)).map((change) => [signed(change), change.settled]),
    [[-400, true]]
  )
})

test('an unsettled change over a cut and a restart: taken back, it moves the weight at the cut', async () => {
  const clock = handClock()
  await using first = await openTestStore({ clock })
  const known = await onboard(first)
  await httpMachine(first, known).beat({ '001': 1000 })
  clock.forward(1000)
  await httpMachine(first, known).beat({ '001': 600 })
  await first.admin.send('PUT', '/api/v1/store/mode', { mode: 'CUSTOMER_MODE' })
  await using second = await died(first, clock)
  clock.forward(1000)
  await httpMachine(second, known).beat({ '001': 1000 })
  clock.forward(300_000)
  await second.drain()
  const sessions = await sessionsOf(second, known.machineId)
  assert.deepEqual(
    sessions
      .slice(0, 2)
      .map(({ scales: [scale] }) => [scale!.openingGrams, scale!.closingGrams, scale!.changesGrams, scale!.residualGrams]),
    [
      [1000, 1000, 0, 0],
      [1000, 1000, 0, 0]
    ]
  )
})

test('a message that was acknowledged before the death and comes again after it counts once', async () => {
  const clock = handClock()
  await using first = await openTestStore({ clock, mqtt: true })
  const known = await onboard(first)
  await using device = await mqttDevice(first, known)
  await device.beat({ '001': 1000 }, { bootId: 'b', seq: 1 })
  clock.forward(1000)
  await device.beat({ '001': 700 }, { bootId: 'b', seq: 2 })
  await device.say('change', { id: 'x', scaleId: '002', grams: -500 })
  await using second = await openTestStore({ clock, mqtt: true, on: first })
  await using again = await mqttDevice(second, known)
  await again.say('change', { id: 'x', scaleId: '002', grams: -500 })
  await again.beat({ '001': 1000 }, { bootId: 'b', seq: 1 })
  await again.beat({ '001': 700 }, { bootId: 'b', seq: 2 })
  assert.deepEqual(await told(second, known.machineId), ['001 -300', '002 -500'])
})

test('a disabled scale that changed over a restart and is back in use makes no change', async () => {
  const clock = handClock()
  await using first = await openTestStore({ clock })
  const known = await onboard(first)
  await httpMachine(first, known).beat({ '001': 1000 })
  for (const disabled of [true, false]) {
    const answer = await first.admin.send('PATCH', `/api/v1/machines/${known.machineId}/scales/001`, { disabled })
    assert.equal(answer.status, 200, answer.text)
  }
  await using second = await died(first, clock)
  clock.forward(60_000)
  await httpMachine(second, known).beat({ '001': 100 })
  clock.forward(1000)
  await httpMachine(second, known).beat({ '001': 100 })
  assert.deepEqual(await told(second, known.machineId), [])
})

/** Takes the store's database away from it, as its owner; `giveBack` undoes it. */
async function takeAway({ databaseUrl }: TestStore): Promise<{ giveBack(): Promise<void> }> {
  const url = new URL(databaseUrl)
  const name = url.pathname.slice(1)
  url.pathname = '/postgres'
  const owner = async (sql: string) => {
    const client = new pg.Client({ connectionString: url.href })
    await client.connect()
    await client.query(sql).finally(() => client.end())
  }
  await owner(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`)
  await owner(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`)
  return { giveBack: () => owner(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`) }
}

test('while the database is away nothing is acknowledged that changed something; when it is back all works by itself', async () => {
  const clock = handClock()
  await using store = await openTestStore({ clock, mqtt: true })
  const known = await onboard(store)
  const other = await onboard(store)
  const machine = httpMachine(store, known)
  await using device = await mqttDevice(store, other)
  await machine.beat({ '001': 1000 }, { bootId: 'b', seq: 1 })
  await device.beat({ '001': 1000 })
  clock.forward(1000)
  const away = await takeAway(store)
  const picked = { machineId: known.machineId, scales: rowsOf({ '001': 700 }), bootId: 'b', seq: 2 }
  for (let times = 0; times < 3; times++) {
    const answer = await machine.post(picked)
    assertProblem(answer, 503, 'unavailable')
    assert.ok(Number(answer.headers['retry-after']) >= 1)
  }
  const change = { id: 'x', scaleId: '001', grams: -250 }
  assert.equal(await device.publish('change', change), 'closed')
  assert.equal((await machine.post({ ...picked, scales: 'none' })).status, 422, 'what is wrong is still wrong')
  await away.giveBack()
  clock.forward(5000)
  const answer = await machine.post(picked)
  assert.equal(answer.status, 200, answer.text)
  await using back = await mqttDevice(store, other)
  await back.say('change', change)
  await back.beat({ '001': 750 })
  clock.forward(1000)
  await machine.beat({ '001': 700 }, { bootId: 'b', seq: 3 })
  assert.deepEqual([await told(store, known.machineId), await told(store, other.machineId)], [['001 -300'], ['001 -250']])
})

const OTHERS_DIE = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`

test('connections that die under load: what was refused is sent again, and everything counts once', async () => {
  const clock = handClock()
  await using store = await openTestStore({ clock })
  const machines = await Promise.all(Array.from({ length: 5 }, async () => httpMachine(store, await onboard(store))))
  let refusals = 0
  for (const machine of machines) await machine.beat({ '001': 50_000 })
  for (let n = 1; n <= 30; n++) {
    clock.forward(1000)
    const kill = n % 6 === 0 ? store.ctx.pool.query(OTHERS_DIE) : null
    const send = async (machine: (typeof machines)[number]): Promise<void> => {
      const body = { machineId: machine.machineId, scales: rowsOf({ '001': 50_000 - n * 100 }), bootId: 'b', seq: n }
      const { status, text } = await machine.post(body)
      assert.ok(status === 200 || status === 503, text)
      if (status === 503) refusals += 1
      if (status === 503) await send(machine)
    }
    await Promise.all([...machines.map(send), kill?.catch(() => {})])
  }
  for (const { machineId } of machines)
    assert.deepEqual(await told(store, machineId), Array(30).fill('001 -100'), `${refusals} refusals`)
})
