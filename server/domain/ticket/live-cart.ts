/** A visit's cart at any time: what inference proposes, beside what is settled. */
import type { VisitCart } from '#contracts/api/carts.ts'
import type { Context, Db, Tx } from '#server/context.ts'
import { pricesOf, productsById } from '#server/domain/catalog/actions.ts'
import { findCart, findVisit } from '#server/domain/user/actions.ts'
import { momentsOf } from './moments.ts'
import { linePrice } from './prices.ts'
import { proposalOf } from './proposals.ts'

type Line = VisitCart['proposedLines'][number]

/** The cart of a visit, open or over. Throws NotFound. */
export async function visitCart({ db, config, clock }: Context, visitId: string): Promise<VisitCart> {
  const visit = await findVisit(db, visitId)
  const proposedLines = visit.role === 'customer' ? await priced(db, { visitId, now: clock.now() }) : [] // staff have nothing to pay
  const cart = await findCart(db, visitId)
  const open = {
    ...{
      id: null,
      visitId,
      userId: visit.userId,
      status: 'OPEN' as const,
      currency: config.currency,
      totalMinor: 0,
      lines: [],
      corrections: []
    },
    ...{ firstSettledAt: null, settledAt: null, createdAt: null, version: 1 }
  }
  const proposedTotalMinor = proposedLines.reduce((sum, line) => sum + line.totalMinor, 0)
  return { ...(cart ?? open), proposedLines, proposedTotalMinor }
}

/** One line for each product and price, whichever machine it came from, at the prices of when it was picked. */
async function priced(db: Db, { visitId, now }: { visitId: string; now: Date }): Promise<Line[]> {
  const lines = await proposalOf(db, visitId)
  if (lines.length === 0) return []
  const ids = lines.map((line) => line.productId)
  const weightChangeIds = lines.flatMap((line) => line.weightChangeIds)
  const products = await productsById(db, ids)
  const prices = await pricesOf(db, ids)
  const moments = await momentsOf(db, { visitId, weightChangeIds, now })
  const found = new Map<string, Line>()
  for (const { productId, quantity, confidence, weightChangeIds: own } of lines) {
    const { sku, name } = products.get(productId)!
    const unitPriceMinor = linePrice(prices.get(productId)!, own, moments)
    const key = `${productId} ${unitPriceMinor}`
    const before = found.get(key)
    const units = quantity + (before?.quantity ?? 0)
    const surest = Math.min(confidence, before?.confidence ?? 1)
    found.set(key, {
      productId,
      sku,
      name,
      quantity: units,
      unitPriceMinor,
      totalMinor: units * unitPriceMinor,
      confidence: surest
    })
  }
  return [...found.values()]
}

/** Tells screens what these visits have in their hands now. */
export async function tellCarts(tx: Tx, visitIds: string[]): Promise<void> {
  for (const visitId of visitIds) {
    const lines = (await proposalOf(tx.db, visitId)).map(({ productId, quantity, confidence }) => ({
      productId,
      quantity,
      confidence
    }))
    tx.emit('cart.proposed', { visitId, lines })
  }
}
