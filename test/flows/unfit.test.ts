/** What the database cannot hold: one machine's message is refused by itself, and whoever shared its commit is taken all the same. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { httpMachine, mqttDevice, newHttpMachine, onboard, rowsOf, told, until } from '#test/support/devices.ts'
import { assertProblem } from '#test/support/http.ts'
import { refuseChangesOf } from '#test/support/refusing.ts'
import { openTestStore } from '#test/support/store.ts'

const store = await openTestStore({ mqtt: true })
after(() => store[Symbol.asyncDispose]())
const { ctx } = store

/** Does `work` while commits wait, so that all it sends shares one; resolves when that is on its way. */
async function inOneCommit<T>(work: () => Promise<T>[], isSent: () => boolean | Promise<boolean>): Promise<T[]> {
  const holder = await ctx.pool.connect()
  try {
    await holder.query('BEGIN; LOCK TABLE weight_change IN EXCLUSIVE MODE')
    blockerGrams -= 1000
    const first = httpMachine(store, blocker).beat({ '001': blockerGrams })
    const waiting = `SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted AND relation = 'weight_change'::regclass`
    await until(async () => (await ctx.pool.query(waiting)).rows[0].n > 0, 'a commit waits')
    const sent = work()
    await until(isSent, 'all of it was taken')
    await holder.query('COMMIT')
    await first
    return await Promise.all(sent)
  } finally {
    holder.release(true)
  }
}

let blockerGrams = 900_000
const blocker = await onboard(store)
await httpMachine(store, blocker).beat({ '001': blockerGrams })

async function figure(name: string): Promise<number> {
  const lines = (await ctx.metrics.text()).split('\n').filter((line) => line.startsWith(name))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}
const TAKEN = 'niflr_device_messages_total{kind="heartbeat",outcome="counted"}'

test('a heartbeat that the database cannot hold is refused by itself: those of other machines in its commit are taken', async () => {
  const [bad, ...good] = [await newHttpMachine(store), await newHttpMachine(store), await newHttpMachine(store)]
  for (const machine of [bad!, ...good]) await machine.beat({ '001': 5000, '002': 5000 })
  await using _refusal = await refuseChangesOf(ctx, [bad!.machineId])
  const before = await figure(TAKEN)
  const take = (machine: typeof bad, seq: number) =>
    machine!.post({ machineId: machine!.machineId, scales: rowsOf({ '001': 5000 - 100 * seq, '002': 5000 }), bootId: 'b', seq })
  const answers = await inOneCommit(
    () => [take(good[0], 1), take(bad, 1), take(good[1], 1), take(good[0], 2)],
    async () => (await figure(TAKEN)) === before + 5
  )
  assert.deepEqual(
    answers.map((answer) => answer.status),
    [200, 422, 200, 200]
  )
  assertProblem(answers[1]!, 422, 'unfit')
  assert.equal((await told(store, good[1]!.machineId)).join(), '001 -100')
  assert.equal((await told(store, good[0]!.machineId)).join(), '001 -200')
  assert.deepEqual(await told(store, bad!.machineId), [])
})

test('what was refused so left nothing in memory: the machine’s next heartbeat is compared with what the database knows', async () => {
  const machine = await newHttpMachine(store)
  await machine.beat({ '001': 5000 }, { bootId: 'b', seq: 1 })
  {
    await using _refusal = await refuseChangesOf(ctx, [machine.machineId])
    const answer = await machine.post({ machineId: machine.machineId, scales: rowsOf({ '001': 4700 }), bootId: 'b', seq: 2 })
    assertProblem(answer, 422, 'unfit')
  }
  await machine.beat({ '001': 4700 }, { bootId: 'b', seq: 3 })
  assert.deepEqual(await told(store, machine.machineId), ['001 -300'])
})

test('over MQTT such a message is acknowledged, dropped and counted, so that it does not come again for ever', async () => {
  const known = await onboard(store)
  await using device = await mqttDevice(store, known)
  await device.beat({ '001': 5000 })
  const dropped = () => figure('niflr_mqtt_dropped_total{reason="unfit"}')
  const before = await dropped()
  {
    await using _refusal = await refuseChangesOf(ctx, [known.machineId])
    await device.beat({ '001': 4700 })
    await device.say('change', { id: 'c1', scaleId: '002', grams: -50, at: new Date().toISOString() })
  }
  assert.equal(await dropped(), before + 2)
  await device.beat({ '001': 4700 })
  await device.say('change', { id: 'c1', scaleId: '002', grams: -50, at: new Date().toISOString() })
  assert.deepEqual((await told(store, known.machineId)).toSorted(), ['001 -300', '002 -50'])
})

test('changes that the machines settled themselves are each taken or refused too, once by their id', async () => {
  const [bad, good] = [await onboard(store), await onboard(store)]
  await using one = await mqttDevice(store, bad)
  await using two = await mqttDevice(store, good)
  await using _refusal = await refuseChangesOf(ctx, [bad.machineId])
  const say = (device: typeof one, id: string) =>
    device.say('change', { id, scaleId: '001', grams: -50, at: new Date().toISOString() })
  const before = await figure('niflr_device_messages_total{kind="change"')
  await inOneCommit(
    () => [say(one, 'x'), say(two, 'x'), say(two, 'x'), say(two, 'y')],
    async () => (await figure('niflr_device_messages_total{kind="change"')) === before + 4
  )
  assert.deepEqual(await told(store, good.machineId), ['001 -50', '001 -50'])
  assert.deepEqual(await told(store, bad.machineId), [])
})
