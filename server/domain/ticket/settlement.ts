/** A visit's cart settles when its last ticket is complete: whoever completes it does so, and of two at once exactly one. */
import { sql } from 'kysely'
import type { CartLine } from '#contracts/events.ts'
import type { Tx } from '#server/context.ts'
import { lockCarts, type Settlement, settleCart } from '#server/domain/user/actions.ts'
import { endContests } from './contests.ts'

/**
 * Settles the carts of those visits all of whose tickets are complete. The carts are locked before the tickets are looked at: who
 * waited for the lock sees what the other has committed, so that the last one always finds all of them complete.
 */
export async function settleVisits(tx: Tx, visitIds: string[]): Promise<void> {
  const carts = (await lockCarts(tx, visitIds)).filter((cart) => cart.status !== 'SETTLED')
  if (carts.length === 0) return
  const ids = carts.map((cart) => cart.visitId)
  const { rows: open } = await sql<{ visitId: string }>`
    SELECT DISTINCT visit_id FROM ticket WHERE visit_id = ANY(${ids}::uuid[]) AND status <> 'REVIEW_COMPLETE'`.execute(tx.db)
  const waiting = new Set(open.map((row) => row.visitId))
  const ready = carts.filter((cart) => !waiting.has(cart.visitId))
  if (ready.length === 0) return
  const lines = await linesOf(
    tx,
    ready.map((cart) => cart.visitId)
  )
  const settlements: Settlement[] = []
  for (const cart of ready) settlements.push(await settleCart(tx, cart, lines.get(cart.visitId) ?? []))
  const anew = settlements.filter(({ cart }) => cart.firstSettledAt !== null)
  if (anew.length > 0) await endContests(tx, anew)
}

async function linesOf(tx: Tx, visitIds: string[]): Promise<Map<string, CartLine[]>> {
  const { rows } = await sql<CartLine & { visitId: string }>`
    SELECT ticket.visit_id, line.product_id, line.quantity, line.unit_price_minor
    FROM ticket JOIN ticket_line AS line ON line.ticket_id = ticket.id
    WHERE ticket.visit_id = ANY(${visitIds}::uuid[]) ORDER BY ticket.number, line.position`.execute(tx.db)
  const lines = new Map<string, CartLine[]>()
  for (const { visitId, ...line } of rows) lines.set(visitId, [...(lines.get(visitId) ?? []), line])
  return lines
}
