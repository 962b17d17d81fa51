/** What a throw-away store made of its day, in the form in which two of them can be compared: nothing in it depends on ids made by chance. */
import type { Ticket } from '#contracts/api/tickets.ts'
import { listProducts } from '#server/domain/catalog/actions.ts'
import { listMovements, listTickets } from '#server/domain/ticket/actions.ts'
import type { RelivedStore } from './relived.ts'
import { all, outcomeOf } from './report.ts'

/** `grams` signed: negative = picked. */
export type MadeChange = { machineId: string; scaleId: string; at: string; grams: number }
/** Who decided, or will have to: the box itself (of an empty ticket or of one that inference is sure of), or people. */
export type Decided = 'empty' | 'confident' | 'people'
/** `visit` is the visit's id in the recording; `units` by SKU: what is on the ticket, or is proposed to people. */
export type MadeTicket = {
  visit: string
  enteredAt: string
  machineId: string
  decided: Decided
  movements: number
  units: Record<string, number>
  totalMinor: number
}
export type Made = { changes: MadeChange[]; tickets: MadeTicket[]; movements: number; unbalanced: number }

/** Reads all of it. */
export async function madeOf({ ctx }: RelivedStore): Promise<Made> {
  const { changes, balances } = await outcomeOf(ctx)
  const tickets = await all((page) => listTickets(ctx, { limit: 200, ...page }))
  const movements = await all((page) => listMovements(ctx, { limit: 200, ...page }))
  const products = await all((page) => listProducts(ctx, { limit: 200, ...page }))
  const known = new Map(products.map((product) => [product.id, product]))
  return {
    changes: changes.map(({ machineId, scaleId, occurredAt: at, status, grams }) => ({
      ...{ machineId, scaleId, at },
      grams: status === 'PICKED' ? -grams : grams
    })),
    tickets: tickets.toReversed().map((ticket) => madeTicket(ticket, known)),
    movements: movements.length,
    unbalanced: balances.reduce((sum, machine) => sum + machine.unbalanced, 0)
  }
}

function madeTicket(ticket: Ticket, products: ReadonlyMap<string, { sku: string; priceMinor: number }>): MadeTicket {
  const isDone = ticket.status === 'REVIEW_COMPLETE'
  const units: Record<string, number> = {}
  let totalMinor = 0
  for (const { productId, quantity } of isDone ? ticket.lines : ticket.proposedLines) {
    const { sku, priceMinor } = products.get(productId)!
    units[sku] = (units[sku] ?? 0) + quantity
    if (ticket.role === 'customer') totalMinor += quantity * priceMinor
  }
  const decided = !isDone ? 'people' : ticket.lines.length === 0 ? 'empty' : 'confident'
  return {
    ...{ visit: ticket.userId, enteredAt: ticket.startTime, machineId: ticket.machineId },
    ...{ decided, movements: ticket.movements.length, units, totalMinor }
  }
}
