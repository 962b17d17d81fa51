/** The long run: `npm run soak [-- --minutes 60 --machines 100]`. Do memory and handles grow while the shop is open? Exits 1 when a figure misses its target. */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { mean, plotOf } from './plot.ts'
import { startRealServer } from './real-server.ts'
import { growthOf, openSampler, type Sample, warm } from './sampling.ts'
import { openDoors } from './soak-doors.ts'
import { startHeartbeats } from './soak-load.ts'
import { startStaff } from './soak-staff.ts'

const SAMPLE_MS = 10_000
/** One heartbeat in so many tells a change. */
const CHANGE_EVERY = 20
const TARGETS = { residentMiB: 150, growthMiB: 5, handleGrowth: 3 }

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, machines: { type: 'string', default: '100' } }
})
const [minutes, machines] = [Number(values.minutes), Number(values.machines)]
if (!(minutes > 0 && machines >= 1)) {
  process.stderr.write('npm run soak [-- --minutes 60 --machines 100]\n')
  process.exit(2)
}
const say = (line: string) => void process.stdout.write(`${line}\n`)

function report(samples: Sample[]): boolean {
  const rows: [keyof Sample, string, number, string][] = [
    ['residentMiB', 'resident', 1, 'MiB'],
    ['heapMiB', 'heap used', 1, 'MiB'],
    ['handles', 'file handles', 1, ''],
    ['loopDelayMs', 'event loop p99', 1, 'ms'],
    ['coreShare', 'of a core', 100, '%'],
    ['postgresCoreShare', 'PostgreSQL', 100, '%']
  ]
  say('')
  for (const [key, name, factor, unit] of rows) {
    const list = samples.map((sample) => sample[key] * factor)
    const figures = `${Math.min(...list).toFixed(1)} … ${Math.max(...list).toFixed(1)} ${unit}, last ${list.at(-1)!.toFixed(1)}, grew by ${(growthOf(samples, key) * factor).toFixed(1)}`
    say(`${name.padEnd(15)} ${plotOf(list)}  ${figures}`)
  }
  say(`${(mean(warm(samples).map((sample) => sample.coreShare)) * 100).toFixed(1)} % of a core in the mean after the warm-up`)
  const verdicts: [string, boolean][] = [
    [`resident below ${TARGETS.residentMiB} MiB`, Math.max(...samples.map((sample) => sample.residentMiB)) < TARGETS.residentMiB],
    [
      `memory flat (less than ${TARGETS.growthMiB} MiB more after the warm-up)`,
      growthOf(samples, 'residentMiB') < TARGETS.growthMiB
    ],
    [`handles flat (fewer than ${TARGETS.handleGrowth} more)`, growthOf(samples, 'handles') < TARGETS.handleGrowth]
  ]
  for (const [what, holds] of verdicts) say(`${holds ? 'yes' : 'NO '}  ${what}`)
  return verdicts.every(([, holds]) => holds)
}

await using server = await startRealServer()
say(`${machines} machines, a heartbeat a second each, for ${minutes} min; server process ${server.process.pid}`)
const heartbeats = await startHeartbeats(server, { machines, changeEvery: CHANGE_EVERY, hangUp: true })
const doors = await openDoors(server)
const staff = await startStaff(server)
const sample = openSampler(server)
const samples: Sample[] = []
let isOver = false
process.once('SIGINT', () => {
  isOver = true
})
const counts = () => ({ ...heartbeats.counts, ...doors.counts, ...staff.counts })
const failures = () => [...heartbeats.failed, ...doors.failed, ...staff.failed]
for (const endMs = performance.now() + minutes * 60_000; !isOver && performance.now() < endMs; ) {
  await sleep(SAMPLE_MS)
  samples.push(await sample())
  const { residentMiB, heapMiB, handles, coreShare } = samples.at(-1)!
  const done = Object.entries(counts()).map(([what, count]) => `${count} ${what}`)
  if (samples.length % 6 === 0)
    say(
      `${samples.length / 6} min: ${residentMiB.toFixed(0)} MiB, heap ${heapMiB.toFixed(0)} MiB, ${handles} handles, ${(coreShare * 100).toFixed(1)} % of a core; ${done.join(', ')}, ${failures().length} failures`
    )
}
await Promise.all([heartbeats.stop(), doors.stop(), staff.stop()])
const isGood = samples.length > 1 && report(samples)
for (const failure of failures().slice(0, 10)) say(`failed: ${failure}`)
process.exitCode = isGood && failures().length === 0 ? 0 : 1
