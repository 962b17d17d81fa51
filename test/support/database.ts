/** A database of its own for each test, copied from the migrated template of the test run. */
import { existsSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { newId } from '#server/platform/ids.ts'

export const TEMPLATE = 'niflr_template'
/** Where the test runner says which PostgreSQL it started; each test file runs in a child process of it. */
export const testRunFile = (runnerPid: number): string => join(tmpdir(), `niflr-test-run-${runnerPid}.json`)

export type TestDatabase = { ownerUrl: string; appUrl: string; [Symbol.asyncDispose](): Promise<void> }

/** Makes the database; it is dropped at disposal. `appUrl` is the server's own role, without DDL. */
export async function openTestDatabase(): Promise<TestDatabase> {
  const file = [process.ppid, process.pid].map(testRunFile).find(existsSync)
  if (!file) throw new Error('no test PostgreSQL: run tests with `npm test -- FILE`')
  const urls = JSON.parse(readFileSync(file, 'utf8')) as { ownerUrl: string; appUrl: string }
  const name = `test_${newId().replaceAll('-', '')}`
  // without fsync a copy of the files is five times as fast as one through the log
  await asOwner(urls.ownerUrl, `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE} STRATEGY FILE_COPY`)
  return {
    ownerUrl: withDatabase(urls.ownerUrl, name),
    appUrl: withDatabase(urls.appUrl, name),
    [Symbol.asyncDispose]: () => asOwner(urls.ownerUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  }
}

function withDatabase(url: string, name: string): string {
  const other = new URL(url)
  other.pathname = `/${name}`
  return other.href
}

let owner: pg.Pool | undefined

/**
 * One connection for all that a process makes and drops; idle, it keeps no process waiting. Two databases cannot be copied from one
 * template at the same moment: the loser tries again.
 */
async function asOwner(url: string, statement: string): Promise<void> {
  owner ??= new pg.Pool({ connectionString: withDatabase(url, 'postgres'), max: 1, idleTimeoutMillis: 0, allowExitOnIdle: true })
  for (;;) {
    try {
      return void (await owner.query(statement))
    } catch (error) {
      if ((error as { code?: string }).code !== '55006') throw error
    }
  }
}
