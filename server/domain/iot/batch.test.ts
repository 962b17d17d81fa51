/** What a commit writes of what was decided: each row once, in its last version, with the events that tell of every one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Batch, type Origin } from './batch.ts'
import type { Effect, RowRef } from './detector.ts'
import { newMachine, newScale } from './memory.ts'

const AT = Date.UTC(2026, 0, 1, 12)
const MACHINE = {
  ...newMachine('m1', { sessionId: 's1', startedMs: AT, listeningMonoMs: 0 }),
  sequence: { bootId: 'a', pastBootIds: [], epoch: 3, lastSeq: 17 }
}
const FROM: Origin = {
  machine: MACHINE,
  scale: newScale(MACHINE, '001', 30),
  source: 'heartbeat',
  receivedMs: AT + 50,
  seq: 17,
  deviceChangeId: null
}
const DEVICE: Origin = { ...FROM, source: 'device', seq: null, deviceChangeId: 'c1' }

const ROW: RowRef = { rowId: 'r1', occurredMs: AT, fromMs: AT - 1000, foundLate: true }
const record = (row = ROW): Effect & { kind: 'record' } => ({
  kind: 'record',
  row,
  grams: -300,
  before: 1000,
  after: 700,
  settled: false
})
const correct = { kind: 'correct', row: ROW, version: 2, grams: 200, before: 1000, after: 1200, settled: false } as const
const claim: Effect = { ...correct, grams: -290, after: 710, settled: true, isClaim: true }
const withdraw: Effect = { kind: 'withdraw', row: ROW, version: 2 }

const RECORDED = {
  id: 'r1',
  machineId: 'm1',
  scaleId: '001',
  grams: -300,
  before: 1000,
  after: 700,
  occurredAt: new Date(AT),
  occurredFrom: new Date(AT - 1000),
  receivedAt: new Date(AT + 50),
  machineSessionId: 's1',
  source: 'heartbeat',
  settled: false,
  foundLate: true,
  version: 1,
  withdrawn: false,
  bootEpoch: 3,
  seq: 17,
  deviceChangeId: null
}
const REFERENCE = {
  weightChangeId: 'r1',
  machineId: 'm1',
  scaleId: '001',
  version: 2,
  occurredAt: '2026-01-01T12:00:00.000Z',
  occurredFrom: '2026-01-01T11:59:59.000Z'
}

function batchOf(...effects: [Effect, Origin][]): Batch {
  const batch = new Batch()
  for (const [effect, origin] of effects) batch.add(effect, origin)
  return batch
}
const told = (batch: Batch) => batch.events.map(({ name, payload }) => [name, JSON.parse(payload)])
/** What a row has, of the columns that are named. */
const part = <T extends object>(row: T | undefined, ...names: (keyof T)[]) => names.map((name) => row?.[name])

test('a recorded row is inserted with where it comes from, and told', () => {
  const batch = batchOf([record(), FROM])
  assert.deepEqual([...batch.inserts.values()], [RECORDED])
  assert.equal(batch.updates.size, 0)
  assert.deepEqual(
    batch.changed.map(({ id, version, claimed }) => [id, version, claimed]),
    [['r1', 1, null]]
  )
  const facts = { status: 'PICKED', grams: 300, settled: false, foundLate: true, source: 'heartbeat' }
  assert.deepEqual(told(batch), [['weight-change.recorded', { ...REFERENCE, version: 1, ...facts }]])
})

test('a row without a sequence number has no boot either', () => {
  const batch = batchOf([record(), DEVICE])
  assert.deepEqual(part(batch.inserts.get('r1'), 'source', 'seq', 'bootEpoch', 'deviceChangeId'), ['device', null, null, 'c1'])
})

test('a correction of an older row updates it; its time is told as it was', () => {
  const batch = batchOf([correct, FROM])
  assert.equal(batch.inserts.size, 0)
  const update = {
    id: 'r1',
    machineId: 'm1',
    scaleId: '001',
    grams: 200,
    before: 1000,
    after: 1200,
    settled: false,
    version: 2,
    withdrawn: false,
    claimed: null
  }
  assert.deepEqual([...batch.updates.values()], [update])
  const logged = { ...update, source: 'heartbeat', occurredAt: new Date(AT), receivedAt: new Date(AT + 50), foundLate: true }
  assert.deepEqual(batch.changed, [logged])
  const facts = { status: 'PLACED', grams: 200, settled: false, foundLate: true, source: 'heartbeat' }
  assert.deepEqual(told(batch), [['weight-change.corrected', { ...REFERENCE, ...facts }]])
})

test('a withdrawal is an update without weights, and told by reference alone', () => {
  const batch = batchOf([withdraw, FROM])
  const update = {
    id: 'r1',
    machineId: 'm1',
    scaleId: '001',
    grams: 0,
    before: null,
    after: null,
    settled: true,
    version: 2,
    withdrawn: true,
    claimed: null
  }
  assert.deepEqual([...batch.updates.values()], [update])
  assert.deepEqual(told(batch), [['weight-change.withdrawn', REFERENCE]])
})

test('a row that is revised before it was written is inserted once, in its last version, and each version is told', () => {
  const batch = batchOf([record(), FROM], [correct, FROM], [{ ...correct, version: 3, settled: true }, FROM])
  assert.equal(batch.updates.size, 0)
  assert.deepEqual(part(batch.inserts.get('r1'), 'grams', 'before', 'after', 'settled', 'version', 'withdrawn', 'source'), [
    200,
    1000,
    1200,
    true,
    3,
    false,
    'heartbeat'
  ])
  assert.deepEqual(
    batch.changed.map((row) => row.version),
    [1, 2, 3]
  )
  assert.deepEqual(
    batch.events.map(({ name }) => name),
    ['weight-change.recorded', 'weight-change.corrected', 'weight-change.corrected']
  )
})

test('a row that is withdrawn before it was written is inserted as withdrawn', () => {
  const batch = batchOf([record(), FROM], [withdraw, FROM])
  assert.deepEqual(part(batch.inserts.get('r1'), 'withdrawn', 'version', 'settled'), [true, 2, true])
  assert.equal(batch.updates.size, 0)
})

test('of several updates of a row the last is written', () => {
  const batch = batchOf([correct, FROM], [{ ...correct, version: 3, grams: 150 }, FROM])
  assert.deepEqual(
    [...batch.updates.values()].map(({ version, grams }) => [version, grams]),
    [[3, 150]]
  )
})

test('a row that the machine’s own change takes over carries its id and source, written or not', () => {
  const written = batchOf([claim, DEVICE])
  assert.deepEqual(written.updates.get('r1')?.claimed, { deviceChangeId: 'c1' })
  assert.equal(told(written)[0]?.[1].source, 'device')
  const fresh = batchOf([record(), FROM], [claim, DEVICE])
  assert.deepEqual(part(fresh.inserts.get('r1'), 'source', 'deviceChangeId', 'grams', 'version'), ['device', 'c1', -290, 2])
})

test('a change without an id takes a row over all the same', () => {
  const batch = batchOf([record(), FROM], [claim, { ...DEVICE, deviceChangeId: null }])
  assert.deepEqual(part(batch.inserts.get('r1'), 'source', 'deviceChangeId'), ['device', null])
})

test('what the machine’s change leaves of a row, or withdraws, stays the heartbeat’s', () => {
  const own: Effect = { ...record({ ...ROW, rowId: 'r2' }), settled: true }
  const split = batchOf([record(), FROM], [own, DEVICE], [{ ...correct, settled: true }, DEVICE])
  assert.deepEqual(part(split.inserts.get('r1'), 'source', 'deviceChangeId'), ['heartbeat', null])
  assert.deepEqual(part(split.inserts.get('r2'), 'source', 'deviceChangeId'), ['device', 'c1'])
  const batch = batchOf([correct, DEVICE])
  assert.equal(batch.updates.get('r1')?.claimed, null)
  const withdrawn = batchOf([withdraw, DEVICE])
  assert.equal(withdrawn.updates.get('r1')?.claimed, null)
})

test('a batch is empty until something in it is to be written', async () => {
  const fillers: ((batch: Batch) => void)[] = [
    (batch) => batch.add(record(), FROM),
    (batch) => batch.add(correct, FROM),
    (batch) => batch.scales.set(FROM.scale, MACHINE),
    (batch) => batch.machines.add(MACHINE),
    (batch) => batch.emit('machine.online', { machineId: 'm1' })
  ]
  assert(new Batch().isEmpty)
  for (const fill of fillers) {
    const batch = new Batch()
    fill(batch)
    assert(!batch.isEmpty)
  }
})

test('whoever waits for a batch hears how it ended; nobody waiting is no crash', async () => {
  const [good, bad, unheard] = [new Batch(), new Batch(), new Batch()]
  const ends = [good.promise, bad.promise.catch((error: unknown) => error)]
  unheard.reject(new Error('unheard'))
  bad.reject('away')
  good.resolve()
  assert.deepEqual(await Promise.all(ends), [undefined, 'away'])
})
