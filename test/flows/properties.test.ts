/** A promise that holds for whatever comes: money adds up to the last minor unit. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cartOf } from '#server/domain/user/rules.ts'
import { randomFrom } from '#simulator/random.ts'

const SEED = 20_260_103
const CARTS = 1_000_000

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
