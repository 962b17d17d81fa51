/** Random carts all the way through the database: decided, some of them again, settled; each adds up, and each version says who and why. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { type Random, randomFrom } from '#simulator/random.ts'
import { reviewing } from '#test/support/review-desk.ts'
import { eventsOf, openStore, product, visitor } from '#test/support/visiting.ts'

const SEED = 20_260_105
/** CARTS=5000 for a longer run. */
const CARTS = Number(process.env.CARTS ?? 500)
const DESKS = 4
const PRICES = [0, 1, 99, 4000, 12_345, 2 ** 31 - 1]

type Line = { productId: string; quantity: number }

test(`${CARTS} random carts through the database: whole minor units, lines = total, each version with author and reason`, async () => {
  await using store = await openStore({ machines: 1, env: { AUTO_REVIEW: 'off' } })
  const { ctx } = store
  const prices = new Map<string, number>()
  for (const price of PRICES) prices.set(await product(ctx, price), price)
  const chance = randomFrom(SEED)
  const decide = (own: Random): Line[] =>
    Array.from({ length: own.whole(0, 4) }, () => ({
      productId: own.pick([...prices.keys()]),
      quantity: own.whole(1, own.chance(0.1) ? 999 : 4)
    }))
  const owed = new Map<string, bigint>()
  const desk = async (d: number) => {
    const own = chance.fork(d)
    const hands = reviewing(await store.staff('reviewer'))
    for (let n = d; n < CARTS; n += DESKS) {
      const { visitId, tickets } = await (await visitor(store)).leave()
      const { id } = tickets[0]!
      let lines = decide(own)
      await hands.settle(id, lines)
      if (own.chance(0.2)) {
        assert.equal((await hands.reopen(id, { reason: 'counted again' })).status, 200)
        lines = decide(own)
        await hands.settle(id, lines)
      }
      owed.set(
        visitId,
        lines.reduce((sum, { productId, quantity }) => sum + BigInt(quantity) * BigInt(prices.get(productId)!), 0n)
      )
    }
  }
  await Promise.all(Array.from({ length: DESKS }, (_, d) => desk(d)))

  const { rows: carts } = await sql<{ visitId: string; status: string; total: string; lines: string }>`
    SELECT visit_id, status, total_minor::text AS total,
      (SELECT coalesce(sum(quantity::bigint * unit_price_minor), 0)::text FROM cart_line WHERE cart_id = cart.id) AS lines FROM cart`.execute(
    ctx.db
  )
  assert.equal(carts.length, CARTS)
  for (const { visitId, status, total, lines } of carts)
    assert.deepEqual([status, total, lines], ['SETTLED', String(owed.get(visitId)), total])
  const settled = await eventsOf(ctx, 'visit.settled')
  assert.equal(new Set(settled.map(({ visitId }) => visitId)).size, CARTS)
  assert.equal(settled.length, CARTS, 'settled once each; every later settlement is a correction')
  const { rows: revisions } = await sql`
    SELECT ticket.id FROM ticket LEFT JOIN ticket_revision AS revision ON revision.ticket_id = ticket.id AND revision.author <> '' AND revision.reason <> ''
    GROUP BY ticket.id HAVING count(revision.version) <> ticket.version OR max(revision.version) <> ticket.version`.execute(
    ctx.db
  )
  assert.deepEqual(revisions, [], 'tickets with a version that does not say who and why')
})
