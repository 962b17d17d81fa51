/** Before all tests: one PostgreSQL for the run, with a migrated database that each test's own is copied from. After all: gone. */
import { existsSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '#server/config.ts'
import { openContext } from '#server/context.ts'
import { startEmbeddedPostgres } from '#server/platform/embedded-postgres.ts'
import { openLogger } from '#server/platform/logger.ts'
import { TEMPLATE, testRunFile } from './database.ts'

const undo: (() => unknown)[] = []

export async function globalSetup(): Promise<void> {
  const place = roomInMemory() ?? tmpdir()
  removeLeftovers(place)
  const dataDir = mkdtempSync(join(place, `niflr-test-${process.pid}-`))
  undo.push(() => rmSync(dataDir, { recursive: true, force: true }))
  const postgres = await startEmbeddedPostgres({
    dataDir,
    database: TEMPLATE,
    ownName: 'niflr',
    // nothing here outlives a power cut anyway; what must is tried in test/faults, on the store's own PostgreSQL
    settings: { max_connections: '200', fsync: 'off', full_page_writes: 'off' }
  })
  undo.push(() => postgres.stop())
  const config = readConfig({ DATA_DIR: dataDir, DATABASE_URL: postgres.ownerUrl })
  const { close } = await openContext(config, { log: openLogger('fatal') })
  await close()
  const file = testRunFile(process.pid)
  writeFileSync(file, JSON.stringify({ ownerUrl: postgres.ownerUrl, appUrl: postgres.appUrl }), { mode: 0o600 })
  undo.push(() => rmSync(file, { force: true }))
}

/** Hundreds of databases are made and dropped: files in memory take half the kernel's time for that. A container has often 64 MB there. */
function roomInMemory(): string | null {
  const place = '/dev/shm'
  if (!existsSync(place)) return null
  const { bavail, bsize } = statfsSync(place)
  return bavail * bsize > 4e9 ? place : null
}

/** A run that was killed left its files behind, in memory at worst. */
function removeLeftovers(place: string): void {
  for (const name of readdirSync(place)) {
    const runnerPid = /^niflr-test-(\d+)-/.exec(name)?.[1]
    if (runnerPid && !isRunning(Number(runnerPid))) rmSync(join(place, name), { recursive: true, force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' // it runs, as somebody else
  }
}

export async function globalTeardown(): Promise<void> {
  for (const step of undo.toReversed()) await step()
}
