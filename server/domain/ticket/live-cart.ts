/** A visit's cart at any time: what inference proposes, beside what is settled. */
import type { VisitCart } from '#contracts/api/carts.ts'
import type { ProposedLine } from '#contracts/api/tickets.ts'
import type { Context, Db, Tx } from '#server/context.ts'
import { productsById } from '#server/domain/catalog/actions.ts'
import { findCart, findVisit } from '#server/domain/user/actions.ts'
import { proposalOf } from './proposals.ts'

type Line = VisitCart['proposedLines'][number]

/** The cart of a visit, open or over. Throws NotFound. */
export async function visitCart({ db, config }: Context, visitId: string): Promise<VisitCart> {
  const visit = await findVisit(db, visitId)
  const proposedLines = visit.role === 'customer' ? await priced(db, await proposalOf(db, visitId)) : [] // staff have nothing to pay
  const cart = await findCart(db, visitId)
  const open = {
    ...{ id: null, visitId, userId: visit.userId, status: 'OPEN' as const, currency: config.currency, totalMinor: 0, lines: [] },
    ...{ firstSettledAt: null, settledAt: null, createdAt: null, version: 1 }
  }
  const proposedTotalMinor = proposedLines.reduce((sum, line) => sum + line.totalMinor, 0)
  return { ...(cart ?? open), proposedLines, proposedTotalMinor }
}

/** One line for each product, whichever machine it came from, at the catalogue's prices of now. */
async function priced(db: Db, lines: ProposedLine[]): Promise<Line[]> {
  const products = await productsById(
    db,
    lines.map((line) => line.productId)
  )
  const found = new Map<string, Line>()
  for (const { productId, quantity, confidence } of lines) {
    const { sku, name, priceMinor: unitPriceMinor } = products.get(productId)!
    const before = found.get(productId)
    const units = quantity + (before?.quantity ?? 0)
    const surest = Math.min(confidence, before?.confidence ?? 1)
    found.set(productId, {
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
