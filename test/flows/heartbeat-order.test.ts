/** Heartbeats twice, late and out of order, from devices whose clocks are off: each counts once, at the right time. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { changesOf, envelope, newHttpMachine, rowsOf, told, until } from '#test/support/devices.ts'
import { handClock } from '#test/support/http.ts'
import { openTestStore } from '#test/support/store.ts'

const clock = handClock()
const store = await openTestStore({ clock })
after(() => store[Symbol.asyncDispose]())

/** Time passes. */
async function later(ms = 1000): Promise<void> {
  clock.forward(ms)
}

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
