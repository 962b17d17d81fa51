/** Commands to machines over MQTT: obeyed, refused, met with silence; the alarms that start and end; and a tare that makes no false change. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { eventsAbout, httpMachine, mqttDevice, onboard, scalesOf, sessionsOf, told, until } from '#test/support/devices.ts'
import { assertProblem, handClock, staffCaller } from '#test/support/http.ts'
import { openTestStore } from '#test/support/store.ts'

const clock = handClock()
const store = await openTestStore({ clock, mqtt: true })
after(() => store[Symbol.asyncDispose]())
const { admin } = store

async function connected(answer: (command: { id: string; command: string; scaleId?: string }) => object | null) {
  const known = await onboard(store)
  const device = await mqttDevice(store, known)
  const commands = await device.obey(answer)
  return {
    ...known,
    device,
    commands,
    http: httpMachine(store, known),
    [Symbol.asyncDispose]: () => device[Symbol.asyncDispose]()
  }
}
const obedient = ({ id }: { id: string }) => ({ id, ok: true })

async function lock(machineId: string, isLocked = true): Promise<string> {
  const answer = await admin.send('POST', '/api/machines/lock', { machineId, lock: isLocked })
  assert.equal(answer.status, 202, answer.text)
  return answer.body.commandId
}
async function tare(machineId: string, scaleId: string): Promise<string> {
  const answer = await admin.send('POST', `/api/v1/machines/${machineId}/scales/${scaleId}/tare`)
  assert.equal(answer.status, 202, answer.text)
  return answer.body.commandId
}
const read = async (id: string) => (await admin.send('GET', `/api/v1/commands/${id}`)).body
const answered = (id: string, status: string) => until(async () => (await read(id)).status === status, `command ${status}`)
const isLocked = async (machineId: string) => (await admin.send('GET', `/api/machines/${machineId}/status`)).body.locked
const alarms = async (machineId: string) =>
  (await admin.send('GET', '/api/v1/alarms?limit=200')).body.items
    .filter((alarm: { subject: string; kind: string }) => alarm.subject === machineId && alarm.kind !== 'machine-offline')
    .map((alarm: { kind: string; endedAt: string | null }) => `${alarm.kind} ${alarm.endedAt === null ? 'on' : 'over'}`)

test('a machine is locked and unlocked: told over MQTT, acknowledged, and its status says so', async () => {
  await using machine = await connected(obedient)
  assert.equal(await isLocked(machine.machineId), false)
  const locked = await lock(machine.machineId)
  await answered(locked, 'acknowledged')
  assert.equal(await isLocked(machine.machineId), true)
  const unlocked = await lock(machine.machineId, false)
  await answered(unlocked, 'acknowledged')
  assert.equal(await isLocked(machine.machineId), false)
  assert.deepEqual(machine.commands, [
    { id: locked, command: 'lock' },
    { id: unlocked, command: 'unlock' }
  ])
  const { requestedBy, requestedAt, answeredAt, ...facts } = await read(locked)
  assert.deepEqual(facts, {
    id: locked,
    machineId: machine.machineId,
    command: 'lock',
    scaleId: null,
    status: 'acknowledged',
    reason: null
  })
  assert.deepEqual([requestedBy, requestedAt, answeredAt], [admin.username, clock.now().toISOString(), clock.now().toISOString()])
  assert.deepEqual(await eventsAbout(store, machine.machineId), [
    'machine.onboarded',
    'command.sent',
    'command.answered',
    'command.sent',
    'command.answered'
  ])
})

test('a refusal is recorded with its reason and starts an alarm; the next obeyed command ends it', async () => {
  let isShut = false
  await using machine = await connected(({ id }) => (isShut ? { id, ok: true } : { id, ok: false, reason: 'door is not closed' }))
  const refused = await lock(machine.machineId)
  await answered(refused, 'refused')
  assert.deepEqual(
    [(await read(refused)).reason, await isLocked(machine.machineId), await alarms(machine.machineId)],
    ['door is not closed', false, ['lock-failed on']]
  )
  await answered(await lock(machine.machineId), 'refused')
  assert.deepEqual(await alarms(machine.machineId), ['lock-failed on'], 'one alarm, however often')
  isShut = true
  await answered(await lock(machine.machineId), 'acknowledged')
  assert.deepEqual([await isLocked(machine.machineId), await alarms(machine.machineId)], [true, ['lock-failed over']])
})

test('silence is recorded after 10 s and starts an alarm; a late answer still counts and ends it', async () => {
  await using machine = await connected(() => null)
  const id = await lock(machine.machineId)
  clock.forward(9999)
  await store.drain()
  assert.equal((await read(id)).status, 'sent')
  clock.forward(1)
  await store.drain()
  assert.deepEqual([(await read(id)).status, await alarms(machine.machineId)], ['silent', ['lock-failed on']])
  await machine.device.say('command/ack', { id, ok: true })
  assert.deepEqual(
    [(await read(id)).status, await isLocked(machine.machineId), await alarms(machine.machineId)],
    ['acknowledged', true, ['lock-failed over']]
  )
})

test('a machine that is not connected meets silence, and is not told when it comes back too late', async () => {
  const known = await onboard(store)
  const first = await mqttDevice(store, known, { clean: false, clientId: known.machineId })
  await first.obey(obedient)
  await first.client.endAsync()
  const id = await lock(known.machineId, false)
  clock.forward(10_000)
  await store.drain()
  assert.equal((await read(id)).status, 'silent')
  await using back = await mqttDevice(store, known, { clean: false, clientId: known.machineId })
  const commands = await back.obey(obedient)
  const fresh = await lock(known.machineId)
  await answered(fresh, 'acknowledged')
  assert.deepEqual(
    commands.map((command) => command.id),
    [fresh]
  )
})

test('an answer counts once, and only from the machine that was asked', async () => {
  await using machine = await connected(() => null)
  await using other = await connected(() => null)
  const id = await lock(machine.machineId)
  await other.device.say('command/ack', { id, ok: true })
  assert.equal((await read(id)).status, 'sent')
  await machine.device.say('command/ack', { id, ok: false, reason: 'no' })
  await machine.device.say('command/ack', { id, ok: true })
  assert.deepEqual([(await read(id)).status, await isLocked(machine.machineId)], ['refused', false])
  for (const body of [
    {},
    { id: 'x', ok: true },
    { id, ok: 'yes' },
    { id, ok: true, reason: 7 },
    { id, ok: false, reason: 'a\ud800' },
    { id, ok: false, reason: 'x'.repeat(501) }
  ])
    await machine.device.say('command/ack', body)
})

test('who may not command, and what cannot be commanded, is refused', async () => {
  const { machineId, deviceKey } = await onboard(store)
  const reviewer = await staffCaller(store.ctx, store.app, 'reviewer')
  assertProblem(await reviewer.send('POST', '/api/machines/lock', { machineId, lock: true }), 403, 'forbidden')
  assertProblem(await httpMachine(store, { machineId, deviceKey }).post({}), 422, 'invalid')
  assertProblem(await admin.send('POST', '/api/machines/lock', { machineId: 'nobody', lock: true }), 404, 'not-found')
  assertProblem(await admin.send('POST', '/api/machines/lock', { machineId, lock: 'yes' }), 422, 'invalid')
  assertProblem(await admin.send('POST', `/api/v1/machines/${machineId}/scales/404/tare`), 404, 'not-found')
  assertProblem(await admin.send('GET', '/api/v1/commands/018f0000-0000-7000-8000-000000000000'), 404, 'not-found')
})

test('a tare makes no false change: readings wait for its answer, the next one is a first one, and the books balance', async () => {
  await using machine = await connected(() => null)
  const beat = async (grams: number, others = 700) => {
    await machine.http.beat({ '001': grams, '002': others })
    clock.forward(1000)
  }
  await beat(1000)
  await beat(900)
  await beat(900)
  const id = await tare(machine.machineId, '001')
  await until(() => machine.commands.length === 1, 'the command arrives')
  assert.deepEqual(machine.commands, [{ id, command: 'tare', scaleId: '001' }])
  await beat(0, 600)
  await machine.device.say('command/ack', { id, ok: true })
  await beat(2, 600)
  await beat(402, 600)
  await beat(402, 600)
  assert.deepEqual(await told(store, machine.machineId), ['001 -100', '002 -100', '001 400'])
  clock.forward(300_000)
  await store.drain()
  const [closed] = await sessionsOf(store, machine.machineId)
  assert.deepEqual([closed!.isBalanced, closed!.scales.map((scale) => scale.residualGrams)], [true, [0, 0]])
  assert.equal((await scalesOf(store, machine.machineId)).get('001')!.baselineGrams, 402)
})

test('a tare that is refused or met with silence leaves the scale as it was', async () => {
  await using machine = await connected(() => null)
  await machine.http.beat({ '001': 1000 })
  clock.forward(1000)
  const refused = await tare(machine.machineId, '001')
  await machine.device.say('command/ack', { id: refused, ok: false, reason: 'something stands on it' })
  await machine.http.beat({ '001': 800 })
  clock.forward(1000)
  await machine.http.beat({ '001': 800 })
  assert.deepEqual([await told(store, machine.machineId), await alarms(machine.machineId)], [['001 -200'], ['tare-failed on']])
  await tare(machine.machineId, '001')
  await machine.http.beat({ '001': 700 })
  assert.deepEqual(await told(store, machine.machineId), ['001 -200'])
  clock.forward(10_000)
  await store.drain()
  await machine.http.beat({ '001': 700 })
  assert.deepEqual(await told(store, machine.machineId), ['001 -200', '001 -100'])
})

test('a cut between a tare and the next reading: both machine sessions balance', async () => {
  await using machine = await connected(obedient)
  await machine.http.beat({ '001': 1000 })
  await answered(await tare(machine.machineId, '001'), 'acknowledged')
  clock.forward(300_000)
  await store.drain()
  await machine.http.beat({ '001': 5 })
  clock.forward(1000)
  await machine.http.beat({ '001': 205 })
  clock.forward(300_000)
  await store.drain()
  const sessions = await sessionsOf(store, machine.machineId)
  assert.deepEqual(
    sessions
      .slice(0, 2)
      .map(({ scales: [scale] }) => [scale!.openingGrams, scale!.closingGrams, scale!.changesGrams, scale!.residualGrams]),
    [
      [1000, 1000, 0, 0],
      [5, 205, 200, 0]
    ]
  )
})

test('a restart while a tare waits, and one right after it, makes no false change', async () => {
  const early = handClock()
  await using disk = new AsyncDisposableStack()
  const first = disk.use(await openTestStore({ clock: early, mqtt: true }))
  const known = await onboard(first)
  const device = await mqttDevice(first, known)
  const commands = await device.obey(() => null)
  await device.beat({ '001': 1000, '002': 500 })
  early.forward(1000)
  const sent = await first.admin.send('POST', `/api/v1/machines/${known.machineId}/scales/001/tare`)
  await until(() => commands.length === 1, 'the command arrives')
  await device.client.endAsync(true)
  {
    await using second = await openTestStore({ clock: early, mqtt: true, on: first })
    await using again = await mqttDevice(second, known)
    await again.beat({ '001': 0, '002': 500 })
    await again.say('command/ack', { id: sent.body.commandId, ok: true })
  }
  early.forward(1000)
  await using third = await openTestStore({ clock: early, mqtt: true, on: first })
  await using again = await mqttDevice(third, known)
  await again.beat({ '001': 1, '002': 500 })
  early.forward(1000)
  await again.beat({ '001': 1, '002': 500 })
  assert.deepEqual(await told(third, known.machineId), [])
  early.forward(300_000)
  await third.drain()
  const [closed] = await sessionsOf(third, known.machineId)
  assert.deepEqual([closed!.isBalanced, closed!.scales.map((scale) => scale.residualGrams)], [true, [0, 0]])
})
