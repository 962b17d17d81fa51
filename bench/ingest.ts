/** How fast are heartbeats taken? Ours against bare node:http, an empty Fastify handler and bare PostgreSQL batches, in one run; medians of five. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { startEmbeddedPostgres } from '#server/platform/embedded-postgres.ts'
import type { LoadResult } from './load.ts'
import { median, repeat, runLoad, withYardstick } from './processes.ts'
import { onboardMachines, type RealServer, startRealServer } from './real-server.ts'
import type { Bench, Row } from './table.ts'

const RUNS = 5
const SECONDS = 4
const CONNECTIONS = 50
const PATH = '/api/machines/heartbeat'
type Machines = { machineId: string; deviceKey: string }[]

export const ingest: Bench = {
  name: 'ingest',
  does: 'heartbeats of 11 scales per second over 50 connections, beside what the machine can do',
  async run({ say }): Promise<Row[]> {
    const rows: Row[] = []
    const add = (name: string, values: Row['values']) => {
      rows.push({ name, values })
      say(
        `  ${name}: ${Object.entries(values)
          .map(([key, value]) => `${key} ${value}`)
          .join(', ')}`
      )
    }
    const strangers = Array.from({ length: CONNECTIONS }, (_, n) => ({ machineId: `M${n}`, deviceKey: 'none' }))
    add('bare node:http', figures(await withYardstick('http', (url) => loads(url, strangers, 'same'))))
    const fastify = await withYardstick('fastify', (url) => loads(url, strangers, 'same'))
    add('Fastify, same schema, empty handler', figures(fastify))
    const batches = await postgresBatches()
    add('bare PostgreSQL, batches of 100', { 'per second': Math.round(batches) })
    await using server = await startRealServer()
    const machines = await onboardMachines(server, CONNECTIONS)
    await load(server.url, machines, 'same')
    for (const [kind, name] of [
      ['same', 'HTTP, nothing changes'],
      ['trembling', 'HTTP, nothing changes, but each scale trembles by a gram']
    ] as const) {
      const quiet = await loads(server.url, machines, kind)
      add(name, { ...figures(quiet), '% of Fastify': Math.round((100 * rate(quiet)) / rate(fastify)) })
    }
    const changing = await loads(server.url, machines, 'changing')
    add('HTTP, each with a change, durable', {
      ...figures(changing),
      '% of bare PostgreSQL': Math.round((1000 * rate(changing)) / batches) / 10
    })
    add('MQTT QoS 1, each with a change, durable', await mqtt(server, machines))
    return rows
  }
}

type Kind = 'same' | 'trembling' | 'changing'
const load = (url: string, machines: Machines, kind: Kind): Promise<LoadResult> =>
  runLoad({
    ...{ url, path: PATH, machines, connections: CONNECTIONS, seconds: SECONDS },
    ...{ isChanging: kind === 'changing', isTrembling: kind === 'trembling' }
  })
const loads = (url: string, machines: Machines, kind: Kind) => repeat(RUNS, () => load(url, machines, kind))
const rate = (results: LoadResult[]) => median(results.map((result) => result.perSecond))

function figures(results: LoadResult[]): Row['values'] {
  const failed = results.reduce((sum, result) => sum + result.errors + result.non2xx, 0)
  return { 'per second': Math.round(rate(results)), 'p99 ms': median(results.map((result) => result.p99Ms)), failed }
}

async function mqtt(server: RealServer, machines: Machines): Promise<Row['values']> {
  const { storeId } = await server.call('GET', '/api/v1/store')
  const order = JSON.stringify({ url: server.mqttUrl, storeId, machines, seconds: SECONDS, inFlight: 4 })
  const results = await repeat(RUNS, async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'mqtt-load.ts'), order])
    return JSON.parse(stdout) as { perSecond: number; p99Ms: number }
  })
  return {
    'per second': Math.round(median(results.map((r) => r.perSecond))),
    'p99 ms': Math.round(median(results.map((r) => r.p99Ms)))
  }
}

/** Rows per second into a plain table with one index, 100 at a time through unnest, on two connections: what the disk and PostgreSQL allow. */
async function postgresBatches(): Promise<number> {
  const dataDir = mkdtempSync(join(tmpdir(), 'niflr-bench-'))
  const postgres = await startEmbeddedPostgres({ dataDir })
  const pool = new pg.Pool({ connectionString: postgres.ownerUrl, max: 2 })
  try {
    await pool.query('CREATE TABLE yardstick (id uuid PRIMARY KEY, machine_id text, scale_id text, grams int, at timestamptz)')
    const text =
      'INSERT INTO yardstick SELECT gen_random_uuid(), m, s, g, now() FROM unnest($1::text[], $2::text[], $3::int[]) AS row (m, s, g)'
    const values = [Array(100).fill('machine'), Array(100).fill('001'), Array(100).fill(300)]
    const results = await repeat(RUNS, async () => {
      let rows = 0
      const endMs = performance.now() + 2000
      const stream = async () => {
        for (; performance.now() < endMs; rows += 100) await pool.query({ name: 'batch', text, values })
      }
      await Promise.all([stream(), stream()])
      return rows / 2
    })
    return median(results)
  } finally {
    await pool.end()
    await postgres.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}
