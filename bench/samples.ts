/** Raw samples: 100 machines of 12 scales at 60 Hz over MQTT, sent from a process of its own, hands at the shelves; what does the server take? */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { tenth } from './percentiles.ts'
import { median } from './processes.ts'
import { onboardMachines, startRealServer } from './real-server.ts'
import { openSampler, type Sample } from './sampling.ts'
import type { Bench, Row } from './table.ts'

const MACHINES = 100
const RUNS = 5
const SECONDS = 10
const WARM_UP_MS = 5000

export const samples: Bench = {
  name: 'samples',
  does: `${MACHINES} machines × 12 scales × 60 Hz over MQTT, medians of ${RUNS} spans`,
  async run({ say, seconds }): Promise<Row[]> {
    await using server = await startRealServer()
    const { storeId } = await server.call('GET', '/api/v1/store')
    const machines = await onboardMachines(server, MACHINES)
    const order = JSON.stringify({ url: server.mqttUrl, storeId, machines })
    const load = spawn(process.execPath, [join(import.meta.dirname, 'samples-load.ts'), order], {
      stdio: ['pipe', 'pipe', 'inherit']
    })
    const said = createInterface({ input: load.stdout })[Symbol.asyncIterator]()
    try {
      await said.next() // connected
      await sleep(WARM_UP_MS)
      const sample = openSampler(server)
      const spans: Sample[] = []
      for (let n = 0; n < RUNS; n++) {
        await sleep((seconds ?? SECONDS) * 1000)
        spans.push(await sample())
      }
      load.stdin.end() // its word to stop
      const sent = JSON.parse((await said.next()).value as string) as {
        messages: number
        hands: number
        behind: number
        seconds: number
      }
      const { items } = await server.call('GET', '/api/v1/weight-changes?limit=200')
      say(
        `  ${sent.hands} steps in ${Math.round(sent.seconds)} s, ${items.length}${items.length === 200 ? ' or more' : ''} weight changes`
      )
      return [{ name: `${MACHINES} machines`, values: figures(spans, sent) }]
    } finally {
      if (load.exitCode === null) {
        load.kill()
        await once(load, 'exit')
      }
    }
  }
}

const figures = (spans: Sample[], sent: { messages: number; behind: number; seconds: number }): Row['values'] => ({
  '% of a core': tenth(100 * median(spans.map((span) => span.coreShare))),
  'PostgreSQL %': tenth(100 * median(spans.map((span) => span.postgresCoreShare))),
  'messages per second': Math.round(sent.messages / sent.seconds),
  'samples per second': Math.round((sent.messages * 12 * 12) / sent.seconds),
  unacknowledged: sent.behind,
  'resident MiB': tenth(spans.at(-1)!.residentMiB)
})
