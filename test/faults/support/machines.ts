/** Machines under load, as real firmware behaves: one message at a time, sent again unchanged until it is acknowledged. */
import { setTimeout as sleep } from 'node:timers/promises'
import mqtt, { type MqttClient } from 'mqtt'
import { newId } from '#server/platform/ids.ts'
import { type Known, rowsOf, type Weights } from '#test/support/devices.ts'
import type { Ledger } from './ledger.ts'
import { between } from './sizes.ts'

export type Load = {
  url: string
  mqttUrl: string
  storeId: string
  ledger: Ledger
  everyMs: [number, number]
  /** Devices finish what they have begun, and begin nothing more. */
  isOver: () => boolean
  /** Throws when the test is over whatever anybody has begun. */
  goOn: () => void
  /** Lines to cut then. */
  lines: MqttClient[]
}
/** Resolves to true when it was acknowledged, to false when it has to be sent again. */
type Send = (body: object) => Promise<boolean>

export const SCALES = ['001', '002', '003', '004']
const AGAIN_AFTER_MS = 30
const ANSWER_WITHIN_MS = 15_000

/** Any request that a device makes: its status, 0 when the line broke. */
export async function ask(url: string, key: string, body: object): Promise<{ status: number; text: string }> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS)
    })
    return { status: answer.status, text: await answer.text() }
  } catch (error) {
    return { status: 0, text: String((error as Error).cause ?? error) }
  }
}

const overHttp =
  ({ url, ledger }: Load, { deviceKey }: Known): Send =>
  async (body) => {
    const { status, text } = await ask(`${url}/api/machines/heartbeat`, deviceKey, body)
    ledger.answer('heartbeat', status, text, [0, 200, 503, 507])
    return status === 200
  }

/** A device's line over MQTT, made again whenever it breaks. */
export function lineOf({ mqttUrl, lines }: Load, id: string, key: string): MqttClient {
  const client = mqtt.connect(mqttUrl, {
    username: id,
    password: key,
    clientId: id,
    reconnectPeriod: 60,
    connectTimeout: 4000,
    protocolVersion: 4
  })
  lines.push(client)
  return client.on('error', () => {}).setMaxListeners(0)
}

/** Publishes with QoS 1; false when the line broke before the acknowledgement (mqtt.js may deliver it again all the same: so do devices). */
export function publishOn(client: MqttClient, topic: string, body: object): Promise<boolean> {
  if (!client.connected) return sleep(AGAIN_AFTER_MS, false)
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const onClose = () => resolve(false)
  client.once('close', onClose)
  client.publish(topic, JSON.stringify(body), { qos: 1 }, (error) => resolve(!error))
  return promise.finally(() => client.off('close', onClose))
}

const overMqtt =
  (client: MqttClient, { storeId }: Load, { machineId }: Known, channel: string): Send =>
  (body) =>
    publishOn(client, `store/${storeId}/machine/${machineId}/${channel}`, body)

async function deliver({ goOn }: Load, send: Send, body: object): Promise<void> {
  while (!(await send(body))) {
    goOn()
    await sleep(AGAIN_AFTER_MS)
  }
}

/** The next change of a scale: never the same twice in a row, always well above the threshold, and the plate never runs empty. */
function nextGrams(weight: number, n: number): number {
  const grams = 60 + (n % 37) * 10
  return weight > 4000 ? -grams : grams
}

/** Heartbeats of four scales, each telling one change; over HTTP, or over MQTT where a line is given. */
export async function beat(load: Load, known: Known, isOverMqtt: boolean): Promise<void> {
  const { ledger } = load
  const client = isOverMqtt ? lineOf(load, known.machineId, known.deviceKey) : null
  const send = client ? overMqtt(client, load, known, 'heartbeat') : overHttp(load, known)
  const weights: Weights = Object.fromEntries(SCALES.map((scale) => [scale, 5000]))
  const bootId = newId()
  const message = (seq: number) => ({
    machineId: known.machineId,
    scales: rowsOf(weights),
    bootId,
    seq,
    eventTime: new Date().toISOString()
  })
  await deliver(load, send, message(0))
  for (let seq = 1; !load.isOver(); seq++) {
    const scale = SCALES[seq % SCALES.length]!
    const grams = nextGrams(weights[scale]!, seq)
    weights[scale]! += grams
    await deliver(load, send, message(seq))
    ledger.tell(`${known.machineId}/${scale}`, grams)
    ledger.note(known.machineId)
    await sleep(between(...load.everyMs))
  }
  await client?.endAsync(true)
}

/** Changes that the machine settled itself, one stream for each scale, all over one line; it sends no heartbeats. */
export async function settle(load: Load, known: Known): Promise<void> {
  const client = lineOf(load, known.machineId, known.deviceKey)
  const send = overMqtt(client, load, known, 'change')
  const stream = async (scaleId: string) => {
    for (let n = 1; !load.isOver(); n++) {
      const change = {
        id: `${known.machineId}-${scaleId}-${n}`,
        scaleId,
        grams: n % 2 ? -100 - n : 100 + n,
        at: new Date().toISOString()
      }
      await deliver(load, send, change)
      load.ledger.settled.set(change.id, { scale: `${known.machineId}/${scaleId}`, grams: change.grams })
      load.ledger.note(`${known.machineId}/${scaleId}`)
      await sleep(between(...load.everyMs))
    }
  }
  await Promise.all(SCALES.map(stream))
  await client.endAsync(true)
}

/** A machine that does both: its heartbeats agree with its changes, whichever of the two comes first. */
export async function settleAndBeat(load: Load, known: Known): Promise<void> {
  const client = lineOf(load, known.machineId, known.deviceKey)
  const weights: Weights = { '001': 5000, '002': 5000 }
  const bootId = newId()
  let seq = 0
  const heartbeat = () => ({ machineId: known.machineId, scales: rowsOf(weights), bootId, seq: seq++ })
  const sendBeat = overMqtt(client, load, known, 'heartbeat')
  const sendChange = overMqtt(client, load, known, 'change')
  await deliver(load, sendBeat, heartbeat())
  for (let n = 1; !load.isOver(); n++) {
    const scaleId = n % 2 ? '001' : '002'
    const grams = nextGrams(weights[scaleId]!, n)
    weights[scaleId]! += grams
    const change = { id: `${known.machineId}-${n}`, scaleId, grams, at: new Date().toISOString() }
    if (n % 3 === 0) await deliver(load, sendBeat, heartbeat())
    await deliver(load, sendChange, change)
    await deliver(load, sendBeat, heartbeat())
    load.ledger.settled.set(change.id, { scale: `${known.machineId}/${scaleId}`, grams })
    load.ledger.note(known.machineId)
    await sleep(between(...load.everyMs))
  }
  await client.endAsync(true)
}
