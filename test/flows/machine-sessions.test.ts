/** Machine sessions: one running per machine, cut by time and by store mode, and books that balance across every cut. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { MachineSession } from '#contracts/api/machine-sessions.ts'
import { changesOf, newHttpMachine, onboard, sessionsOf, signed } from '#test/support/devices.ts'
import { handClock } from '#test/support/http.ts'
import { openTestStore } from '#test/support/store.ts'

const clock = handClock()
const store = await openTestStore({ clock })
after(() => store[Symbol.asyncDispose]())

async function later(ms = 1000): Promise<void> {
  clock.forward(ms)
  await store.drain()
}

let mode = 'MAINTENANCE_MODE'
const modeNow = async () => (await store.admin.send('GET', '/api/v1/store/mode')).body.mode
/** Any other mode: a cut. */
async function changeMode(): Promise<void> {
  mode = (await modeNow()) === 'CUSTOMER_MODE' ? 'REFILLMENT_MODE' : 'CUSTOMER_MODE'
  const answer = await store.admin.send('PUT', '/api/v1/store/mode', { mode, force: true })
  assert.equal(answer.status, 200, answer.text)
}

/** Fails unless the sessions follow one another without gap, only the last runs, and every closed one balances. */
function assertBooks(sessions: MachineSession[]): void {
  for (const [n, session] of sessions.entries()) {
    const next = sessions[n + 1]
    assert.equal(session.endedAt, next ? next.startedAt : null)
    if (next) assert.equal(session.isBalanced, true, JSON.stringify(sessions, null, 1))
    for (const scale of next ? session.scales : []) {
      const opening = next!.scales.find(({ scaleId }) => scaleId === scale.scaleId)!.openingGrams
      if (opening !== null && scale.closingGrams !== null)
        assert.deepEqual([scale.scaleId, scale.closingGrams], [scale.scaleId, opening])
    }
  }
}
const booksOf = (session: MachineSession, scaleId = '001') => {
  const { openingGrams, closingGrams, changesGrams, residualGrams } = session.scales.find((scale) => scale.scaleId === scaleId)!
  return [openingGrams, closingGrams, changesGrams, residualGrams]
}

test('a machine session runs from onboarding on and is cut after MACHINE_SESSION_SECONDS', async () => {
  const machine = await newHttpMachine(store)
  assert.deepEqual(
    (await sessionsOf(store, machine.machineId)).map(({ endedAt, isBalanced, scales }) => [endedAt, isBalanced, scales]),
    [[null, null, []]]
  )
  await machine.beat({ '001': 1000 })
  await later(1000)
  await machine.beat({ '001': 700 })
  await later(298_000)
  assert.equal((await sessionsOf(store, machine.machineId)).length, 1)
  await later(1000)
  const sessions = await sessionsOf(store, machine.machineId)
  assert.equal(sessions.length, 2)
  assert.equal(Date.parse(sessions[0]!.endedAt!) - Date.parse(sessions[0]!.startedAt), 300_000)
  assert.deepEqual(booksOf(sessions[0]!), [1000, 700, -300, 0])
  assert.deepEqual(booksOf(sessions[1]!), [700, null, 0, null])
  assertBooks(sessions)
})

test('each change of the store mode cuts, and the session knows its mode', async () => {
  const machine = await newHttpMachine(store)
  await machine.beat({ '001': 1000 })
  const modes = [mode]
  for (let n = 0; n < 3; n++) {
    await later()
    await changeMode()
    modes.push(mode)
    await machine.beat({ '001': 900 - n * 100 })
  }
  await store.admin.send('PUT', '/api/v1/store/mode', { mode })
  const sessions = await sessionsOf(store, machine.machineId)
  assert.deepEqual(
    sessions.map(({ storeMode }) => storeMode),
    modes
  )
  assertBooks(sessions)
})

test('a change belongs to the session in which it was received', async () => {
  const machine = await newHttpMachine(store)
  for (let n = 0; n < 4; n++) {
    await machine.beat({ '001': 1000 - n * 100, '002': 50 })
    await later()
    if (n < 3) await changeMode()
  }
  const sessions = await sessionsOf(store, machine.machineId)
  assert.deepEqual(
    (await changesOf(store, machine.machineId)).map((change) => sessions.findIndex(({ id }) => id === change.machineSessionId)),
    [1, 2, 3]
  )
  assertBooks(sessions)
})

test('a change that was unsettled at a cut and is taken back after it moves the weight at the cut', async () => {
  const machine = await newHttpMachine(store)
  await machine.beat({ '001': 1000 })
  await later()
  await machine.beat({ '001': 700 })
  await changeMode()
  assert.deepEqual(
    (await sessionsOf(store, machine.machineId)).map((session) => booksOf(session)),
    [
      [1000, 700, -300, 0],
      [700, null, 0, null]
    ]
  )
  await later()
  await machine.beat({ '001': 1002 })
  await changeMode()
  const sessions = await sessionsOf(store, machine.machineId)
  assert.deepEqual(booksOf(sessions[0]!), [1000, 1000, 0, 0])
  assertBooks(sessions)
})

test('a change that was unsettled at a cut and is corrected after it moves the weight at the cut', async () => {
  const machine = await newHttpMachine(store)
  for (const grams of [1000, 700]) {
    await machine.beat({ '001': grams })
    await later()
  }
  await changeMode()
  for (const grams of [850, 849, 848]) {
    await machine.beat({ '001': grams })
    await later()
  }
  await changeMode()
  const sessions = await sessionsOf(store, machine.machineId)
  assert.equal(booksOf(sessions[0]!)[2], (await changesOf(store, machine.machineId)).map(signed)[0])
  assertBooks(sessions)
})

test('a change still unsettled over several cuts moves the weight at each of them', async () => {
  const machine = await newHttpMachine(store)
  await machine.beat({ '001': 1000 })
  await later()
  await machine.beat({ '001': 700 })
  for (let cuts = 0; cuts < 3; cuts++) await changeMode()
  await later()
  await machine.beat({ '001': 1000 })
  await changeMode()
  const sessions = await sessionsOf(store, machine.machineId)
  assert.deepEqual(sessions.map((session) => booksOf(session)).slice(0, 4), Array(4).fill([1000, 1000, 0, 0]))
  assertBooks(sessions)
})

test('a scale that is first read in the middle of a session opens its books there, even after a cut without reading', async () => {
  await using past = await openTestStore({ clock, env: { MACHINE_SESSION_SECONDS: '5' } })
  const machine = await newHttpMachine(past)
  const at = async (weights: Record<string, number>) => {
    await machine.beat(weights)
    clock.forward(1000)
  }
  await at({ '001': 1000 })
  await past.ctx.pool.query(
    `INSERT INTO scale (machine_id, scale_id, threshold_grams, created_at) VALUES ($1, '002', 30, now())`,
    [machine.machineId]
  )
  await past.admin.send('DELETE', `/api/v1/machines/${machine.machineId}`)
  const back = await newHttpMachine(past, machine.machineId)
  Object.assign(machine, back)
  clock.forward(5000)
  await past.drain()
  await at({ '001': 1000, '002': 500, '003': 300 })
  await at({ '001': 1000, '002': 400, '003': 300 })
  clock.forward(5000)
  await past.drain()
  const session = (await sessionsOf(past, machine.machineId)).at(-2)!
  assert.deepEqual(
    ['001', '002', '003'].map((scaleId) => booksOf(session, scaleId)),
    [
      [1000, 1000, 0, 0],
      [500, 400, -100, 0],
      [300, 300, 0, 0]
    ]
  )
})

test('heartbeats that came and heartbeats that did not are counted', async () => {
  const machine = await newHttpMachine(store)
  for (let n = 0; n < 20; n++) {
    await machine.beat({ '001': 1000 })
    clock.forward(n === 10 ? 4000 : 1000)
  }
  await store.drain()
  const [running] = await sessionsOf(store, machine.machineId)
  assert.deepEqual([running!.heartbeatsSeen, running!.heartbeatsMissed], [20, 3])
  await changeMode()
  await machine.beat({ '001': 1000 })
  await later(6000)
  const [closed, next] = await sessionsOf(store, machine.machineId)
  assert.deepEqual([closed!.heartbeatsSeen, next!.heartbeatsSeen], [20, 1])
})

test('rotation, mode changes, heartbeats and staff at once: one session runs, the books balance, nothing waits for ever', async () => {
  await using busy = await openTestStore({ env: { MACHINE_SESSION_SECONDS: '5' }, clock })
  const machines = await Promise.all(Array.from({ length: 4 }, () => newHttpMachine(busy)))
  for (const machine of machines) await machine.beat({ '001': 50_000, '002': 1000 })
  const modes = ['CUSTOMER_MODE', 'REFILLMENT_MODE', 'MAINTENANCE_MODE']
  let taken = 50_000
  const statuses: number[] = []
  for (let round = 0; round < 12; round++) {
    clock.forward(2500)
    taken -= 100
    const work = [
      ...machines.map((machine) => machine.beat({ '001': taken, '002': 1000 })),
      busy.drain(),
      ...Array.from({ length: 6 }, (_, n) =>
        busy.admin.send('PUT', '/api/v1/store/mode', { mode: modes[(round + n) % 3], force: true })
      ),
      busy.admin.send('PATCH', `/api/v1/machines/${machines[0]!.machineId}/scales/002`, { disabled: round % 2 === 0 }),
      onboard(busy)
    ]
    for (const done of await Promise.all(work)) if (done && 'status' in done) statuses.push(done.status)
  }
  assert.deepEqual(
    statuses.filter((status) => status !== 200),
    []
  )
  for (const { machineId } of machines) {
    const sessions = await sessionsOf(busy, machineId)
    assert.ok(sessions.length > 12)
    assert.equal(sessions.filter((session) => session.endedAt === null).length, 1)
    assertBooks(sessions)
    assert.equal(
      (await changesOf(busy, machineId)).map(signed).reduce((a, b) => a + b),
      -1200
    )
  }
})

test('many mode changes at once do not starve the heartbeats', async () => {
  const machine = await newHttpMachine(store)
  await machine.beat({ '001': 9000 })
  const modes = ['CUSTOMER_MODE', 'REFILLMENT_MODE', 'MAINTENANCE_MODE']
  const changes = Array.from({ length: 30 }, (_, n) =>
    store.admin.send('PUT', '/api/v1/store/mode', { mode: modes[n % 3], force: true })
  )
  const startedMs = performance.now()
  for (let n = 0; n < 5; n++) {
    clock.forward(1000)
    await machine.beat({ '001': 8000 - n * 100 })
  }
  assert.deepEqual(
    (await Promise.all(changes)).map(({ status }) => status),
    Array(30).fill(200)
  )
  assert.ok(performance.now() - startedMs < 3000)
  assertBooks(await sessionsOf(store, machine.machineId))
})

test('the database lets no second session of a machine run', async () => {
  const { machineId } = await onboard(store)
  const second = `INSERT INTO machine_session (id, machine_id, started_at, store_mode) VALUES (gen_random_uuid(), $1, now(), 'CUSTOMER_MODE')`
  await assert.rejects(store.ctx.pool.query(second, [machineId]), /machine_session_running/)
})

test('retired and back again: the old session is closed, the new one has its opening weights', async () => {
  const machine = await newHttpMachine(store)
  await machine.beat({ '001': 1000 })
  await later()
  await store.admin.send('DELETE', `/api/v1/machines/${machine.machineId}`)
  const back = await newHttpMachine(store, machine.machineId)
  await later()
  await back.beat({ '001': 700 })
  await later()
  await changeMode()
  const sessions = await sessionsOf(store, machine.machineId)
  assert.deepEqual(
    sessions.map((session) => booksOf(session)),
    [
      [1000, 1000, 0, 0],
      [1000, 700, -300, 0],
      [700, null, 0, null]
    ]
  )
})
