/** A small shop under load on a store that faults strike: machines, doors, shoppers, and the ledger of what they were promised. */
import { freshKey } from '#simulator/codes.ts'
import { type Known, until } from '#test/support/devices.ts'
import { Ledger } from './ledger.ts'
import { beat, type Load, SCALES, settle, settleAndBeat } from './machines.ts'
import { type Doors, type Scanner, shop } from './shoppers.ts'
import type { StoreProcess } from './store-process.ts'

/** Whom the ledger hears of: each scale of the machine that settles changes itself has a stream of its own. */
const DEVICES = [
  'http-1',
  'http-2',
  'http-3',
  'mqtt-1',
  'both',
  'http door',
  'mqtt door',
  ...SCALES.map((scale) => `settling/${scale}`)
]

export type Shop = { storeId: string; machines: Known[]; doors: { http: Doors; mqtt: Doors } }

/** Onboards six machines, two pairs of doors and a key for codes; opens to customers. */
export async function furnish(store: StoreProcess): Promise<Shop> {
  const { storeId } = await store.call('GET', '/api/v1/store')
  const machines: Known[] = []
  for (const machineId of ['http-1', 'http-2', 'http-3', 'mqtt-1', 'settling', 'both'])
    machines.push(await store.call('POST', '/api/v1/machines', { machineId, displayName: machineId, kind: 'shelf' }))
  const key = freshKey()
  await store.call('POST', '/api/v1/qr-keys', { jwk: key.publicJwk })
  const scanner = (name: string, tag: string): Promise<Scanner> => store.call('POST', '/api/v1/scanners', { name, tag })
  const pair = async (name: string) => ({
    entry: await scanner(`${name} in`, 'ENTRY'),
    exit: await scanner(`${name} out`, 'EXIT'),
    sign: key.sign
  })
  const doors = { http: await pair('http'), mqtt: await pair('mqtt') }
  await store.call('PUT', '/api/v1/store/mode', { mode: 'CUSTOMER_MODE' })
  return { storeId, machines, doors }
}

/** Opens the shop; `close` lets every device finish what it has begun. */
export function openShop(store: StoreProcess, { storeId, machines, doors }: Shop, everyMs: [number, number] = [10, 40]) {
  const ledger = new Ledger()
  let isOver = false
  let isCut = false
  const goOn = () => {
    if (isCut) throw new Error('the test is over')
  }
  const load: Load = { url: store.url, mqttUrl: store.mqttUrl, storeId, ledger, everyMs, isOver: () => isOver, goOn, lines: [] }
  const [http1, http2, http3, mqtt1, settling, both] = machines as [Known, Known, Known, Known, Known, Known]
  const running = [
    ...[http1, http2, http3].map((machine) => beat(load, machine, false)),
    beat(load, mqtt1, true),
    settle(load, settling),
    settleAndBeat(load, both),
    shop(load, doors.http, false),
    shop(load, doors.mqtt, true)
  ]
  const broken: unknown[] = []
  for (const device of running) device.catch((error: unknown) => broken.push(error))
  return {
    ledger,
    /** Waits until every device was acknowledged something `times` more times. */
    async served(times = 1, withinMs = 30_000): Promise<void> {
      const before = new Map([...ledger.heard].map(([device, heard]) => [device, heard.times]))
      const timesSince = (device: string) => (ledger.heard.get(device)?.times ?? 0) - (before.get(device) ?? 0)
      const waiting = () => DEVICES.filter((device) => timesSince(device) < times)
      await until(() => broken.length > 0 || waiting().length === 0, 'every device is served', withinMs).catch(() => {
        throw new Error(`not served: ${waiting().join(', ')}; the store says:\n${store.lines.slice(-20).join('\n')}`)
      })
      if (broken.length > 0) throw broken[0]
    },
    /** Waits until that much more was acknowledged. */
    async acknowledged(more: number): Promise<void> {
      const enough = ledger.size + more
      await until(() => broken.length > 0 || ledger.size >= enough, `${more} more acknowledgements`, 60_000)
      if (broken.length > 0) throw broken[0]
    },
    async close(): Promise<void> {
      isOver = true
      await Promise.all(running)
    },
    /** Nobody finishes anything: a test that failed must end. */
    async [Symbol.asyncDispose](): Promise<void> {
      isOver = true
      isCut = true
      await Promise.allSettled(running)
      for (const line of load.lines) await line.endAsync(true)
    }
  }
}
