/** A load of heartbeats from a process of its own: node bench/load.ts '{"url":…,"machines":[{machineId,deviceKey}],"seconds":…,"isChanging":…}'; prints autocannon's figures as JSON. */
import autocannon from 'autocannon'

export type LoadOrder = {
  url: string
  path: string
  machines: { machineId: string; deviceKey: string }[]
  connections: number
  seconds: number
  /** Each heartbeat differs from the one before by one scale's 300 g. */
  isChanging: boolean
  /** Nothing changes, but every scale trembles by a gram: no heartbeat is the one before, letter by letter. */
  isTrembling?: boolean
}
export type LoadResult = {
  perSecond: number
  p50Ms: number
  p99Ms: number
  maxMs: number
  errors: number
  non2xx: number
  requests: number
}

const SCALES = 11
/** After so many heartbeats a machine says the same again. */
const ROUND = 2 * SCALES

/** A heartbeat of eleven scales; one of them has 300 g less in every second one. */
export function heartbeatBody(machineId: string, n: number, isChanging: boolean): string {
  const changed = isChanging && n % 2 === 1 ? Math.floor(n / 2) % SCALES : -1
  return bodyOf(machineId, (scale) => (scale === changed ? 0.7 + scale : 1 + scale))
}

/** A heartbeat of eleven scales at rest, each within a gram of its weight. */
const tremblingBody = (machineId: string, n: number): string =>
  bodyOf(machineId, (scale) => 1 + scale + (((n * 7 + scale * 5) % 3) - 1) / 1000)

function bodyOf(machineId: string, weightOf: (scale: number) => number): string {
  const scales = Array.from({ length: SCALES }, (_, scale) => {
    const kilograms = weightOf(scale).toFixed(3)
    return [String(scale + 1).padStart(3, '0'), kilograms, kilograms, kilograms]
  })
  return JSON.stringify({ machineId, scales })
}

/** All that one machine says in turn, made beforehand so that the load takes as little of the machine's cores as it can. */
export function round(
  machineId: string,
  { isChanging, isTrembling = false }: Pick<LoadOrder, 'isChanging' | 'isTrembling'>
): string[] {
  const body = (n: number) => (isTrembling ? tremblingBody(machineId, n) : heartbeatBody(machineId, n, isChanging))
  return Array.from({ length: isChanging || isTrembling ? ROUND : 1 }, (_, n) => body(n))
}

async function run(order: LoadOrder): Promise<LoadResult> {
  let next = 0
  const result = await autocannon({
    url: `${order.url}${order.path}`,
    connections: order.connections,
    duration: order.seconds,
    method: 'POST',
    setupClient(client) {
      const machine = order.machines[next++ % order.machines.length]!
      const headers = { authorization: `Bearer ${machine.deviceKey}`, 'content-type': 'application/json' }
      const bodies = round(machine.machineId, order)
      client.setRequests(bodies.map((body) => ({ method: 'POST', path: order.path, headers, body })))
    }
  })
  const { requests, latency, errors, non2xx } = result
  return {
    perSecond: requests.average,
    p50Ms: latency.p50,
    p99Ms: latency.p99,
    maxMs: latency.max,
    errors,
    non2xx,
    requests: requests.total
  }
}

if (import.meta.main) process.stdout.write(JSON.stringify(await run(JSON.parse(process.argv[2]!) as LoadOrder)))
