/**
 * The samples of many simulated machines: node bench/samples-load.ts '{"url":…,"storeId":…,"machines":[…]}'. A minute of one machine is
 * worked out once; all send it over and over, each at a place of its own, as the simulator's devices send it: five messages a second with
 * twelve samples of each scale, QoS 1. Says `connected`, sends until its standard input ends, then prints what it did as JSON.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { connectAsync } from 'mqtt'
import { samplesTopic } from '#contracts/device/samples.ts'
import { newId } from '#server/platform/ids.ts'
import { SAMPLES_EVERY_MS, samplesOf } from '#simulator/devices/samples.ts'
import { PRODUCTS, snackShelf } from '#simulator/layouts.ts'
import { openMachine, putUnits, takeUnits, unitsOf } from '#simulator/machine.ts'
import { randomFrom } from '#simulator/random.ts'

type Order = { url: string; storeId: string; machines: { machineId: string; deviceKey: string }[] }

const SCALES = 12
const ROUND_MS = 60_000
/** In each round somebody takes one at these times, and puts both back at the last: a hand at each machine every 20 s. */
const TAKES_MS = [6000, 26_000]
const PUT_MS = 46_000
const TICK_MS = 5
const SKU = 'DRK-202'

/** The `scales` of each message of a round, as JSON. */
function roundOf(): string[] {
  const facings = Array.from({ length: SCALES }, (_, n) => ({ sku: SKU, scaleIds: [String(n + 1).padStart(3, '0')], units: 12 }))
  const spec = { ...snackShelf({ reports: 'samples' }), facings }
  const machine = openMachine(spec, new Map(PRODUCTS.map((product) => [product.sku, product])), randomFrom('samples'))
  const hands = TAKES_MS.map((atMs, n) => {
    const facing = machine.facings[5 * n + 2]!
    return { facing, units: takeUnits(machine, facing, { units: unitsOf(facing).slice(0, 1), atMs }).units }
  })
  for (const { facing, units } of hands) putUnits(machine, facing, { units, atMs: PUT_MS })
  const steps = ROUND_MS / SAMPLES_EVERY_MS
  return Array.from({ length: steps }, (_, n) =>
    JSON.stringify(samplesOf(machine, { toMs: (n + 1) * SAMPLES_EVERY_MS, startMs: 0 }).scales)
  )
}

async function run({ url, storeId, machines }: Order): Promise<void> {
  const round = roundOf()
  const connect = ({ machineId, deviceKey }: Order['machines'][number]) =>
    connectAsync(url, { username: machineId, password: deviceKey, clientId: machineId })
  const senders = await Promise.all(
    machines.map(async (machine, n) => ({
      client: await connect(machine),
      topic: samplesTopic(storeId, machine.machineId),
      bootId: newId(),
      dueMs: (n * SAMPLES_EVERY_MS) / machines.length,
      step: Math.floor((n * round.length) / machines.length),
      seq: 0
    }))
  )
  let isOver = false
  process.stdin.resume().once('end', () => {
    isOver = true
  })
  process.stdout.write('connected\n')
  const counts = { messages: 0, acknowledged: 0, failed: 0 }
  const startMs = performance.now()
  while (!isOver) {
    const ms = performance.now() - startMs
    for (const sender of senders)
      for (; sender.dueMs <= ms; sender.dueMs += SAMPLES_EVERY_MS) {
        const at = new Date(Date.now() - SAMPLES_EVERY_MS).toISOString()
        const scales = round[sender.step++ % round.length]!
        const body = `{"at":"${at}","rateHz":60,"scales":${scales},"bootId":"${sender.bootId}","seq":${++sender.seq}}`
        counts.messages += 1
        sender.client.publish(sender.topic, body, { qos: 1 }, (error) => {
          counts[error ? 'failed' : 'acknowledged'] += 1
        })
      }
    await sleep(TICK_MS)
  }
  const seconds = (performance.now() - startMs) / 1000
  const behind = counts.messages - counts.acknowledged
  const hands = Math.round((machines.length * (TAKES_MS.length + 2) * seconds * 1000) / ROUND_MS)
  process.stdout.write(`${JSON.stringify({ messages: counts.messages, behind, hands, seconds })}\n`)
  await Promise.all(senders.map(({ client }) => client.endAsync(true)))
}

await run(JSON.parse(process.argv[2]!) as Order)
