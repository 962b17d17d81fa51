/** The long run: `npm run soak [-- --minutes 60 --machines 100]`. Does memory, do handles grow; what does a quiet hour cost? Exits 1 when a figure misses its target. */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { mean, plotOf, slopeOf } from './plot.ts'
import { type RealServer, startRealServer } from './real-server.ts'
import { startLoad } from './soak-load.ts'

const SAMPLE_MS = 10_000
/** What the start, the first tickets and the compiler take is no growth. */
const WARM_UP_SHARE = 0.25
const TICKS_PER_SECOND = 100
const TARGETS = { residentMiB: 150, coreShare: 0.1, growthMiB: 5, handleGrowth: 3 }

type Sample = { residentMiB: number; heapMiB: number; handles: number; loopDelayMs: number; coreShare: number }

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, machines: { type: 'string', default: '100' } }
})
const [minutes, machines] = [Number(values.minutes), Number(values.machines)]
if (!(minutes > 0 && machines >= 1)) {
  process.stderr.write('npm run soak [-- --minutes 60 --machines 100]\n')
  process.exit(2)
}
const say = (line: string) => void process.stdout.write(`${line}\n`)

/** CPU seconds that a process has taken so far. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND // utime and stime of proc_pid_stat(5)
}

async function sampler(server: RealServer): Promise<() => Promise<Sample>> {
  const pid = server.process.pid!
  let last = { seconds: cpuSeconds(pid), atMs: performance.now() }
  return async () => {
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    const figure = (name: string) => Number(new RegExp(`^${name}(?:\\{\\S*\\})? (\\S+)$`, 'm').exec(metrics)?.[1] ?? Number.NaN)
    const now = { seconds: cpuSeconds(pid), atMs: performance.now() }
    const coreShare = ((now.seconds - last.seconds) * 1000) / (now.atMs - last.atMs)
    last = now
    return {
      residentMiB: Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024,
      heapMiB: figure('nodejs_heap_size_used_bytes') / 2 ** 20,
      handles: readdirSync(`/proc/${pid}/fd`).length,
      loopDelayMs: figure('nodejs_eventloop_lag_p99_seconds') * 1000,
      coreShare
    }
  }
}

function report(samples: Sample[]): boolean {
  const warm = samples.slice(Math.floor(samples.length * WARM_UP_SHARE))
  const rows: [keyof Sample, string, number, string][] = [
    ['residentMiB', 'resident', 1, 'MiB'],
    ['heapMiB', 'heap used', 1, 'MiB'],
    ['handles', 'file handles', 1, ''],
    ['loopDelayMs', 'event loop p99', 1, 'ms'],
    ['coreShare', 'of a core', 100, '%']
  ]
  const growth = (key: keyof Sample) => slopeOf(warm.map((sample) => sample[key])) * (warm.length - 1)
  say('')
  for (const [key, name, factor, unit] of rows) {
    const list = samples.map((sample) => sample[key] * factor)
    const figures = `${Math.min(...list).toFixed(1)} … ${Math.max(...list).toFixed(1)} ${unit}, last ${list.at(-1)!.toFixed(1)}, grew by ${(growth(key) * factor).toFixed(1)}`
    say(`${name.padEnd(15)} ${plotOf(list)}  ${figures}`)
  }
  const verdicts: [string, boolean][] = [
    [`resident below ${TARGETS.residentMiB} MiB`, Math.max(...samples.map((sample) => sample.residentMiB)) < TARGETS.residentMiB],
    [`memory flat (less than ${TARGETS.growthMiB} MiB more after the warm-up)`, growth('residentMiB') < TARGETS.growthMiB],
    [`handles flat (fewer than ${TARGETS.handleGrowth} more)`, growth('handles') < TARGETS.handleGrowth],
    [`below ${TARGETS.coreShare * 100} % of a core`, mean(warm.map((sample) => sample.coreShare)) < TARGETS.coreShare]
  ]
  for (const [what, holds] of verdicts) say(`${holds ? 'yes' : 'NO '}  ${what}`)
  return verdicts.every(([, holds]) => holds)
}

await using server = await startRealServer()
say(`${machines} machines, a heartbeat a second each, for ${minutes} min; server process ${server.process.pid}`)
const load = await startLoad(server, machines)
const sample = await sampler(server)
const samples: Sample[] = []
let isOver = false
process.once('SIGINT', () => {
  isOver = true
})
for (const endMs = performance.now() + minutes * 60_000; !isOver && performance.now() < endMs; ) {
  await sleep(SAMPLE_MS)
  samples.push(await sample())
  const { residentMiB, heapMiB, handles, coreShare } = samples.at(-1)!
  const { heartbeats, changes, visits, failures } = load.counts
  if (samples.length % 6 === 0)
    say(
      `${samples.length / 6} min: ${residentMiB.toFixed(0)} MiB, heap ${heapMiB.toFixed(0)} MiB, ${handles} handles, ${(coreShare * 100).toFixed(1)} % of a core; ${heartbeats} heartbeats, ${changes} changes, ${visits} visits, ${failures} failures`
    )
}
await load.stop()
process.exitCode = samples.length > 1 && report(samples) && load.counts.failures === 0 ? 0 : 1
