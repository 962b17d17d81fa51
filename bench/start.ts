/** From nothing to ready: a fresh clone of this checkout's last commit with a warm npm cache, the starts after it, and starts over a million rows. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { tenth } from './percentiles.ts'
import { median, repeat } from './processes.ts'
import type { Bench, Row } from './table.ts'

const ROOT = join(import.meta.dirname, '..')
const RUNS = 5
const ROWS = 1_000_000
/** As somebody types it, without what this benchmark's own npm has put into PATH. */
const NPM_START = `PATH=$(echo "$PATH" | tr : '\\n' | grep -v node_modules/.bin | paste -sd: -)
export PATH PORT=0 MQTT_PORT=0 LOG_LEVEL=warn DATA_DIR="$0" SUPERUSER_PASSWORD='benchmarks are not for sale'
exec npm start`

export const start: Bench = {
  name: 'start',
  does: `\`npm start\` until it says ready; medians of ${RUNS} but for the fresh clone`,
  async run({ say, history, rows: most }): Promise<Row[]> {
    const folder = mkdtempSync(join(tmpdir(), 'niflr-bench-start-'))
    try {
      const first = await fromNothing(join(folder, 'first'))
      say(`  from nothing with npm's cache as it was: ${tenth(first)} s`)
      const clone = join(folder, 'clone')
      const warm = await fromNothing(clone)
      const again = await repeat(RUNS, () => startOnce(clone, join(clone, 'data')))
      const size = Math.min(ROWS, most ?? ROWS)
      const data = await history.folder(size)
      const full = await repeat(RUNS, () => startOnce(clone, data))
      return [
        { name: 'fresh clone, warm npm cache', values: { seconds: tenth(warm), slowest: tenth(warm) } },
        { name: 'second start', values: secondsOf(again) },
        { name: `start over ${size} weight changes`, values: secondsOf(full) }
      ]
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

const secondsOf = (runs: number[]) => ({ seconds: tenth(median(runs)), slowest: tenth(Math.max(...runs)) })

/** Seconds from the clone to the first answer. */
async function fromNothing(clone: string): Promise<number> {
  const startMs = performance.now()
  await promisify(execFile)('git', ['clone', '--quiet', '--no-hardlinks', ROOT, clone])
  const cloned = (performance.now() - startMs) / 1000
  return cloned + (await startOnce(clone, join(clone, 'data')))
}

/** Seconds from `npm start` to its ready line; the server is stopped again. */
async function startOnce(clone: string, dataDir: string): Promise<number> {
  const startMs = performance.now()
  const npm = spawn('sh', ['-c', NPM_START, dataDir], { cwd: clone, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const lines: string[] = []
  npm.stderr.on('data', (text: Buffer) => void lines.push(String(text)))
  try {
    for await (const line of createInterface({ input: npm.stdout })) {
      lines.push(line)
      if (line.startsWith('ready in ')) return (performance.now() - startMs) / 1000
    }
    throw new Error(`the server did not start:\n${lines.slice(-20).join('\n')}`)
  } finally {
    npm.stdout.resume()
    await stop(npm)
  }
}

async function stop(npm: ChildProcess): Promise<void> {
  if (npm.exitCode !== null) return
  const ended = once(npm, 'exit')
  process.kill(-npm.pid!, 'SIGTERM') // npm and the server, as Ctrl-C does
  await ended
}
