/** The machines of a long run: each sends a heartbeat a second, with a change now and then; every other one speaks MQTT. */
import { setTimeout as sleep } from 'node:timers/promises'
import { connectAsync, type MqttClient } from 'mqtt'
import { heartbeatTopic } from '#contracts/device/heartbeat.ts'
import { newId } from '#server/platform/ids.ts'
import { every } from './beats.ts'
import { onboardMachines, type RealServer } from './real-server.ts'

const SCALES = 12
const BEAT_MS = 1000
/** With `hangUp` a machine breaks its connection off once in so many heartbeats, and comes back. */
const HANG_UP_EVERY = 300

type Device = { machineId: string; deviceKey: string }
export type HeartbeatLoad = { machines: number; changeEvery: number; hangUp?: boolean }

/** Starts the load; `counts` grow until `stop`. */
export async function startHeartbeats(server: RealServer, { machines, changeEvery, hangUp = false }: HeartbeatLoad) {
  const { storeId } = await server.call('GET', '/api/v1/store')
  const devices: Device[] = await onboardMachines(server, machines)
  const counts = { heartbeats: 0, changes: 0, reconnects: 0 }
  const failed: string[] = []
  const ending = new AbortController()
  const running = devices.map((device, n) =>
    beat(device, {
      ...{ server, storeId, counts, failed, changeEvery, hangUp, isMqtt: n % 2 === 1 },
      ...{ delayMs: (n * BEAT_MS) / machines, ending: ending.signal }
    })
  )
  const stop = async (): Promise<void> => {
    ending.abort()
    await Promise.all(running)
  }
  return { counts, failed, stop }
}

type Beating = {
  server: RealServer
  storeId: string
  counts: { heartbeats: number; changes: number; reconnects: number }
  failed: string[]
  changeEvery: number
  hangUp: boolean
  isMqtt: boolean
  delayMs: number
  ending: AbortSignal
}

async function beat({ machineId, deviceKey }: Device, load: Beating): Promise<void> {
  const { server, storeId, counts, failed } = load
  const connect = () => connectAsync(server.mqttUrl, { username: machineId, password: deviceKey, clientId: machineId })
  let client: MqttClient | null = load.isMqtt ? await connect() : null
  const headers = { authorization: `Bearer ${deviceKey}`, 'content-type': 'application/json' }
  const grams = Array.from({ length: SCALES }, () => 8000)
  const bootId = newId()
  let seq = 0
  const send = async () => {
    const body = JSON.stringify({ machineId, scales: rowsOf(grams), bootId, seq: seq++, eventTime: new Date().toISOString() })
    if (client) return void (await client.publishAsync(heartbeatTopic(storeId, machineId), body, { qos: 1 }))
    const answer = await fetch(`${server.url}/api/machines/heartbeat`, { method: 'POST', headers, body })
    const said = await answer.text()
    if (!answer.ok) throw new Error(`heartbeat: ${answer.status} ${said}`)
  }
  await sleep(load.delayMs)
  await every(BEAT_MS, load.ending, async () => {
    if (load.hangUp && client && Math.random() < 1 / HANG_UP_EVERY) {
      client.stream.destroy() // no farewell: its last will speaks
      await client.endAsync(true)
      client = await connect()
      counts.reconnects += 1
    }
    if (Math.random() < 1 / load.changeEvery) {
      const scale = Math.floor(Math.random() * SCALES)
      grams[scale]! += grams[scale]! > 4000 ? -330 : 3960
      counts.changes += 1
    }
    await send().then(
      () => {
        counts.heartbeats += 1
      },
      (error) => void failed.push(String(error))
    )
  })
  await client?.endAsync(true)
}

const rowsOf = (grams: number[]) =>
  grams.map((g, n) => [String(n + 1).padStart(3, '0'), ...Array.from({ length: 3 }, () => (g / 1000).toFixed(3))])
