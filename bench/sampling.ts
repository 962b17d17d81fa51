/** What a running server takes: memory, handles, event-loop delay, and CPU time, PostgreSQL's told apart from the server process's own. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { slopeOf } from './plot.ts'
import type { RealServer } from './real-server.ts'

export type Sample = {
  residentMiB: number
  heapMiB: number
  handles: number
  loopDelayMs: number
  /** Of one core since the sample before: the server process, and PostgreSQL with all its backends. */
  coreShare: number
  postgresCoreShare: number
}

/** What the start, the first tickets and the compiler take is no growth. */
const WARM_UP_SHARE = 0.25
const TICKS_PER_SECOND = 100

/** Takes a sample whenever it is called; shares of a core are over the time since the call before. */
export function openSampler(server: RealServer): () => Promise<Sample> {
  const pid = server.process.pid!
  const cpu = () => ({ own: cpuSeconds(pid), postgres: postgresCpuSeconds(server.dataDir), atSeconds: performance.now() / 1000 })
  let last = cpu()
  return async () => {
    const now = cpu() // first: what asking for the rest costs belongs to the next span
    const seconds = now.atSeconds - last.atSeconds
    const shares = { coreShare: (now.own - last.own) / seconds, postgresCoreShare: (now.postgres - last.postgres) / seconds }
    last = now
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    const figure = (name: string) => Number(new RegExp(`^${name}(?:\\{\\S*\\})? (\\S+)$`, 'm').exec(metrics)?.[1] ?? Number.NaN)
    return {
      residentMiB: Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024,
      heapMiB: figure('nodejs_heap_size_used_bytes') / 2 ** 20,
      handles: readdirSync(`/proc/${pid}/fd`).length,
      loopDelayMs: figure('nodejs_eventloop_lag_p99_seconds') * 1000,
      ...shares
    }
  }
}

/** The samples after the warm-up. */
export const warm = (samples: Sample[]): Sample[] => samples.slice(Math.floor(samples.length * WARM_UP_SHARE))

/** By how much a figure grew after the warm-up, on the straight line that fits best. */
export function growthOf(samples: Sample[], key: keyof Sample): number {
  const values = warm(samples).map((sample) => sample[key])
  return slopeOf(values) * (values.length - 1)
}

/** CPU seconds that a process has taken so far. */
export const cpuSeconds = (pid: number): number => ticksOf(pid, OWN)

/** CPU seconds that the PostgreSQL of `dataDir` has taken so far: its postmaster, the backends it has buried, and those alive. */
export function postgresCpuSeconds(dataDir: string): number {
  const postmaster = Number(readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n', 1)[0])
  const backends = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8').split(' ').filter(Boolean)
  return ticksOf(postmaster, [...OWN, ...BURIED]) + backends.reduce((sum, pid) => sum + ticksOf(Number(pid), OWN), 0)
}

const [OWN, BURIED] = [
  [11, 12],
  [13, 14]
] // utime, stime; cutime, cstime of proc_pid_stat(5), after the name

function ticksOf(pid: number, fields: readonly number[]): number {
  try {
    const values = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    return fields.reduce((sum, field) => sum + Number(values[field]), 0) / TICKS_PER_SECOND
  } catch {
    return 0 // a backend that ended just now: the postmaster counts it from the next look on
  }
}
