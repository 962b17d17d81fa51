/** The store of the soak: machines that send a heartbeat a second, with a change now and then, and shoppers who come and go. */
import { setTimeout as sleep } from 'node:timers/promises'
import { connectAsync } from 'mqtt'
import { heartbeatTopic } from '#contracts/device/heartbeat.ts'
import { newId } from '#server/platform/ids.ts'
import { freshKey } from '#simulator/codes.ts'
import { onboardMachines, type RealServer } from './real-server.ts'

const SCALES = 12
const BEAT_MS = 1000
/** One heartbeat in so many tells a change. */
const CHANGE_EVERY = 30
const VISIT_EVERY_MS = 10_000
const VISIT_MS = 5000

export type Counts = { heartbeats: number; changes: number; visits: number; failures: number }
type Device = { machineId: string; deviceKey: string }

/** Starts the load; `counts` grow until `stop`. Every other machine speaks MQTT. */
export async function startLoad(server: RealServer, machines: number) {
  const { storeId } = await server.call('GET', '/api/v1/store')
  const devices: Device[] = await onboardMachines(server, machines)
  const counts: Counts = { heartbeats: 0, changes: 0, visits: 0, failures: 0 }
  const ending = new AbortController()
  const visits = await openDoors(server, counts)
  const running = [
    ...devices.map((device, n) =>
      beat(device, { server, storeId, counts, isMqtt: n % 2 === 1, delayMs: (n * BEAT_MS) / machines }, ending.signal)
    ),
    every(VISIT_EVERY_MS, ending.signal, visits)
  ]
  return {
    counts,
    async stop(): Promise<void> {
      ending.abort()
      await Promise.all(running)
    }
  }
}

type Beating = { server: RealServer; storeId: string; counts: Counts; isMqtt: boolean; delayMs: number }

async function beat(
  { machineId, deviceKey }: Device,
  { server, storeId, counts, isMqtt, delayMs }: Beating,
  ending: AbortSignal
): Promise<void> {
  const client = isMqtt
    ? await connectAsync(server.mqttUrl, { username: machineId, password: deviceKey, clientId: machineId })
    : null
  const headers = { authorization: `Bearer ${deviceKey}`, 'content-type': 'application/json' }
  const grams = Array.from({ length: SCALES }, () => 8000)
  const bootId = newId()
  let seq = 0
  await sleep(delayMs)
  await every(BEAT_MS, ending, async () => {
    if (Math.random() < 1 / CHANGE_EVERY) {
      const scale = Math.floor(Math.random() * SCALES)
      grams[scale]! += grams[scale]! > 4000 ? -330 : 3960
      counts.changes += 1
    }
    const scales = grams.map((g, n) => [
      String(n + 1).padStart(3, '0'),
      ...Array.from({ length: 3 }, () => (g / 1000).toFixed(3))
    ])
    const body = JSON.stringify({ machineId, scales, bootId, seq: seq++, eventTime: new Date().toISOString() })
    const post = () => fetch(`${server.url}/api/machines/heartbeat`, { method: 'POST', headers, body })
    const sent = client
      ? client.publishAsync(heartbeatTopic(storeId, machineId), body, { qos: 1 }).then(() => true)
      : post().then(taken)
    const isTaken = await sent.catch(() => false)
    counts[isTaken ? 'heartbeats' : 'failures'] += 1
  })
  await client?.endAsync(true)
}

async function taken(answer: Response): Promise<boolean> {
  await answer.arrayBuffer()
  return answer.ok
}

/** Two doors and a key for codes; returns one visit, from scan to scan. */
async function openDoors(server: RealServer, counts: Counts): Promise<() => Promise<void>> {
  const key = freshKey()
  await server.call('POST', '/api/v1/qr-keys', { jwk: key.publicJwk })
  await server.call('PUT', '/api/v1/store/mode', { mode: 'CUSTOMER_MODE' })
  const [entry, exit] = await Promise.all(
    ['ENTRY', 'EXIT'].map((tag) => server.call('POST', '/api/v1/scanners', { name: tag, tag }))
  )
  const scan = async (path: string, deviceKey: string, id: string) => {
    const iat = Math.floor(Date.now() / 1000)
    const token = await key.sign({ id, role: 'customer', phoneNumber: '+911234567890', jti: newId(), iat, exp: iat + 60 })
    const headers = { authorization: `Bearer ${deviceKey}`, 'content-type': 'application/json' }
    return taken(await fetch(`${server.url}${path}`, { method: 'POST', headers, body: JSON.stringify({ token }) }))
  }
  return async () => {
    const user = newId()
    const isIn = await scan('/entry-control/', entry.deviceKey, user).catch(() => false)
    await sleep(VISIT_MS)
    const isOut = isIn && (await scan('/exit-control/', exit.deviceKey, user).catch(() => false))
    counts[isOut ? 'visits' : 'failures'] += 1
  }
}

/** Does `work` at a steady beat until the end; what takes longer than a beat skips some. */
async function every(ms: number, ending: AbortSignal, work: () => Promise<void>): Promise<void> {
  for (let nextMs = performance.now() + ms; !ending.aborted; nextMs += ms) {
    await work()
    while (nextMs < performance.now()) nextMs += ms
    await sleep(nextMs - performance.now(), undefined, { signal: ending }).catch(() => {})
  }
}
