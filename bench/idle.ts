/** What a quiet store costs: 100 machines of 12 scales, a heartbeat a second each, a twentieth of them with a change, for ten minutes. */
import { setTimeout as sleep } from 'node:timers/promises'
import { tenth } from './percentiles.ts'
import { mean } from './plot.ts'
import { startRealServer } from './real-server.ts'
import { growthOf, openSampler, type Sample, warm } from './sampling.ts'
import { startHeartbeats } from './soak-load.ts'
import type { Bench, Row } from './table.ts'

const MACHINES = 100
const CHANGE_EVERY = 20
const SECONDS = 600
const SAMPLE_MS = 5000

export const idle: Bench = {
  name: 'idle',
  does: `${MACHINES} machines, a heartbeat a second each, 1 of ${CHANGE_EVERY} with a change; the growth is that after the first quarter`,
  async run({ say, seconds }): Promise<Row[]> {
    await using server = await startRealServer()
    const load = await startHeartbeats(server, { machines: MACHINES, changeEvery: CHANGE_EVERY })
    const sample = openSampler(server)
    const samples: Sample[] = []
    for (const endMs = performance.now() + (seconds ?? SECONDS) * 1000; performance.now() < endMs; ) {
      await sleep(SAMPLE_MS)
      samples.push(await sample())
    }
    await load.stop()
    const { heartbeats, changes } = load.counts
    say(`  ${heartbeats} heartbeats, ${changes} changes, ${load.failed.length} failed ${load.failed[0] ?? ''}`)
    return [{ name: `${seconds ?? SECONDS} s`, values: figures(samples, load.failed.length) }]
  }
}

function figures(samples: Sample[], failed: number): Row['values'] {
  const share = (key: 'coreShare' | 'postgresCoreShare') => tenth(100 * mean(warm(samples).map((sample) => sample[key])))
  return {
    'most resident MiB': tenth(Math.max(...samples.map((sample) => sample.residentMiB))),
    'last resident MiB': tenth(samples.at(-1)!.residentMiB),
    'grew MiB': tenth(growthOf(samples, 'residentMiB')),
    'handles grew': tenth(growthOf(samples, 'handles')),
    '% of a core': share('coreShare'),
    'PostgreSQL %': share('postgresCoreShare'),
    failed
  }
}
