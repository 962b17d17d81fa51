/** P7: the clock of the box is set while visits are open: no ticket changes, no machine session is stuck, the doors work. */
import assert from 'node:assert/strict'
import { globSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { newId } from '#server/platform/ids.ts'
import { type CodeSigner, freshKey } from '#simulator/codes.ts'
import { rowsOf, until } from '#test/support/devices.ts'
import { machineSessionFaults } from './support/books.ts'
import { ask } from './support/machines.ts'
import { codeFor, type Scanner } from './support/shoppers.ts'
import { StoreProcess } from './support/store-process.ts'

const LIBRARY = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1')[0]
const SKIP = LIBRARY ? false : 'skipped: libfaketime is not installed (apt-get install libfaketime)'
const HOUR_MS = 3_600_000
const STEPS: [string, () => number][] = [
  ['an hour back', () => -HOUR_MS],
  ['an hour forward', () => HOUR_MS],
  ['to 1970', () => Date.UTC(1970, 0, 2) - Date.now()],
  ['to 2038', () => Date.UTC(2038, 0, 20) - Date.now()],
  ['four minutes forward', () => 4 * 60_000],
  ['two minutes back', () => -2 * 60_000]
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
  Object.assign(store.env, env, { MACHINE_SESSION_SECONDS: '5' })
  await store.start()
  const { deviceKey } = await store.call('POST', '/api/v1/machines', { machineId: 'shelf', displayName: 'shelf', kind: 'shelf' })
  const key = freshKey()
  await store.call('POST', '/api/v1/qr-keys', { jwk: key.publicJwk })
  const scanner = (tag: string): Promise<Scanner> => store.call('POST', '/api/v1/scanners', { name: tag, tag })
  const doors = { entry: await scanner('ENTRY'), exit: await scanner('EXIT') }
  await store.call('PUT', '/api/v1/store/mode', { mode: 'CUSTOMER_MODE' })
  const resources = stack.move()
  return { store, setClock, deviceKey, sign: key.sign, doors, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}
type ClockedStore = Awaited<ReturnType<typeof openClockedStore>>

/** The shelf: each change is on the other scale, so that the next heartbeat confirms the one before. Its own clock goes right. */
function shelfOf({ store, deviceKey }: ClockedStore) {
  const weights = { '001': 50_000, '002': 50_000 }
  const bootId = newId()
  let seq = 0
  const beat = async () => {
    const body = { machineId: 'shelf', scales: rowsOf(weights), bootId, seq: seq++, eventTime: new Date().toISOString() }
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

async function pass({ store }: ClockedStore, path: string, { deviceKey }: Scanner, token: string): Promise<string> {
  const { status, text } = await ask(`${store.url}${path}`, deviceKey, { token })
  assert.equal(status, 200, text)
  return JSON.parse(text).visitId
}

const enter = async (at: ClockedStore, userId: string, sign: CodeSigner) =>
  pass(at, '/entry-control/', at.doors.entry, await codeFor(sign, userId))
const leave = async (at: ClockedStore, userId: string, sign: CodeSigner) =>
  pass(at, '/exit-control/', at.doors.exit, await codeFor(sign, userId))

/** Grams of the ticket of a visit, smallest first. */
async function gramsOf({ store }: ClockedStore, visitId: string): Promise<number[]> {
  const { items } = await store.call('GET', `/api/v1/tickets?visitId=${visitId}`)
  const ticket = await store.call('GET', `/api/v1/tickets/${items[0].id}`)
  return ticket.weightChanges.map((change: { grams: number }) => change.grams).sort((a: number, b: number) => a - b)
}

test('the clock of the box is set, and set right again, while visits are open: tickets hold what was taken', {
  skip: SKIP
}, async (t) => {
  await using at = await openClockedStore()
  const { store, setClock, sign } = at
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
    for (const offMs of [stepMs(), 0]) {
      const closedBefore = await closedSessions(db)
      const [early, late] = [newId(), newId()]
      const first = await enter(at, early, sign)
      await take(first)
      setClock(offMs)
      await take(first)
      const second = await enter(at, late, sign)
      await take(first, second)
      await leave(at, early, sign)
      await take(second)
      await until(async () => (await closedSessions(db)) > closedBefore, `machine sessions go on after ${name}`, 12_000)
      await leave(at, late, sign)
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
  const { rows: jumps } = await db.query(
    `SELECT (payload->>'byMs')::float8 AS "byMs" FROM event_log WHERE name = 'clock.jumped' ORDER BY transaction_id, id`
  )
  assert.equal(jumps.length, 2 * STEPS.length, JSON.stringify(jumps))
  const { items: alarms } = await store.call('GET', '/api/v1/alarms?open=true')
  assert(
    alarms.some((alarm: { kind: string }) => alarm.kind === 'clock-jumped'),
    JSON.stringify(alarms)
  )
  t.diagnostic(`${jumps.length} jumps, ${expected.size} tickets, none changed`)
})

const closedSessions = async (db: { query: (text: string) => Promise<{ rows: { count: number }[] }> }) =>
  (await db.query('SELECT count(*)::int AS count FROM machine_session WHERE ended_at IS NOT NULL')).rows[0]!.count

test('a restart after the clock was set back goes on from what was recorded', { skip: SKIP }, async () => {
  await using at = await openClockedStore()
  const { store, setClock, sign } = at
  const shelf = shelfOf(at)
  await shelf.beat()
  const [before, after] = [newId(), newId()]
  const first = await enter(at, before, sign)
  await shelf.pick(100)
  const open = await enter(at, after, sign)
  await leave(at, before, sign)
  await shelf.pick(200)
  setClock(-HOUR_MS)
  await store.terminate()
  await store.start()
  await shelf.pick(300)
  await leave(at, after, sign)
  await shelf.beat()
  assert.deepEqual(await gramsOf(at, first), [100])
  assert.deepEqual(await gramsOf(at, open), [200, 300])
  await using db = await store.database()
  assert.deepEqual(await machineSessionFaults(db), [])
})
