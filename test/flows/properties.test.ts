/** Promises that hold for whatever comes: one code opens one door once; money adds up to the last minor unit. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cartOf } from '#server/domain/user/rules.ts'
import { newId } from '#server/platform/ids.ts'
import { randomFrom } from '#simulator/random.ts'
import { rowCounts } from '#test/support/row-counts.ts'
import { codeOf, openStore } from '#test/support/visiting.ts'

const SEED = 20_260_103
const PRESENTATIONS = 1000
const CARTS = 1_000_000

for (const door of ['entry', 'exit'] as const)
  test(`one code presented ${PRESENTATIONS} times at once at the ${door} over HTTP succeeds exactly once`, async () => {
    await using store = await openStore({ machines: 2 })
    const { port } = new URL(await store.app.listen({ host: '127.0.0.1', port: 0 }))
    const id = newId()
    if (door === 'exit') await store.scanIn(await codeOf(store.ctx, { id }))
    const body = JSON.stringify({ token: await codeOf(store.ctx, { id }) })
    const headers = { authorization: `Bearer ${store[door].deviceKey}`, 'content-type': 'application/json' }
    const present = async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/${door}-control/`, { method: 'POST', headers, body })
      return { status: answer.status, body: (await answer.json()) as { reason?: string } }
    }
    const answers = await Promise.all(Array.from({ length: PRESENTATIONS }, present))
    assert.equal(answers.filter(({ status }) => status === 200).length, 1)
    const others = answers.filter(({ status }) => status !== 200)
    assert.deepEqual([...new Set(others.map((one) => `${one.status} ${one.body.reason}`))], ['403 already-used'])
    const rows = await rowCounts(store.ctx.pool)
    const visits = {
      entry: { visit: 1, user_session: 1, used_code: 1, ticket: 0 },
      exit: { visit: 1, user_session: 2, used_code: 2, ticket: 2 }
    }[door]
    for (const [table, count] of Object.entries(visits)) assert.equal(rows[table], count, table)
  })

const PRODUCTS = Array.from({ length: 40 }, (_, n) => `product ${n}`)

test(`${CARTS} random carts: whole minor units, every line is in the total, nothing is lost or made up`, () => {
  const chance = randomFrom(SEED)
  const line = () => ({
    productId: chance.pick(PRODUCTS),
    quantity: chance.whole(1, chance.chance(0.1) ? 999 : 5),
    unitPriceMinor: chance.chance(0.01) ? chance.pick([0, 1, 2 ** 31 - 1]) : chance.whole(0, 100_000)
  })
  const pieces = (lines: { quantity: number }[]) => lines.reduce((sum, { quantity }) => sum + quantity, 0)
  const owed = (lines: { quantity: number; unitPriceMinor: number }[]) =>
    lines.reduce((sum, { quantity, unitPriceMinor }) => sum + BigInt(quantity) * BigInt(unitPriceMinor), 0n)
  for (let n = 0; n < CARTS; n++) {
    const bought = Array.from({ length: chance.whole(0, 6) }, line)
    const { lines, totalMinor } = cartOf(bought)
    const isWhole = Number.isSafeInteger(totalMinor) && totalMinor >= 0
    if (!isWhole || BigInt(totalMinor) !== owed(bought) || owed(lines) !== owed(bought) || pieces(lines) !== pieces(bought))
      assert.fail(`${totalMinor} for ${JSON.stringify(bought)}, billed as ${JSON.stringify(lines)}`)
  }
})
