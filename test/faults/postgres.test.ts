/** P2: PostgreSQL dies under load: stopped at once, killed, or one of its backends killed; the server lives on and answers 503 meanwhile. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkBooks } from './support/books.ts'
import { furnish, openShop } from './support/shop.ts'
import { between, rounds } from './support/sizes.ts'
import { StoreProcess } from './support/store-process.ts'

const BACK_WITHIN_MS = 10_000

/** Kills the backend that commits what devices say (or any other of the server's). */
async function killBackend(store: StoreProcess): Promise<void> {
  await using db = await store.database()
  const { rows } = await db.query(`SELECT pid FROM pg_stat_activity WHERE application_name = 'niflr' ORDER BY random() LIMIT 1`)
  process.kill(rows[0].pid, 'SIGKILL')
}

const FAULTS: [string, (store: StoreProcess) => Promise<void>][] = [
  ['stopped at once', async (store) => void process.kill(store.postmaster()!, 'SIGQUIT')],
  ['killed', async (store) => void process.kill(store.postmaster()!, 'SIGKILL')],
  ['a backend killed', killBackend]
]

test('whatever was acknowledged when PostgreSQL dies is there afterwards, and the store is back by itself', async (t) => {
  await using store = new StoreProcess({ env: { MACHINE_SESSION_SECONDS: '5' } })
  await store.start()
  await using shop = openShop(store, await furnish(store))
  await shop.served()
  const times = rounds(20, 200)
  const worst = new Map<string, number>()
  for (let round = 0; round < times; round++) {
    const [name, strike] = FAULTS[round % FAULTS.length]!
    await sleep(between(100, 600))
    shop.ledger.takeLongestWaitMs()
    await strike(store)
    await shop.served(2)
    worst.set(name, Math.max(worst.get(name) ?? 0, shop.ledger.takeLongestWaitMs()))
    assert(store.isRunning, `the server ended: ${store.lines.slice(-10).join('\n')}`)
  }
  await shop.close()
  const found = await checkBooks(store, shop.ledger)
  const waits = [...worst].map(([name, ms]) => `${name} ${(ms / 1000).toFixed(1)} s`).join(', ')
  t.diagnostic(`${times} times, ${found} acknowledged, 0 lost, 0 twice; longest wait of any device: ${waits}`)
  t.diagnostic(JSON.stringify(Object.fromEntries(shop.ledger.answers)))
  for (const [name, ms] of worst) assert(ms <= BACK_WITHIN_MS, `${name}: a device waited ${Math.round(ms)} ms`)
})
