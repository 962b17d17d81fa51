/** The lines of a decision, pure: only products of the catalogue, only evidence of the ticket, and no weight change twice. */
import { MAX_QUANTITY, type TicketDecision, type TicketLine } from '#contracts/api/tickets.ts'
import type { Prices } from '#server/domain/catalog/actions.ts'
import { Invalid } from '#server/platform/errors.ts'
import { linePrice, type Moments } from './prices.ts'
import type { Evidence } from './rules.ts'

/** `prices` by product id, in lower case as the database writes it. */
export type LineFacts = { prices: ReadonlyMap<string, Prices>; evidence: Evidence; moments: Moments }

/** The lines as they will be billed. Throws Invalid naming the field that is no product, no evidence, out of range or doubled. */
export function pricedLines(lines: TicketDecision['lines'], { prices, evidence, moments }: LineFacts): TicketLine[] {
  const seen = new Set<string>()
  return lines.map(({ productId, quantity, weightChangeIds = [] }, n) => {
    const own = prices.get(productId.toLowerCase())
    if (own === undefined) throw new Invalid(`lines/${n}/productId`, 'is not a product of the catalogue')
    if (!(quantity >= 1 && quantity <= MAX_QUANTITY))
      throw new Invalid(`lines/${n}/quantity`, `must be from 1 to ${MAX_QUANTITY}`)
    const ids = weightChangeIds.map((id) => id.toLowerCase())
    for (const [m, id] of ids.entries()) {
      const field = `lines/${n}/weightChangeIds/${m}`
      if (evidence[id] === undefined) throw new Invalid(field, 'is not a weight change of this ticket')
      if (seen.has(id)) throw new Invalid(field, 'stands in these lines twice')
      seen.add(id)
    }
    return {
      productId: productId.toLowerCase(),
      quantity,
      unitPriceMinor: linePrice(own, ids, moments),
      weightChangeIds: ids
    }
  })
}
