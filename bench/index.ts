/** The benchmarks: `npm run bench [-- NAME…] [--json]`. Every one there is, one line each; each prints a table. */
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { ingest } from './ingest.ts'
import { shelves } from './shelves.ts'
import { type Bench, printTable, type Row } from './table.ts'

const BENCHES: Bench[] = [shelves, ingest]

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean' }, data: { type: 'string' } },
  allowPositionals: true
})
const unknown = positionals.filter((name) => !BENCHES.some((bench) => bench.name === name))
if (unknown.length > 0) {
  process.stderr.write(
    `there is no benchmark ${unknown.join(', ')}; there are: ${BENCHES.map((bench) => bench.name).join(', ')}\n`
  )
  process.exit(2)
}
const say = (line: string) => void (values.json ? process.stderr : process.stdout).write(`${line}\n`)
say(`${availableParallelism()} cores (${cpus()[0]?.model.trim()}), Node ${process.version}`)
const all: Record<string, Row['values']> = {}
for (const bench of BENCHES) {
  if (positionals.length > 0 && !positionals.includes(bench.name)) continue
  say(`\n${bench.name}: ${bench.does}`)
  const rows = await bench.run({ say, data: values.data ?? null })
  if (!values.json) printTable(rows, say)
  for (const row of rows) all[positionals.length === 1 ? row.name : `${bench.name}: ${row.name}`] = row.values
}
if (values.json) process.stdout.write(`${JSON.stringify(all)}\n`)
