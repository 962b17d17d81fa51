/**
 * A day of a store with no network but loopback, as dense as the machine allows; afterwards whoever follows its events reads what has
 * waited. Run under `unshare -n` with the number of facts to acknowledge; prints what came of it, and ends with 1 when a promise broke.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { checkBooks } from './books.ts'
import { furnish, openShop } from './shop.ts'
import { StoreProcess } from './store-process.ts'

const RESIDENT_MIB = 350
type Told = { id: string; name: string }

async function liveThroughTheDay(facts: number): Promise<string> {
  assert.deepEqual(Object.keys(networkInterfaces()), ['lo'], 'there is a network here')
  await using store = new StoreProcess({ env: { MACHINE_SESSION_SECONDS: '5' } })
  await store.start()
  await using shop = openShop(store, await furnish(store))
  await shop.served()
  await shop.acknowledged(facts)
  await shop.close()
  const resident = Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${store.child!.pid}/status`, 'utf8'))![1]) / 1024
  assert(resident < RESIDENT_MIB, `${resident} MiB`)
  const found = await checkBooks(store, shop.ledger)
  const refused = [...shop.ledger.answers.keys()].filter((answer) => !/ 200$/.test(answer))
  assert.deepEqual(refused, [], 'answers that a day without the internet does not excuse')
  const waited = await waitingEvents(store)
  await inOrder(store, waited)
  const { entries } = shop.ledger
  return `a day alone: ${found} acknowledged, ${entries.size} visits; ${waited.length} events waited and were read in order; ${Math.round(resident)} MiB`
}

/** Every event of the day as it lies in the log, in the order that followers are promised; it agrees with the rows it tells of. */
async function waitingEvents(store: StoreProcess): Promise<Told[]> {
  await using db = await store.database()
  const { rows } = await db.query(
    `SELECT transaction_id::text || '-' || id AS id, name FROM event_log WHERE transaction_id < pg_snapshot_xmin(pg_current_snapshot())
     ORDER BY event_log.transaction_id, event_log.id`
  )
  const { rows: counts } =
    await db.query(`SELECT (SELECT count(*) FROM visit)::int AS "visit.opened", (SELECT count(*) FROM ticket)::int AS "ticket.opened",
    (SELECT count(*) FROM visit WHERE exited_at IS NOT NULL)::int AS "visit.closed", (SELECT count(*) FROM weight_change)::int AS "weight-change.recorded"`)
  for (const [name, count] of Object.entries(counts[0])) assert.equal(rows.filter((row) => row.name === name).length, count, name)
  return rows
}

/** Follows the store from before its first event, as a program does whose link was down all day: the same events, in the same order. */
async function inOrder(store: StoreProcess, waited: Told[]): Promise<void> {
  const headers = { authorization: `Bearer ${store.token}`, 'last-event-id': '0-0' }
  const stream = await fetch(`${store.url}/api/v1/live`, { headers, signal: AbortSignal.timeout(60_000) })
  assert.equal(stream.status, 200)
  let read = 0
  let text = ''
  for await (const chunk of stream.body!.pipeThrough(new TextDecoderStream())) {
    const whole = (text + chunk).split('\n\n')
    text = whole.pop()!
    for (const message of whole.map(fieldsOf).filter((fields) => fields.event)) {
      const { id, name } = waited[read]!
      assert.deepEqual([message.id, message.event], [id, name], `event ${read}`)
      read += 1
      if (read === waited.length) return
    }
  }
  assert.fail(`the stream ended after ${read} of ${waited.length} events`)
}

const fieldsOf = (message: string): Record<string, string> =>
  Object.fromEntries(message.split('\n').map((line) => line.split(/: ?(.*)/s, 2) as [string, string]))

process.stdout.write(`${await liveThroughTheDay(Number(process.argv[2]))}\n`)
