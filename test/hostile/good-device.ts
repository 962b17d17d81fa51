/** A good device in a process of its own: nearly a hundred heartbeats a second over HTTP and as many over MQTT, and how long each answer took. */
import { setTimeout as sleep } from 'node:timers/promises'
import { connectAsync } from 'mqtt'

export type Order = { url: string; mqttUrl: string; storeId: string; machineId: string; deviceKey: string }
export type Report = { answers: number; failures: number; lastFailure: string; p50Ms: number; p99Ms: number; maxMs: number }

const EVERY_MS = 10

async function run({ url, mqttUrl, storeId, machineId, deviceKey }: Order): Promise<void> {
  let times: number[] = []
  let failures = 0
  let lastFailure = ''
  const client = await connectAsync(mqttUrl, { username: machineId, password: deviceKey, clientId: machineId })
  const topic = `store/${storeId}/machine/${machineId}/heartbeat`
  const body = JSON.stringify({ machineId, scales: Array.from({ length: 11 }, (_, n) => [String(n + 1), '1', '1', '1']) })
  const headers = { authorization: `Bearer ${deviceKey}`, 'content-type': 'application/json' }
  const beats = {
    http: async () => {
      const answer = await fetch(`${url}/api/machines/heartbeat`, {
        method: 'POST',
        headers,
        body,
        signal: AbortSignal.timeout(10_000)
      })
      if (answer.status !== 200) throw new Error(`HTTP ${answer.status} ${await answer.text()}`)
      await answer.arrayBuffer()
    },
    mqtt: async () => void (await client.publishAsync(topic, body, { qos: 1 }))
  }
  const timed = async (beat: () => Promise<void>) => {
    const startedMs = performance.now()
    await beat().catch((error: Error) => {
      failures += 1
      lastFailure = error.message
    })
    times.push(performance.now() - startedMs)
  }
  process.on('message', () => {
    const sorted = times.toSorted((a, b) => a - b)
    const at = (share: number) =>
      Math.round(10 * (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0)) / 10
    process.send!({
      answers: times.length,
      failures,
      lastFailure,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      maxMs: at(1)
    } satisfies Report)
    times = []
  })
  process.send!('ready')
  for (;;) {
    await Promise.all([timed(beats.http), timed(beats.mqtt)])
    await sleep(EVERY_MS)
  }
}

await run(JSON.parse(process.argv[2]!) as Order)
