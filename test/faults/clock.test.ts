/** P7: the clock of the box is set while visits are open: no ticket changes, no machine session or lease is stuck, the doors work. */
import assert from 'node:assert/strict'
import { globSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { newId } from '#server/platform/ids.ts'
import { freshKey } from '#simulator/codes.ts'
import { rowsOf, until } from '#test/support/devices.ts'
import { machineSessionFaults } from './support/books.ts'
import { ask } from './support/machines.ts'
import { codeFor, type Scanner } from './support/shoppers.ts'
import { StoreProcess } from './support/store-process.ts'

const LIBRARY = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1')[0]
const SKIP = LIBRARY ? false : 'skipped: libfaketime is not installed (apt-get install libfaketime)'
const HOUR_MS = 3_600_000
const YEAR_MS = 8766 * HOUR_MS
/** There and back again. Those that the store's time follows come last: after them it is ahead of a clock that was set right for a while. */
const STEPS: [string, () => number][] = [
  ['to 1970', () => Date.UTC(1970, 0, 2) - Date.now()],
  ['to 2038', () => Date.UTC(2038, 0, 20) - Date.now()],
  ['an hour back', () => -HOUR_MS],
  ['two minutes back', () => -2 * 60_000],
  ['four minutes forward', () => 4 * 60_000],
  ['an hour forward', () => HOUR_MS]
]

/** A store whose clock can be set, with one machine of two scales, two doors, and shoppers whose phones go right. */
async function openClockedStore() {
  await using stack = new AsyncDisposableStack()
  const store = stack.use(new StoreProcess())
  const file = join(store.dataDir, 'clock')
  /** By how much the clock of the box is off. It is moved, never frozen. */
  const setClock = (offMs: number) => writeFileSync(file, `${offMs < 0 ? '-' : '+'}${Math.abs(offMs) / 1000}`)
  setClock(0)
  const env = {
    LD_PRELOAD: LIBRARY!,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    DONT_FAKE_MONOTONIC: '1',
    NO_FAKE_STAT: '1'
  }
  Object.assign(store.env, env, { MACHINE_SESSION_SECONDS: '5', REVIEW_LEASE_SECONDS: '5' })
  await store.start()
  const { deviceKey } = await store.call('POST', '/api/v1/machines', { machineId: 'shelf', displayName: 'shelf', kind: 'shelf' })
  const doors = await openDoors(store)
  const resources = stack.move()
  return { store, setClock, deviceKey, ...doors, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

/** Two doors, and a key that signs codes; the store is open to customers. */
async function openDoors(store: StoreProcess) {
  const key = freshKey()
  await store.call('POST', '/api/v1/qr-keys', { jwk: key.publicJwk })
  const scanner = (tag: string): Promise<Scanner> => store.call('POST', '/api/v1/scanners', { name: tag, tag })
  const doors = { entry: await scanner('ENTRY'), exit: await scanner('EXIT') }
  await store.call('PUT', '/api/v1/store/mode', { mode: 'CUSTOMER_MODE' })
  return { doors, sign: key.sign }
}
type OpenDoors = { store: StoreProcess } & Awaited<ReturnType<typeof openDoors>>

/** A shelf: each change is on the other scale, so that the next heartbeat confirms the one before. Its own clock goes right unless given. */
function shelfOf(
  { store, deviceKey }: { store: StoreProcess; deviceKey: string },
  machineId = 'shelf',
  clock: (n: number) => string | undefined = () => new Date().toISOString()
) {
  const weights = { '001': 50_000, '002': 50_000 }
  const bootId = newId()
  let seq = 0
  const beat = async () => {
    const body = { machineId, scales: rowsOf(weights), bootId, seq: seq++, eventTime: clock(seq) }
    const { status, text } = await ask(`${store.url}/api/machines/heartbeat`, deviceKey, body)
    assert.equal(status, 200, text)
  }
  return {
    beat,
    /** Takes a number of grams that no other change has. */
    async pick(grams: number): Promise<void> {
      weights[seq % 2 ? '001' : '002'] -= grams
      await beat()
    }
  }
}

async function pass({ store }: OpenDoors, path: string, { deviceKey }: Scanner, token: string): Promise<string> {
  const { status, text } = await ask(`${store.url}${path}`, deviceKey, { token })
  assert.equal(status, 200, text)
  return JSON.parse(text).visitId
}

/**
 * Shoppers whose phones go right; `offMs` is by how much the box's clock is off. Only one that goes ahead (and is believed) makes a right
 * phone's code old: then the code is made by the box's clock, since that is the judge (docs/decisions/0009-clock.md).
 */
const codeAt = ({ sign }: OpenDoors, userId: string, offMs: number) =>
  codeFor(sign, userId, Date.now() + (offMs > 0 && offMs < YEAR_MS ? offMs : 0))
const enter = async (at: OpenDoors, userId: string, offMs: number) =>
  pass(at, '/entry-control/', at.doors.entry, await codeAt(at, userId, offMs))
const leave = async (at: OpenDoors, userId: string, offMs: number) =>
  pass(at, '/exit-control/', at.doors.exit, await codeAt(at, userId, offMs))

/** Grams of a visit's ticket for a machine, smallest first. */
async function gramsOf({ store }: OpenDoors, visitId: string, machineId = 'shelf'): Promise<number[]> {
  const { items } = await store.call('GET', `/api/v1/tickets?visitId=${visitId}&machineId=${machineId}`)
  const ticket = await store.call('GET', `/api/v1/tickets/${items[0].id}`)
  return ticket.weightChanges.map((change: { grams: number }) => change.grams).sort((a: number, b: number) => a - b)
}

test('the clock of the box is set, and set right again, while visits are open: tickets hold what was taken', {
  skip: SKIP
}, async (t) => {
  await using at = await openClockedStore()
  const { store, setClock } = at
  await using db = await store.database()
  const shelf = shelfOf(at)
  await shelf.beat()
  const expected = new Map<string, number[]>()
  let grams = 100
  const take = async (...visits: string[]) => {
    grams += 50
    await shelf.pick(grams)
    for (const visit of visits) expected.set(visit, [...(expected.get(visit) ?? []), grams])
  }
  for (const [name, stepMs] of STEPS) {
    for (const [offMs, beforeMs] of [
      [stepMs(), 0],
      [0, stepMs()]
    ] as const) {
      // biome-ignore format: there and back
      const closedBefore = await closedSessions(db)
      const noticed = (await jumpsOf(db)).length
      const [early, late] = [newId(), newId()]
      const first = await enter(at, early, beforeMs)
      await take(first)
      setClock(offMs)
      await take(first)
      const second = await enter(at, late, offMs)
      await take(first, second)
      await leave(at, early, offMs)
      await take(second)
      if (offMs !== 0) {
        const claimed = await claimTicketOf(store, first)
        await until(async () => (await closedSessions(db)) > closedBefore, `machine sessions go on after ${name}`, 12_000)
        await until(async () => !(await isUnderReview(store, claimed)), `a lease ends after ${name}`, 15_000)
      }
      await leave(at, late, offMs)
      await until(async () => (await jumpsOf(db)).length === noticed + 1, `the jump ${name} is noticed`)
      await take()
      await shelf.beat()
      assert.deepEqual(await gramsOf(at, first), expected.get(first), `${name}: the visit across the jump`)
      assert.deepEqual(await gramsOf(at, second), expected.get(second), `${name}: the visit after it`)
    }
  }
  await sleep(1500) // late evidence would have been attached by now
  for (const [visit, list] of expected) assert.deepEqual(await gramsOf(at, visit), list)
  const { rows: apart } = await db.query(
    `SELECT id FROM weight_change WHERE abs(extract(epoch FROM occurred_at - received_at)) > 1`
  )
  assert.deepEqual(apart, [], 'changes whose time is not that of their receipt')
  assert.deepEqual(await machineSessionFaults(db), [])
  const jumps = await jumpsOf(db)
  for (const [n, [name, stepMs]] of STEPS.entries()) assert(Math.abs(jumps[2 * n]! - stepMs()) < 120_000, `${name}: ${jumps}`)
  const { items: alarms } = await store.call('GET', '/api/v1/alarms?open=true')
  assert(
    alarms.some((alarm: { kind: string }) => alarm.kind === 'clock-jumped'),
    JSON.stringify(alarms)
  )
  t.diagnostic(`${jumps.length} jumps, ${expected.size} tickets, none changed`)
})

/** Claims the visit's ticket as a reviewer does who then walks away. */
async function claimTicketOf(store: StoreProcess, visitId: string): Promise<string> {
  const { items } = await store.call('GET', `/api/v1/tickets?visitId=${visitId}`)
  const { id, status } = await store.call('POST', `/api/v1/tickets/${items[0].id}/claim`)
  assert.equal(status, 'UNDER_REVIEW')
  return id
}
const isUnderReview = async (store: StoreProcess, id: string) =>
  (await store.call('GET', `/api/v1/tickets/${id}`)).status === 'UNDER_REVIEW'

type Counted = { query: (text: string) => Promise<{ rows: { byMs: number; count: number }[] }> }
/** By how many ms the clock of the box was set, each time. */
async function jumpsOf(db: Counted): Promise<number[]> {
  const { rows } = await db.query(
    `SELECT (payload->>'byMs')::float8 AS "byMs" FROM event_log WHERE name = 'clock.jumped' ORDER BY transaction_id, id`
  )
  return rows.map((row) => row.byMs)
}
const closedSessions = async (db: Counted) =>
  (await db.query('SELECT count(*)::int AS count FROM machine_session WHERE ended_at IS NOT NULL')).rows[0]!.count

test('a restart after the clock was set back goes on from what was recorded', { skip: SKIP }, async () => {
  await using at = await openClockedStore()
  const { store, setClock } = at
  const shelf = shelfOf(at)
  await shelf.beat()
  const [before, after] = [newId(), newId()]
  const first = await enter(at, before, 0)
  await shelf.pick(100)
  const open = await enter(at, after, 0)
  await leave(at, before, 0)
  await shelf.pick(200)
  setClock(-HOUR_MS)
  await store.terminate()
  await store.start()
  await shelf.pick(300)
  await leave(at, after, 0)
  await shelf.beat()
  assert.deepEqual(await gramsOf(at, first), [100])
  assert.deepEqual(await gramsOf(at, open), [200, 300])
  await using db = await store.database()
  assert.deepEqual(await machineSessionFaults(db), [])
})

/** What a device's clock says at its nth message. */
const DEVICE_CLOCKS: Record<string, (n: number) => string | undefined> = {
  'ten-years-ahead': () => new Date(Date.now() + 10 * YEAR_MS).toISOString(),
  'ten-years-behind': () => new Date(Date.now() - 10 * YEAR_MS).toISOString(),
  stuck: () => '2026-01-09T16:18:13Z',
  jumping: (n) => new Date(Date.now() + [0, 60_000, -240_000, YEAR_MS, -HOUR_MS][n % 5]!).toISOString(),
  backwards: (n) => new Date(Date.now() - n * 30_000).toISOString(),
  absent: () => undefined,
  nonsense: () => 'half past nine'
}

test('whatever the clocks of devices say, a change happened when it was received, and is on the ticket of who was inside', async (t) => {
  await using store = new StoreProcess()
  await store.start()
  const devices = []
  for (const [machineId, clock] of Object.entries(DEVICE_CLOCKS)) {
    const { deviceKey } = await store.call('POST', '/api/v1/machines', { machineId, displayName: machineId, kind: 'shelf' })
    devices.push({ ...shelfOf({ store, deviceKey }, machineId, clock), machineId })
  }
  const at = { store, ...(await openDoors(store)) }
  const expected = new Map<string, number[]>()
  for (let round = 0; round < 8; round++) {
    const user = newId()
    for (const device of devices) await device.beat()
    const visit = await enter(at, user, 0)
    const grams = [100 + 10 * round, 500 + 10 * round]
    for (const picked of grams) for (const device of devices) await device.pick(picked)
    await leave(at, user, 0)
    expected.set(visit, grams)
    await sleep(200)
  }
  for (const device of devices) {
    await device.beat()
    for (const [visit, grams] of expected) assert.deepEqual(await gramsOf(at, visit, device.machineId), grams, device.machineId)
  }
  await using db = await store.database()
  const { rows } = await db.query(
    'SELECT machine_id, occurred_at, received_at FROM weight_change WHERE abs(extract(epoch FROM occurred_at - received_at)) > 1'
  )
  assert.deepEqual(rows, [])
  t.diagnostic(`${devices.length} clocks, ${expected.size * devices.length} tickets`)
})
