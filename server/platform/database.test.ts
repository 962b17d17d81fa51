/** The database as a tool: a connection that dies never takes the process with it. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { openTestDatabase } from '#test/support/database.ts'
import { databaseError, openDatabase } from './database.ts'
import { Unavailable } from './errors.ts'

test('a connection that dies between two statements of a transaction is an error of the next one, not the end of the process', async () => {
  await using database = await openTestDatabase()
  const { db, close } = openDatabase<unknown>({ url: database.ownerUrl, name: 'niflr-test' })
  const killer = openDatabase<unknown>({ url: database.ownerUrl, name: 'niflr-test', max: 1 })
  const failure = await db
    .transaction()
    .execute(async (tx) => {
      const { rows } = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(tx)
      await sql`SELECT pg_terminate_backend(${rows[0]!.pid})`.execute(killer.db)
      await sleep(100) // nobody waits for the connection while it ends
      await sql`SELECT 1`.execute(tx)
    })
    .catch(databaseError)
  assert(failure instanceof Unavailable, String(failure))
  await sql`SELECT 1`.execute(db)
  await killer.close()
  await close()
})

test('a statement that took too long, or lost against another in a deadlock, may be sent again', async () => {
  await using database = await openTestDatabase()
  const { db, close } = openDatabase<unknown>({ url: database.ownerUrl, name: 'niflr-test' })
  const slow = await db
    .transaction()
    .execute(async (tx) => {
      await sql`SET LOCAL statement_timeout = 20`.execute(tx)
      await sql`SELECT pg_sleep(1)`.execute(tx)
    })
    .catch(databaseError)
  assert(slow instanceof Unavailable, String(slow))
  const bothHold = Promise.withResolvers<void>()
  let holding = 0
  const cross = (first: number, second: number) =>
    db.transaction().execute(async (tx) => {
      await sql`SELECT pg_advisory_xact_lock(${first})`.execute(tx)
      if (++holding === 2) bothHold.resolve()
      await bothHold.promise
      await sql`SELECT pg_advisory_xact_lock(${second})`.execute(tx)
    })
  const outcomes = await Promise.allSettled([cross(1, 2), cross(2, 1)])
  const lost = outcomes.filter((outcome) => outcome.status === 'rejected').map((outcome) => databaseError(outcome.reason))
  assert.equal(lost.length, 1)
  assert(lost[0] instanceof Unavailable, String(lost[0]))
  await close()
})

test('a file that is missing is not a database that is away, its socket is', async () => {
  const missing = await readFile('/nowhere/at/all').catch((error: unknown) => error)
  assert.equal(databaseError(missing), missing)
  const { db, close } = openDatabase<unknown>({ url: 'postgres://niflr@%2Fnowhere/niflr', name: 'niflr-test' })
  const away = await sql`SELECT 1`.execute(db).catch(databaseError)
  assert(away instanceof Unavailable, String(away))
  await close()
})
