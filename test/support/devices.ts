/** Devices in tests, small and real: machines that post heartbeats (injected) or speak MQTT over loopback, and what the store makes of it. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt'
import type { MachineSession } from '#contracts/api/machine-sessions.ts'
import type { Scale } from '#contracts/api/scales.ts'
import type { WeightChange } from '#contracts/api/weight-changes.ts'
import { newId } from '#server/platform/ids.ts'
import { type Answer, sender } from './http.ts'
import type { TestStore } from './store.ts'

export type Known = { machineId: string; deviceKey: string }
/** scaleId → grams. */
export type Weights = Record<string, number>

/** Onboards a machine as staff does; a name of its own unless given. */
export async function onboard({ admin }: Pick<TestStore, 'admin'>, machineId = `m-${newId().slice(-12)}`): Promise<Known> {
  const answer = await admin.send('POST', '/api/v1/machines', { machineId, displayName: machineId, kind: 'shelf' })
  assert.equal(answer.status, 201, answer.text)
  return { machineId, deviceKey: answer.body.deviceKey }
}

/** Rows of a heartbeat: kilograms as text, as firmware sends them. */
export const rowsOf = (weights: Weights): string[][] =>
  Object.entries(weights).map(([scaleId, grams]) => [scaleId, kilograms(grams), kilograms(grams), kilograms(grams)])
const kilograms = (grams: number) => (grams / 1000).toFixed(3)

/** The form of older firmware: the same id and the same time in every one. */
export function envelope(machineId: string, heartbeat: object): object {
  const facts = { id: '76982872-c1d9-478e-8f50-2cd659ee8d68', eventType: 'machine.heartbeat.logs', source: 'niflr-machine-api' }
  return { ...facts, machineId, eventTime: '2023-01-09 16:18:13', payload: JSON.stringify(heartbeat) }
}

/** A machine on HTTP. `post` sends any body; `beat` a good heartbeat, and insists that it was taken. */
export function httpMachine({ app }: Pick<TestStore, 'app'>, known: Known) {
  const send = sender(app, { authorization: `Bearer ${known.deviceKey}` })
  const post = (body: unknown, headers?: Record<string, string>) => send('POST', '/api/machines/heartbeat', body, headers)
  return {
    ...known,
    post,
    async beat(weights: Weights, more: object = {}): Promise<Answer> {
      const answer = await post({ machineId: known.machineId, scales: rowsOf(weights), ...more })
      assert.deepEqual([answer.status, answer.body], [200, { status: 'success' }], answer.text)
      return answer
    }
  }
}
export type HttpMachine = ReturnType<typeof httpMachine>

/** Onboards a machine that speaks HTTP. */
export const newHttpMachine = async (store: TestStore, machineId?: string): Promise<HttpMachine> =>
  httpMachine(store, await onboard(store, machineId))

export type MqttOptions = IClientOptions & { kind?: 'machine' | 'scanner' | 'tracker' }

/** Connects a device; throws what the broker answered. It never reconnects by itself. */
export async function mqttDevice(
  store: Pick<TestStore, 'ctx' | 'mqttUrl'>,
  { machineId, deviceKey }: Known,
  { kind = 'machine', ...options }: MqttOptions = {}
) {
  const settings = { username: machineId, password: deviceKey, reconnectPeriod: 0, protocolVersion: 4 as const, ...options }
  const client = await connectAsync(store.mqttUrl!, settings, false)
  client.setMaxListeners(0).on('error', () => {})
  const branch = `store/${store.ctx.store.storeId}/${kind}/${machineId}`
  const publish = (channel: string, body: unknown, more = {}) => publishTo(client, `${branch}/${channel}`, { body, ...more })
  return {
    ...{ machineId, deviceKey, client, branch, publish },
    /** Resolves at the PUBACK; fails when there is none. */
    async say(channel: string, body: unknown): Promise<void> {
      assert.equal(await publish(channel, body), 'acknowledged')
    },
    beat(weights: Weights, more: object = {}): Promise<void> {
      return this.say('heartbeat', { machineId, scales: rowsOf(weights), ...more })
    },
    /** Answers each command with what `answer` says; null is silence. Returns the commands that came. */
    async obey(answer: (command: { id: string; command: string; scaleId?: string }) => object | null) {
      const commands: { id: string; command: string; scaleId?: string }[] = []
      client.on('message', (_topic, payload) => {
        const command = JSON.parse(payload.toString())
        commands.push(command)
        const body = answer(command)
        if (body) void publish('command/ack', body)
      })
      await client.subscribeAsync(`${branch}/command`, { qos: 1 })
      return commands
    },
    [Symbol.asyncDispose]: () => client.endAsync(true)
  }
}
export type MqttDevice = Awaited<ReturnType<typeof mqttDevice>>

/** Publishes with QoS 1: `closed` when the broker cut the line instead of acknowledging. */
export async function publishTo(
  client: MqttClient,
  topic: string,
  { body, retain = false }: { body: unknown; retain?: boolean }
): Promise<'acknowledged' | 'closed'> {
  const payload = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
  if (!client.connected) return 'closed'
  const { promise, resolve } = Promise.withResolvers<'acknowledged' | 'closed'>()
  const onClose = () => resolve('closed')
  client.once('close', onClose)
  client.publish(topic, payload, { qos: 1, retain }, (error) => resolve(error ? 'closed' : 'acknowledged'))
  return promise.finally(() => client.off('close', onClose))
}

/** A machine's weight changes as the API lists them, oldest first. */
export async function changesOf({ admin }: Pick<TestStore, 'admin'>, machineId: string): Promise<WeightChange[]> {
  const { status, body, text } = await admin.send('GET', `/api/v1/weight-changes?machineId=${machineId}&limit=200`)
  assert.equal(status, 200, text)
  return body.items.toReversed()
}

/** Signed grams of a change: negative was picked. */
export const signed = ({ status, grams }: Pick<WeightChange, 'status' | 'grams'>): number =>
  status === 'PICKED' ? -grams : grams

/** The weight changes as `scale ±grams`, in the order of the scales: what a test compares. */
export const told = async (store: Pick<TestStore, 'admin'>, machineId: string): Promise<string[]> =>
  (await changesOf(store, machineId)).map((change) => `${change.scaleId} ${signed(change)}`)

export async function scalesOf({ admin }: Pick<TestStore, 'admin'>, machineId: string): Promise<Map<string, Scale>> {
  const { body } = await admin.send('GET', `/api/v1/machines/${machineId}/scales`)
  return new Map((body.items as Scale[]).map((scale) => [scale.scaleId, scale]))
}

/** A machine's sessions, oldest first. */
export async function sessionsOf({ admin }: Pick<TestStore, 'admin'>, machineId: string): Promise<MachineSession[]> {
  const { status, body, text } = await admin.send('GET', `/api/v1/machine-sessions?machineId=${machineId}&limit=200`)
  assert.equal(status, 200, text)
  return body.items.toReversed()
}

/** Names of the events that tell of a machine, oldest first; those of weight changes only when asked for. */
export async function eventsAbout({ ctx }: Pick<TestStore, 'ctx'>, machineId: string): Promise<string[]> {
  const { rows } = await ctx.pool.query(
    `SELECT name FROM event_log WHERE (payload->>'machineId' = $1 OR payload->>'subject' = $1) AND name NOT LIKE 'weight-change.%' ORDER BY transaction_id, id`,
    [machineId]
  )
  return rows.map((row: { name: string }) => row.name)
}

/** Polls until `check` gives something truthy; fails after the deadline, saying for what it waited. */
export async function until<T>(
  check: () => T | Promise<T>,
  what: string,
  deadlineMs = 8000
): Promise<Exclude<NonNullable<T>, false>> {
  const endMs = performance.now() + deadlineMs
  for (;;) {
    const value = await check()
    if (value) return value as Exclude<NonNullable<T>, false>
    if (performance.now() > endMs) assert.fail(`waited ${deadlineMs} ms in vain: ${what}`)
    await sleep(10)
  }
}
