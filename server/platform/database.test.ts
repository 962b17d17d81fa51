/** The database as a tool: a connection that dies never takes the process with it. */
import assert from 'node:assert/strict'
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
