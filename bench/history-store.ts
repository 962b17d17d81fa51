/** Stores with years of history, one data folder for each size, that several benchmarks share: made once, gone at the end unless they are to be kept. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startEmbeddedPostgres } from '#server/platform/embedded-postgres.ts'
import { MACHINES, makeHistory } from './history.ts'
import { onboardMachines, type RealServer, startRealServer } from './real-server.ts'

export type Device = { machineId: string; deviceKey: string }
/** What is known of a store that was made: written beside its data when it is complete. */
type Made = { machines: Device[]; baseMs: number }

const PRODUCT = {
  sku: 'B-1',
  barcode: '2000000000001',
  name: 'Bench',
  weightGrams: 330,
  weightToleranceGrams: 10,
  priceMinor: 900
}
/** While the rows are made; the server runs with its own settings again. */
const BULK = { max_wal_size: '8GB', synchronous_commit: 'off', maintenance_work_mem: '1GB', work_mem: '256MB', autovacuum: 'off' }
const HOUR_MS = 3_600_000
const SLOT_MS = 300_000

export class HistoryStore {
  readonly #say: (line: string) => void
  readonly #root: string
  readonly #isKept: boolean

  /** `keptIn`: a folder whose stores are used as they are, and left there. */
  constructor(say: (line: string) => void, keptIn: string | null) {
    this.#say = say
    this.#isKept = keptIn !== null
    this.#root = keptIn ?? mkdtempSync(join(tmpdir(), 'niflr-bench-history-'))
  }

  /** The store with `rows` weight changes, served until the end of the caller's scope. */
  async open(rows: number): Promise<RealServer & Made> {
    const dataDir = await this.folder(rows)
    const made = JSON.parse(readFileSync(noteOf(dataDir), 'utf8')) as Made
    return { ...(await startRealServer({}, { dataDir })), ...made }
  }

  /** The data folder of such a store, while nothing runs on it. */
  async folder(rows: number): Promise<string> {
    const dataDir = join(this.#root, String(rows))
    if (existsSync(noteOf(dataDir))) return dataDir
    rmSync(dataDir, { recursive: true, force: true })
    mkdirSync(dataDir, { recursive: true })
    writeFileSync(noteOf(dataDir), JSON.stringify(await this.#make(dataDir, rows)))
    return dataDir
  }

  async #make(dataDir: string, rows: number): Promise<Made> {
    const baseMs = Math.floor((Date.now() - HOUR_MS) / SLOT_MS) * SLOT_MS // history ends an hour ago, where machine sessions are cut
    const { machines, ...known } = await furnish(dataDir)
    this.#say(`making history: ${rows} weight changes`)
    const postgres = await startEmbeddedPostgres({ dataDir, ownName: 'niflr', settings: BULK })
    const client = new pg.Client({ connectionString: postgres.ownerUrl })
    try {
      await client.connect()
      await makeHistory(client, { rows, baseMs, ...known }, this.#say)
    } finally {
      await client.end()
      await postgres.stop({ timeoutMs: 60_000 })
    }
    return { machines, baseMs }
  }

  [Symbol.dispose](): void {
    if (!this.#isKept) rmSync(this.#root, { recursive: true, force: true })
  }
}

const noteOf = (dataDir: string) => join(dataDir, 'history.json')

async function furnish(dataDir: string): Promise<{ machines: Device[]; productId: string; adminId: string }> {
  await using server = await startRealServer({}, { dataDir })
  const machines = await onboardMachines(server, MACHINES)
  const { id: productId } = await server.call('POST', '/api/v1/products', PRODUCT)
  const { id: adminId } = await server.call('GET', '/api/v1/auth/me')
  return { machines, productId, adminId }
}
