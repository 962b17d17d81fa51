/** The benchmarks: `npm run bench [-- NAME…] [--json]`. Every one there is, one line each; each prints a table. */
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { carts } from './carts.ts'
import { clips } from './clips.ts'
import { exits } from './exits.ts'
import { HistoryStore } from './history-store.ts'
import { idle } from './idle.ts'
import { inference } from './inference.ts'
import { ingest } from './ingest.ts'
import { lists } from './lists.ts'
import { panel } from './panel.ts'
import { playback } from './playback.ts'
import { recorders } from './recorders.ts'
import { samples } from './samples.ts'
import { shelves } from './shelves.ts'
import { simcam } from './simcam.ts'
import { start } from './start.ts'
import { type Bench, printTable, type Row } from './table.ts'
import { webhooks } from './webhooks.ts'
import { windows } from './windows.ts'

const BENCHES: Bench[] = [
  shelves, // labelled cases: is it right
  carts, // labelled cases: are carts right
  inference, // labelled cases: how long it thinks
  windows, // labelled cases: the visit or machine sessions as a ticket's window
  ingest, // heartbeats a second
  webhooks, // heartbeats a second beside webhooks
  samples, // 60 Hz of 100 machines
  exits, // tickets over 10 000 to 10 000 000 rows
  lists, // first pages by any filter
  playback, // playlists over a day of clips, content
  panel, // first loads, jumps to an event, cameras in step, a list of a million
  clips, // the clips of a visit, out of a year's
  recorders, // eight cameras for ten minutes: CPU, memory, gaps
  idle, // ten minutes of heartbeats: memory and CPU
  start, // from a fresh clone, and again
  simcam // the demo's cameras: painting, encoding, serving
]
const USAGE = `npm run bench [-- NAME…] [--json] [--rows N] [--seconds N] [--data FOLDER] [--beat SECONDS] [--history FOLDER]; there are: ${BENCHES.map((bench) => bench.name).join(', ')}\n`

function fail(why: string): never {
  process.stderr.write(`${why}\n${USAGE}`)
  process.exit(2)
}

const options = {
  json: { type: 'boolean' },
  data: { type: 'string' },
  beat: { type: 'string' },
  history: { type: 'string' },
  rows: { type: 'string' },
  seconds: { type: 'string' }
} as const
const { values, positionals } = parseArgs({ options, allowPositionals: true })
const unknown = positionals.filter((name) => !BENCHES.some((bench) => bench.name === name))
if (unknown.length > 0) fail(`there is no benchmark ${unknown.join(', ')}`)
const [most, seconds, beat] = [values.rows, values.seconds, values.beat].map((text) => (text === undefined ? null : Number(text)))
if (most !== null && !(Number.isInteger(most) && most! >= 10_000 && most! % 10_000 === 0)) fail('--rows: tens of thousands')
if (seconds !== null && !(seconds! >= 1)) fail('--seconds: at least 1')
if (beat !== null && !(Number.isInteger(beat) && beat! >= 1 && beat! <= 60)) fail('--beat: whole seconds from 1 to 60')

const say = (line: string) => void (values.json ? process.stderr : process.stdout).write(`${line}\n`)
say(`${availableParallelism()} cores (${cpus()[0]?.model.trim()}), Node ${process.version}`)
using history = new HistoryStore((line) => say(`  ${line}`), values.history ?? null)
process.once('SIGINT', () => say('interrupted: removing what was made')) // the servers end too: what waits for them fails, and scopes close
const tools = { say, data: values.data ?? null, rows: most ?? null, seconds: seconds ?? null, beat: beat ?? null, history }
const all: Record<string, Row['values']> = {}
for (const bench of BENCHES) {
  if (positionals.length > 0 && !positionals.includes(bench.name)) continue
  say(`\n${bench.name}: ${bench.does}`)
  const rows = await bench.run(tools)
  if (!values.json) printTable(rows, say)
  for (const row of rows) all[positionals.length === 1 ? row.name : `${bench.name}: ${row.name}`] = row.values
}
if (values.json) process.stdout.write(`${JSON.stringify(all)}\n`)
