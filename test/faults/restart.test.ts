/** P12: a restart with years of history, and an orderly stop under load. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkBooks } from './support/books.ts'
import { furnish, openShop } from './support/shop.ts'
import { between, rounds } from './support/sizes.ts'
import { StoreProcess } from './support/store-process.ts'

const ROWS = 1_000_000
const FIRST_EVENT_WITHIN_MS = 5000
const DRAINED_WITHIN_MS = 10_000

/** A weight change a minute on a machine that has retired, and a week of events that every follower has read. */
async function makeHistory(store: StoreProcess): Promise<void> {
  await using db = await store.database()
  await db.query(
    `INSERT INTO weight_change (id, machine_id, scale_id, status, grams, weight_before, weight_after, occurred_at, occurred_from, received_at, source, settled)
     SELECT gen_random_uuid(), 'history', (n % 12)::text, 'PICKED', 330, 5000, 4670, at, at, at, 'heartbeat', true
     FROM generate_series(1, $1) AS n, LATERAL (SELECT now() - interval '1 hour' - n * interval '1 minute' AS at) AS time`,
    [ROWS]
  )
  await db.query(
    `INSERT INTO event_log (transaction_id, name, payload, at) SELECT '3', 'weight-change.recorded',
       jsonb_build_object('weightChangeId', gen_random_uuid(), 'machineId', 'history', 'scaleId', '1', 'version', 1,
         'occurredAt', now() - interval '2 years', 'occurredFrom', now() - interval '2 years', 'status', 'PICKED', 'grams', 330),
       now() - interval '1 hour' - n * interval '0.5 seconds' FROM generate_series(1, $1) AS n`,
    [ROWS]
  )
  await db.query('ANALYZE')
}

test('a store with a million changes and a million events takes its first event within 5 s of its start', async (t) => {
  await using store = new StoreProcess()
  await store.start()
  const furniture = await furnish(store)
  await makeHistory(store)
  await using shop = openShop(store, furniture)
  const waits: number[] = []
  for (const end of [() => store.terminate(), () => store.kill(), () => store.terminate()]) {
    await shop.served()
    await end()
    await sleep(300) // what was on its way is over: the next acknowledgement is the new process's
    const startedMs = performance.now()
    const start = store.start()
    await shop.acknowledged(1)
    waits.push(performance.now() - startedMs)
    await start
  }
  await shop.served()
  await shop.close()
  const found = await checkBooks(store, shop.ledger)
  t.diagnostic(`first event after ${waits.map((ms) => `${(ms / 1000).toFixed(1)} s`).join(', ')}; ${found} acknowledged, 0 lost`)
  for (const ms of waits) assert(ms <= FIRST_EVENT_WITHIN_MS, `first event after ${Math.round(ms)} ms`)
})

test('SIGTERM under load ends the store in order within 10 s, and nothing acknowledged is lost', async (t) => {
  await using store = new StoreProcess({ env: { MACHINE_SESSION_SECONDS: '5' } })
  await store.start()
  await using shop = openShop(store, await furnish(store), [0, 5])
  await shop.served()
  const times = rounds(5, 50)
  let worstMs = 0
  for (let round = 0; round < times; round++) {
    await shop.acknowledged(Math.floor(between(1, 200)))
    const { code, ms } = await store.terminate()
    assert.equal(code, 0, store.lines.slice(-10).join('\n'))
    worstMs = Math.max(worstMs, ms)
    assert.equal(store.postmaster(), null, 'PostgreSQL ends with it')
    await store.start()
  }
  await shop.served()
  await shop.close()
  const found = await checkBooks(store, shop.ledger)
  t.diagnostic(`${times} stops, at most ${(worstMs / 1000).toFixed(1)} s each; ${found} acknowledged, 0 lost`)
  assert(worstMs <= DRAINED_WITHIN_MS, `${Math.round(worstMs)} ms`)
})
