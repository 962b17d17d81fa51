/**
 * Carts: OPEN at the exit, SETTLED when all tickets of the visit are complete, REOPENED when one of them is looked at again.
 * `visit.settled` is emitted once in a cart's life, in the transaction that sets `firstSettledAt`; every later settlement is a correction.
 */
import { sql } from 'kysely'
import type { UserRole } from '#contracts/api/store.ts'
import type { CartLine } from '#contracts/events.ts'
import type { Tx } from '#server/context.ts'
import { cartOf } from './rules.ts'

export type LockedCart = {
  id: string
  visitId: string
  userId: string
  role: UserRole
  status: 'OPEN' | 'SETTLED' | 'REOPENED'
  currency: string
  firstSettledAt: Date | null
  version: number
}

/** Holds the carts of these visits until the transaction ends, always in the same order. Whoever comes second sees what the first did. */
export async function lockCarts(tx: Tx, visitIds: string[]): Promise<LockedCart[]> {
  const { rows } = await sql<LockedCart>`
    SELECT cart.id, cart.visit_id, cart.user_id, visit.role, cart.status, cart.currency, cart.first_settled_at, cart.version
    FROM cart JOIN visit ON visit.id = cart.visit_id
    WHERE cart.visit_id = ANY(${visitIds}::uuid[]) ORDER BY cart.id FOR UPDATE OF cart`.execute(tx.db)
  return rows
}

/** Settles a locked cart with the lines of its tickets. Staff have nothing to pay. Says so in the event log. */
export async function settleCart(tx: Tx, cart: LockedCart, ticketLines: CartLine[]): Promise<void> {
  const { lines, totalMinor } = cartOf(cart.role === 'customer' ? ticketLines : [])
  const version = cart.version + 1
  const settled = { status: 'SETTLED', totalMinor, settledAt: tx.now, firstSettledAt: cart.firstSettledAt ?? tx.now, version }
  await tx.db.updateTable('cart').set(settled).where('id', '=', cart.id).execute()
  if (cart.firstSettledAt) await tx.db.deleteFrom('cartLine').where('cartId', '=', cart.id).execute()
  const rows = lines.map((line, position) => ({ cartId: cart.id, position, ...line }))
  if (rows.length > 0) await tx.db.insertInto('cartLine').values(rows).execute()
  const { id: cartId, visitId, userId, role, currency } = cart
  const facts = { visitId, userId, role, cartId, currency, totalMinor, lines }
  if (cart.firstSettledAt) tx.emit('visit.corrected', { ...facts, idempotencyKey: `visit-${visitId}-v${version}` })
  else tx.emit('visit.settled', { ...facts, idempotencyKey: `visit-${visitId}` })
}

/** A ticket of these visits is looked at again: what was settled stands until it is settled anew. Carts that are not settled stay as they are. */
export async function reopenCarts(tx: Tx, visitIds: string[]): Promise<void> {
  for (const cart of await lockCarts(tx, visitIds)) {
    if (cart.status !== 'SETTLED') continue
    await tx.db
      .updateTable('cart')
      .set({ status: 'REOPENED', version: cart.version + 1 })
      .where('id', '=', cart.id)
      .execute()
  }
}
