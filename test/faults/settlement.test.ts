/** P1, for money: the server dies (kill -9) while carts are settled, contested and settled anew; nothing is paid back or charged twice. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cart } from '#contracts/api/carts.ts'
import { newId } from '#server/platform/ids.ts'
import { until } from '#test/support/devices.ts'
import { furnish, type Shop } from './support/shop.ts'
import { codeFor } from './support/shoppers.ts'
import { between, rounds } from './support/sizes.ts'
import { StoreProcess } from './support/store-process.ts'

const VISITS = 6
const PRICE = 250

test('a cart that is contested and settled anew while the server is killed moves its money once, and what was answered stands', async (t) => {
  await using store = new StoreProcess({ env: { AUTO_REVIEW: 'off', MACHINE_SESSION_SECONDS: '3600' } })
  await store.start()
  const shop = await furnish(store)
  const { id: productId } = await store.call('POST', '/api/v1/products', {
    ...{ sku: 'BAR', name: 'Bar', weightGrams: 50, priceMinor: PRICE }
  })
  const visitIds: string[] = []
  for (let n = 0; n < VISITS; n++) visitIds.push(await visit(store, shop))
  const answered = new Map<string, number>()
  let isOver = false
  const desks = visitIds.map(async (visitId) => {
    for (let units = 1; !isOver; units = 1 + (units % 4)) await settleAnew(store, { visitId, productId, units, answered })
  })
  const broken: unknown[] = []
  for (const desk of desks) desk.catch((error: unknown) => broken.push(error))
  const times = rounds(8, 60)
  for (let round = 0; round < times && broken.length === 0; round++) {
    const settled = () => [...answered.values()].reduce((sum, version) => sum + version, 0)
    const before = settled()
    await until(() => broken.length > 0 || settled() > before, 'a cart is settled', 60_000)
    await sleep(between(0, 150))
    await store.kill()
    await store.start()
  }
  isOver = true
  await Promise.all(desks)
  const { settlements, corrections } = await checkMoney(store, answered)
  t.diagnostic(`${times} kills, ${settlements} carts settled first, ${corrections} settled anew, every amount moved once`)
  assert.ok(corrections > times / 2, 'carts were settled anew between the kills')
})

/** Somebody comes and goes; the visit. */
async function visit(store: StoreProcess, { doors }: Shop): Promise<string> {
  const user = newId()
  const { entry, exit, sign } = doors.http
  const show = async (path: string, { deviceKey }: { deviceKey: string }) => {
    const answer = await fetch(`${store.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${deviceKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ token: await codeFor(sign, user) })
    })
    assert.equal(answer.status, 200, await answer.clone().text())
    return (await answer.json()) as { visitId: string }
  }
  await show('/entry-control/', entry)
  return (await show('/exit-control/', exit)).visitId
}

type Desk = { visitId: string; productId: string; units: number; answered: Map<string, number> }
type Known = { cart: Cart; tickets: { id: string; status: string }[] }

/** Contests what is settled and completes whatever waits, one ticket of them with so many units; each step again until it was answered. */
async function settleAnew(store: StoreProcess, { visitId, productId, units, answered }: Desk): Promise<void> {
  const ask = (method: string, path: string, body?: unknown) => insist(store, { method, path: `/api/v1${path}`, body })
  const known = async () => (await ask('GET', `/visits/${visitId}`)) as Known
  if ((await known()).cart.status === 'SETTLED') await ask('POST', `/visits/${visitId}/contest`, { message: `I had ${units}` })
  const first = (await known()).tickets.map(({ id }) => id).toSorted()[0]
  for (const { id, status } of (await known()).tickets) {
    if (status === 'REVIEW_COMPLETE') continue
    await ask('POST', `/tickets/${id}/claim`)
    const lines = id === first ? [{ productId, quantity: units, weightChangeIds: [] }] : []
    await ask('POST', `/tickets/${id}/complete`, { lines })
  }
  const { cart } = await known()
  if (cart.status !== 'SETTLED') return
  assert.equal(cart.totalMinor, PRICE * units, 'what the desk was answered last is what is to be paid')
  answered.set(visitId, cart.version)
}

/** Asks again as long as nobody answers; that it was done already (409) is an answer, when the one to the first time was lost. */
async function insist(
  store: StoreProcess,
  { method, path, body }: { method: string; path: string; body?: unknown }
): Promise<any> {
  for (const endMs = performance.now() + 60_000; ; await sleep(20))
    try {
      return await store.call(method, path, body)
    } catch (error) {
      const text = String(error)
      if (/: 409 /.test(text)) return null
      if (performance.now() > endMs || !/fetch failed|terminated|ECONN|: 503 /.test(text)) throw error
    }
}

/** Every settlement once in the log, every difference once as money, and the sum of both is what the cart says. */
async function checkMoney(store: StoreProcess, answered: Map<string, number>) {
  await using db = await store.database()
  const { rows: carts } = await db.query('SELECT id, visit_id, total_minor::int AS total, version FROM cart')
  const { rows: events } = await db.query(
    `SELECT name, payload FROM event_log WHERE name IN ('visit.settled', 'visit.corrected', 'visit.refunded', 'visit.charged-extra')`
  )
  const { rows: corrected } = await db.query('SELECT cart_id, version, difference_minor::int AS difference FROM cart_correction')
  const keys = events.map(({ payload }) => payload.idempotencyKey as string)
  assert.equal(new Set(keys).size, keys.length, 'no key twice')
  const of = (visitId: string, name: string) => events.filter((event) => event.name === name && event.payload.visitId === visitId)
  for (const { id, visit_id: visitId, total, version } of carts) {
    const settled = of(visitId, 'visit.settled')
    assert.ok(settled.length === 1 && version >= answered.get(visitId)!, `${visitId}: version ${version}`)
    const own = corrected.filter((row) => row.cart_id === id)
    assert.equal(own.length, of(visitId, 'visit.corrected').length)
    const moved = [...of(visitId, 'visit.charged-extra'), ...of(visitId, 'visit.refunded').map(negative)]
    assert.equal(moved.length, own.filter(({ difference }) => difference !== 0).length)
    const sum = moved.reduce((all, { payload }) => all + payload.amountMinor, settled[0].payload.totalMinor)
    assert.equal(sum, total, 'what was paid, charged and refunded is what the cart says')
  }
  return { settlements: carts.length, corrections: corrected.length }
}

const negative = ({ payload }: { payload: { amountMinor: number } }) => ({ payload: { amountMinor: -payload.amountMinor } })
