/**
 * How right carts are: items on receipts (per shopper, and for the store as a whole), and what is left wrong when people review perfectly
 * what inference is not sure of.
 */
import type { Movement } from '#contracts/api/movements.ts'
import type { Ticket } from '#contracts/api/tickets.ts'
import type { Case, TrueEvent } from './cases.ts'
import type { Played } from './play.ts'

/** Sums over cases; `stock…` counts items whoever has them. `sure`: by tenths of a per cent of confidence, how many, and how many right. */
export type Score = {
  cases: number
  items: number
  hits: number
  extra: number
  missing: number
  stockHits: number
  stockExtra: number
  stockMissing: number
  movements: number
  sent: number
  tickets: number
  ticketsSent: number
  wrongAfter: number
  sureness: { confidence: number; isRight: boolean }[]
}
type Basket = Map<string, number>

/** What AUTO_REVIEW_CONFIDENCE is unless set: what is below goes to people. */
const CONFIDENCE = 0.98

export function emptyScore(): Score {
  const counts = { cases: 0, items: 0, hits: 0, extra: 0, missing: 0, stockHits: 0, stockExtra: 0, stockMissing: 0 }
  return { ...counts, movements: 0, sent: 0, tickets: 0, ticketsSent: 0, wrongAfter: 0, sureness: [] }
}

/** Adds what came of a case. */
export function addScore(sum: Score, { truth, interval }: Case, played: Played): void {
  const shoppers = truth.shoppers
  const due = shoppers.map((shopper) => basketOf(truth.receipts.find((receipt) => receipt.shopper === shopper)?.items ?? []))
  const got = shoppers.map((shopper) => proposedFor(played, shopper))
  sum.cases += 1
  sum.items += size(pooled(due))
  for (const [n, basket] of got.entries()) {
    const { hits, extra, missing } = compare(basket, due[n]!)
    sum.hits += hits
    sum.extra += extra
    sum.missing += missing
  }
  const stock = compare(pooled(got), pooled(due))
  sum.stockHits += stock.hits
  sum.stockExtra += stock.extra
  sum.stockMissing += stock.missing
  const review = reviewed({ truth, interval }, played)
  sum.movements += review.movements
  sum.sent += review.sent
  sum.tickets += review.tickets
  sum.ticketsSent += review.ticketsSent
  sum.sureness.push(...review.sureness)
  for (const [n, basket] of review.baskets.entries()) {
    const { extra, missing } = compare(basket, due[n]!)
    sum.wrongAfter += extra + missing
  }
}

export const f1 = (hits: number, extra: number, missing: number): number | null =>
  hits + extra + missing === 0 ? null : Math.round((2000 * hits) / (2 * hits + extra + missing)) / 10

function proposedFor({ tickets, visits, skus }: Played, shopper: string): Basket {
  const basket: Basket = new Map()
  for (const { visitId, proposedLines } of tickets)
    if (visits.get(visitId) === shopper)
      for (const { productId, quantity } of proposedLines) put(basket, skus.get(productId)!, quantity)
  return basket
}

type Seen = Movement & { shopper: string; sku: string | null }

/**
 * A perfect reviewer: on a ticket that did not complete itself (AUTO_REVIEW=confident) stands what truly happened there. The others are
 * billed as they stand, right or wrong.
 */
function reviewed({ truth, interval }: Pick<Case, 'truth' | 'interval'>, { movements, tickets, visits, skus }: Played) {
  const seen = movements.flatMap((movement): Seen[] => {
    const shopper = movement.visitId && visits.get(movement.visitId)
    return shopper ? [{ ...movement, shopper, sku: movement.productId && skus.get(movement.productId)! }] : []
  })
  const isSure = ({ confidence, sku }: Seen) => confidence >= CONFIDENCE && sku !== null
  const full = tickets.filter((ticket) => ticket.weightChanges.length > 0)
  const isSent = ({ completedBy }: Ticket) => completedBy !== 'system'
  const baskets = truth.shoppers.map((shopper) => {
    const basket: Basket = new Map()
    for (const ticket of tickets.filter(({ visitId }) => visits.get(visitId) === shopper)) {
      if (!isSent(ticket)) for (const { productId, quantity } of ticket.lines) put(basket, skus.get(productId)!, quantity)
      else
        for (const event of truth.events)
          if (event.shopper === shopper && `G${event.gondola}` === ticket.machineId)
            put(basket, event.product, event.putback ? -event.qty : event.qty)
    }
    return new Map([...basket].filter(([, units]) => units > 0))
  })
  const free = new Map(truth.events.map((event) => [event, event.qty]))
  const isNear = (movement: Seen, { gondola, t }: TrueEvent) => {
    const afterMs = Date.parse(movement.occurredAt) - t * 1000
    return movement.machineId === `G${gondola}` && afterMs >= -4000 && afterMs <= 1000 * interval + 4000
  }
  const sureness = seen.map((movement) => {
    const { sku, quantity, shopper } = movement
    const own = truth.events.filter(
      (event) => event.product === sku && event.putback === quantity < 0 && event.shopper === shopper && isNear(movement, event)
    )
    return { confidence: movement.confidence, isRight: claim(free, own, Math.abs(quantity)) }
  })
  const sent = seen.filter((each) => !isSure(each)).length
  return { movements: seen.length, sent, tickets: full.length, ticketsSent: full.filter(isSent).length, baskets, sureness }
}

/** Takes units from these events as far as they go; were there enough? */
function claim(open: Map<TrueEvent, number>, events: TrueEvent[], units: number): boolean {
  let rest = units
  for (const event of events) {
    const taken = Math.min(rest, open.get(event)!)
    open.set(event, open.get(event)! - taken)
    rest -= taken
  }
  return rest === 0
}

const put = (basket: Basket, sku: string, units: number) => void basket.set(sku, (basket.get(sku) ?? 0) + units)
const size = (basket: Basket) => [...basket.values()].reduce((sum, units) => sum + units, 0)

function basketOf(items: { product: string; qty: number }[]): Basket {
  const basket: Basket = new Map()
  for (const { product, qty } of items) put(basket, product, qty)
  return basket
}

function pooled(baskets: Basket[]): Basket {
  const all: Basket = new Map()
  for (const basket of baskets) for (const [sku, units] of basket) put(all, sku, units)
  return all
}

function compare(got: Basket, due: Basket): { hits: number; extra: number; missing: number } {
  let hits = 0
  for (const [sku, units] of got) hits += Math.min(units, due.get(sku) ?? 0)
  return { hits, extra: size(got) - hits, missing: size(due) - hits }
}
