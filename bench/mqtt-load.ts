/** A load of heartbeats over MQTT QoS 1: node bench/mqtt-load.ts '{"url":…,"storeId":…,"machines":[…],"seconds":…}'; prints acknowledgements per second. */
import { connectAsync } from 'mqtt'
import { heartbeatTopic } from '#contracts/device/heartbeat.ts'
import { round } from './load.ts'

type Order = {
  url: string
  storeId: string
  machines: { machineId: string; deviceKey: string }[]
  seconds: number
  inFlight: number
}

async function run({ url, storeId, machines, seconds, inFlight }: Order): Promise<{ perSecond: number; p99Ms: number }> {
  const clients = await Promise.all(
    machines.map(({ machineId, deviceKey }) =>
      connectAsync(url, { username: machineId, password: deviceKey, clientId: machineId })
    )
  )
  const endMs = performance.now() + seconds * 1000
  const latencies: number[] = []
  const stream = async (n: number) => {
    const topic = heartbeatTopic(storeId, machines[n]!.machineId)
    const payloads = round(machines[n]!.machineId, { isChanging: true }).map((body) => Buffer.from(body))
    for (let k = 0; performance.now() < endMs; k++) {
      const startMs = performance.now()
      await clients[n]!.publishAsync(topic, payloads[k % payloads.length]!, { qos: 1 })
      latencies.push(performance.now() - startMs)
    }
  }
  await Promise.all(machines.flatMap((_, n) => Array.from({ length: inFlight }, () => stream(n))))
  await Promise.all(clients.map((client) => client.endAsync(true)))
  latencies.sort((a, b) => a - b)
  return { perSecond: latencies.length / seconds, p99Ms: latencies[Math.floor(latencies.length * 0.99)]! }
}

process.stdout.write(JSON.stringify(await run(JSON.parse(process.argv[2]!) as Order)))
