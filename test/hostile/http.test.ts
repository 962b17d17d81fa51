/** Ten thousand hostile HTTP requests: none fails the server, none that is refused leaves a row, and a good device does not notice. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { rowCounts } from '#test/support/row-counts.ts'
import { type Document, hostileRequests, type Request, sendBytes } from './http-requests.ts'
import { asStrangers, comparison, quietEnough, settled } from './neighbours.ts'
import { addMachine, openGoodDevice, openRealStore, type RealStore } from './real-store.ts'

const FIXED = { seed: 20_260_101, count: 10_000 }
const RANDOM = { seed: Math.floor(Math.random() * 2 ** 31), count: 1500 }
const GROUP = 50
const AT_ONCE = 6

for (const { seed, count } of [FIXED, RANDOM])
  test(`${count} hostile requests with seed ${seed}: no 5xx, no crash, no row, and a good device stays quick`, async (t) => {
    await using store = await openRealStore()
    const requests = fc.sample(hostileRequests(await describe(store), await credentials(store)), { numRuns: count, seed })
    await using neighbour = await openGoodDevice(store, await addMachine(store, 'good'))
    const quiet = await settled(neighbour)
    const statuses = new Map<number, number>()
    const heard = new Map<string, Set<number>>()
    const failed = new Map<string, string>()
    let sentAgain = 0
    for (let at = 0; at < requests.length; at += GROUP) {
      const group = requests.slice(at, at + GROUP)
      const before = await rowCounts(store.pool)
      const answers = await asStrangers(() => sendAll(store, group))
      for (const [n, { status, text }] of answers.entries()) {
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        heard.set(group[n]!.operation, (heard.get(group[n]!.operation) ?? new Set()).add(status))
        if (status < 0 || status >= 500) failed.set(group[n]!.operation, `${status} to ${show(group[n]!)}\n${text.slice(-300)}`)
      }
      const refused = group.filter((_, n) => answers[n]!.status >= 400)
      if (refused.length === group.filter(({ method }) => !isRead(method)).length)
        assert.deepEqual(await rowCounts(store.pool), before)
      else sentAgain += await refusedAgain(store, refused)
    }
    const loud = await neighbour.report()
    const seen = [...statuses].toSorted().map(([status, times]) => `${status}×${times}`)
    t.diagnostic(
      `${count} requests, seed ${seed}: ${seen.join(' ')}; ${sentAgain} refused ones sent again alone; ${comparison(quiet, loud)}`
    )
    if (process.env.DEPTH) (await import('node:fs')).writeFileSync(process.env.DEPTH + seed, [...heard].map(([o, v]) => `${o} ${[...v].toSorted()}`).toSorted().join('\n'))
    assert.ok(store.isAlive())
    assert.deepEqual([...failed.values()], [])
    assert.deepEqual(
      store.lines.filter((line) => /request failed|got as far as the database|exit failed/.test(line)),
      []
    )
    quietEnough(quiet, loud)
  })

const isRead = (method: string) => ['GET', 'HEAD', 'OPTIONS'].includes(method)
const show = ({ bytes }: Request) =>
  bytes
    .toString('latin1')
    .replace(/(.{200}).+/g, '$1…')
    .slice(0, 1500)
const portOf = (store: RealStore) => Number(new URL(store.url).port)

async function sendAll(store: RealStore, requests: Request[]) {
  const answers: { status: number; text: string }[] = []
  let next = 0
  const work = async () => {
    while (next < requests.length) {
      const n = next++
      answers[n] = await sendBytes(portOf(store), requests[n]!.bytes)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return answers
}

/** Of a group that also did something: what was refused is sent alone, and must leave everything as it is. Returns how many were compared. */
async function refusedAgain(store: RealStore, refused: Request[]): Promise<number> {
  const before = await rowCounts(store.pool)
  const answers = await sendAll(store, refused)
  if (answers.some(({ status }) => status < 400)) return 0
  const after = await rowCounts(store.pool)
  assert.deepEqual(after, before, `one of\n${refused.map(show).join('\n—\n')}`)
  return refused.length
}

const describe = async (store: RealStore): Promise<Document> =>
  (await fetch(`${store.url}/api/openapi.json`)).json() as Promise<Document>

/** Every kind of caller, and ids that exist, so that requests get as deep as they can. */
async function credentials(store: RealStore) {
  const target = await addMachine(store, 'm-target')
  const scanner = await store.call('POST', '/api/v1/scanners', { name: 'door', tag: 'ENTRY' })
  const product = await store.call('POST', '/api/v1/products', { sku: 'x', name: 'x', weightGrams: 100, priceMinor: 100 })
  const reviewer = await store.call('POST', '/api/v1/staff', { username: 'rita', role: 'reviewer', password: 'seven slow ships' })
  const admin = `Bearer ${store.token}`
  return {
    host: new URL(store.url).host,
    authorization: [
      admin,
      admin,
      admin,
      admin,
      admin,
      `Bearer ${target.deviceKey}`,
      `Bearer ${scanner.deviceKey}`,
      '',
      'Bearer x',
      'Basic x'
    ],
    ids: ['m-target', '001', scanner.id, product.id, reviewer.id, '018f0000-0000-7000-8000-000000000000']
  }
}
