/** What machines settle or sample themselves, over MQTT: each change once, whatever the order, beside the heartbeats that tell of the same. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { changesOf, eventsAbout, httpMachine, mqttDevice, onboard, signed, told } from '#test/support/devices.ts'
import { handClock } from '#test/support/http.ts'
import { openTestStore } from '#test/support/store.ts'

const clock = handClock()
const store = await openTestStore({ clock, mqtt: true })
after(() => store[Symbol.asyncDispose]())

/** A machine that speaks both ways, with a first heartbeat of 5 kg on two scales. */
async function connected() {
  const known = await onboard(store)
  const device = await mqttDevice(store, known)
  await device.beat({ '001': 5000, '002': 5000 })
  clock.forward(1000)
  return {
    ...{ ...known, device, http: httpMachine(store, known) },
    change: (body: object) => device.say('change', { scaleId: '001', at: clock.now().toISOString(), ...body }),
    beat: async (grams: number, more: object = {}) => {
      await device.beat({ '001': grams, '002': 5000 }, more)
      clock.forward(1000)
    },
    told: () => told(store, known.machineId),
    [Symbol.asyncDispose]: () => device[Symbol.asyncDispose]()
  }
}

test('a change counts once by its id, also when it comes twice, at once and long after', async () => {
  await using machine = await connected()
  await machine.change({ id: 'a', grams: -300 })
  await machine.change({ id: 'a', grams: -300 })
  await Promise.all([1, 2, 3].map(() => machine.change({ id: 'b', grams: -200 })))
  clock.forward(3_600_000)
  await machine.change({ id: 'a', grams: -300 })
  assert.deepEqual(await machine.told(), ['001 -300', '001 -200'])
  const [first] = await changesOf(store, machine.machineId)
  assert.deepEqual([first!.source, first!.settled, first!.weightBefore, first!.weightAfter], ['device', true, 5000, 4700])
})

test('without an id a change counts once by boot and sequence, with neither each is new', async () => {
  await using machine = await connected()
  for (let times = 0; times < 2; times++) await machine.change({ grams: -100, bootId: 'x', seq: 1 })
  await machine.change({ grams: -100, bootId: 'y', seq: 1 })
  for (let times = 0; times < 2; times++) await machine.change({ grams: -50 })
  assert.deepEqual(await machine.told(), ['001 -100', '001 -100', '001 -50', '001 -50'])
})

test('ids are a machine’s own: another’s may be the same', async () => {
  await using one = await connected()
  await using two = await connected()
  for (const machine of [one, two]) await machine.change({ id: 'same', grams: -100 })
  assert.deepEqual([await one.told(), await two.told()], [['001 -100'], ['001 -100']])
})

test('changes out of order and late keep their own time', async () => {
  await using machine = await connected()
  const at = (secondsAgo: number) => new Date(clock.now().getTime() - secondsAgo * 1000).toISOString()
  const [late, later] = [at(7200), at(3600)]
  await machine.change({ id: 'later', grams: -100, at: later, bootId: 'b', seq: 9 })
  await machine.change({ id: 'late', grams: 250, at: late, bootId: 'b', seq: 8 })
  const changes = await changesOf(store, machine.machineId)
  assert.deepEqual(
    changes.map((change) => [signed(change), change.occurredAt, change.foundLate]),
    [
      [250, late, false],
      [-100, later, false]
    ]
  )
})

test('a heartbeat that agrees with a change makes no second row', async () => {
  await using machine = await connected()
  await machine.change({ id: 'a', grams: -300 })
  for (const grams of [4700, 4699, 4701]) await machine.beat(grams)
  assert.deepEqual(await machine.told(), ['001 -300'])
})

test('a change that comes after the heartbeat that saw it takes that row over', async () => {
  await using machine = await connected()
  await machine.beat(4696)
  const [seen] = await changesOf(store, machine.machineId)
  assert.deepEqual([seen!.source, signed(seen!)], ['heartbeat', -304])
  for (let times = 0; times < 2; times++) await machine.change({ id: 'a', grams: -300 })
  await machine.beat(4700)
  const [claimed, ...others] = await changesOf(store, machine.machineId)
  assert.equal(others.length, 0)
  assert.deepEqual([claimed!.id, claimed!.source, signed(claimed!), claimed!.settled], [seen!.id, 'device', -300, true])
})

test('two changes between two heartbeats are two rows, whichever comes first', async () => {
  for (const isHeartbeatFirst of [true, false]) {
    await using machine = await connected()
    if (isHeartbeatFirst) await machine.beat(4400)
    await machine.change({ id: 'a', grams: -200 })
    await machine.change({ id: 'b', grams: -400 })
    await machine.beat(4400)
    await machine.beat(4400)
    assert.deepEqual((await machine.told()).toSorted(), ['001 -200', '001 -400'])
  }
})

test('a difference that no change told of is found by the heartbeats', async () => {
  await using machine = await connected()
  await machine.change({ id: 'a', grams: -300 })
  await machine.beat(4600)
  await machine.beat(4600)
  assert.deepEqual(await machine.told(), ['001 -300', '001 -100'])
})

test('a change on a scale that nobody has read yet, and one on a disabled scale', async () => {
  await using machine = await connected()
  await machine.change({ id: 'a', scaleId: '009', grams: 400 })
  await machine.device.beat({ '001': 5000, '002': 5000, '009': 400 })
  await store.admin.send('PATCH', `/api/v1/machines/${machine.machineId}/scales/002`, { disabled: true })
  await machine.change({ id: 'b', scaleId: '002', grams: -400 })
  assert.deepEqual(await machine.told(), ['009 400'])
})

test('changes that would leave an impossible weight, or cannot be kept, are dropped and harm nobody', async () => {
  await using machine = await connected()
  await using neighbour = await connected()
  const dropped = async () => {
    const metric = await store.ctx.metrics.text()
    return Number(/niflr_mqtt_dropped_total\{reason="malformed"\} (\d+)/.exec(metric)?.[1] ?? 0)
  }
  const wrong: object[] = [
    { id: 'x', grams: 0 },
    { id: 'x', grams: 0.3 },
    { id: 'x', grams: '5' },
    { id: 'x', grams: 1e9 },
    { id: 'x', grams: -100, scaleId: 'a b' },
    { id: '', grams: -100 },
    { id: 'x'.repeat(129), grams: -100 },
    { id: 7, grams: -100 },
    { id: 'a\0b', grams: -100 },
    { id: 'a\ud800', grams: -100 },
    { grams: -100, bootId: '\udfff', seq: 1 },
    { grams: -100, seq: -1 },
    { id: 'x', grams: 10_000_000 }
  ]
  const before = await dropped()
  for (const body of wrong) await machine.change(body)
  assert.equal((await dropped()) - before, wrong.length)
  for (let n = 0; n < 300; n++) await machine.change({ id: `grow-${n}`, grams: 9_000_000 })
  await Promise.all([machine.change({ id: 'ok', grams: -100 }), neighbour.change({ id: 'ok', grams: -100 })])
  assert.deepEqual([(await machine.told()).at(-1), await neighbour.told()], ['001 -100', ['001 -100']])
})

const noisy = (grams: number, count: number) => Array.from({ length: count }, (_, n) => grams + ((n * 7919) % 5) - 2)

test('samples settle a pick after half a second within the noise, and heartbeats of the same moment add nothing', async () => {
  await using machine = await connected()
  const startMs = clock.now().getTime()
  let sent = 0
  /** Sends a second of samples per call, 60 a second, on both scales. */
  const sample = async (grams: number[]) => {
    const at = new Date(startMs + sent * 1000).toISOString()
    sent += 1
    clock.forward(1000)
    await machine.device.say('samples', { at, rateHz: 60, scales: { '001': grams, '002': noisy(5000, 60) } })
    await machine.device.beat({ '001': Math.round(grams.at(-1)!), '002': 5000 })
  }
  await sample(noisy(5000, 60))
  await sample([...noisy(5000, 30), ...Array.from({ length: 30 }, (_, n) => 5000 - n * 40)])
  await sample([5900, 4200, ...noisy(4600, 58)])
  await sample(noisy(4600, 60))
  await sample(noisy(4600, 60))
  const changes = await changesOf(store, machine.machineId)
  assert.deepEqual(
    changes.map((change) => [change.scaleId, change.source, change.settled, change.version]),
    [['001', 'samples', true, 1]]
  )
  assert.ok(Math.abs(signed(changes[0]!) + 400) <= 2, String(changes[0]!.grams))
  const seconds = (Date.parse(changes[0]!.occurredAt) - startMs) / 1000
  assert.ok(seconds > 1.4 && seconds < 2.3, `it happened ${seconds} s in`)
})

test('samples with gaps are read over them, malformed ones dropped', async () => {
  await using machine = await connected()
  const wrong: object[] = [
    {},
    { rateHz: 60 },
    { rateHz: 60, scales: {} },
    { rateHz: 60, scales: [] },
    { rateHz: 0, scales: { '001': [1] } },
    { rateHz: 1e-300, scales: { '001': [1, 2, 3] } },
    { rateHz: 1001, scales: { '001': [1] } },
    { rateHz: '60', scales: { '001': [1] } },
    { rateHz: 60, scales: { '001': 5 } },
    { rateHz: 60, scales: { '001': [1, '2'] } },
    { rateHz: 60, scales: { '001': [1e9] } },
    { rateHz: 60, scales: { 'a/b': [1] } },
    { rateHz: 60, scales: { '001': Array(10_001).fill(1) } }
  ]
  for (const body of wrong) await machine.device.say('samples', body)
  const holes = (grams: number) => noisy(grams, 180).map((value, n) => (n % 3 === 1 ? null : value))
  await machine.device.say('samples', { rateHz: 60, scales: { '001': holes(5000) } })
  clock.forward(3000)
  await machine.device.say('samples', { rateHz: 60, scales: { '001': holes(4000) } })
  const changes = await changesOf(store, machine.machineId)
  assert.equal(changes.length, 1)
  assert.ok(Math.abs(signed(changes[0]!) + 1000) <= 2)
})

test('every version of a change is in the event log, and an unsettled one is never told as settled', async () => {
  await using machine = await connected()
  await machine.beat(4000)
  await machine.beat(5000)
  await machine.beat(4000)
  await machine.beat(4002)
  const { rows } = await store.ctx.pool.query(
    `SELECT name, payload->>'settled' AS settled, (payload->>'version')::int AS version FROM event_log WHERE payload->>'machineId' = $1
     AND name LIKE 'weight-change.%' ORDER BY transaction_id, id`,
    [machine.machineId]
  )
  assert.deepEqual(
    rows.map((row) => `${row.name.slice(14)} ${row.version} ${row.settled}`),
    ['recorded 1 false', 'withdrawn 2 null', 'recorded 1 false', 'corrected 2 true']
  )
  assert.deepEqual(await eventsAbout(store, machine.machineId), ['machine.onboarded', 'machine.online'])
})
