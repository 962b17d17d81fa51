/**
 * Carts: OPEN at the exit, SETTLED when all tickets of the visit are complete, REOPENED when one of them is looked at again.
 * `visit.settled` is emitted once in a cart's life, in the transaction that sets `firstSettledAt`; every later settlement is a correction.
 */
import { sql } from 'kysely'
import type { UserRole } from '#contracts/api/store.ts'
import type { CartLine } from '#contracts/events.ts'
import type { Tx } from '#server/context.ts'
import { cartOf, differenceKey } from './rules.ts'

export type LockedCart = {
  id: string
  visitId: string
  userId: string
  role: UserRole
  status: 'OPEN' | 'SETTLED' | 'REOPENED'
  currency: string
  totalMinor: number
  firstSettledAt: Date | null
  version: number
}

/** Holds the carts of these visits until the transaction ends, always in the same order. Whoever comes second sees what the first did. */
export async function lockCarts(tx: Tx, visitIds: string[]): Promise<LockedCart[]> {
  const { rows } = await sql<LockedCart>`
    SELECT cart.id, cart.visit_id, cart.user_id, visit.role, cart.status, cart.currency, cart.total_minor, cart.first_settled_at, cart.version
    FROM cart JOIN visit ON visit.id = cart.visit_id
    WHERE cart.visit_id = ANY(${visitIds}::uuid[]) ORDER BY cart.id FOR UPDATE OF cart`.execute(tx.db)
  return rows
}

/** `cart` as it was; its lines before and after, and what its total became more (negative: less). */
export type Settlement = { cart: LockedCart; before: CartLine[]; after: CartLine[]; differenceMinor: number }

/** Settles a locked cart with the lines of its tickets. Staff have nothing to pay. Says so in the event log. */
export async function settleCart(tx: Tx, cart: LockedCart, ticketLines: CartLine[]): Promise<Settlement> {
  const { lines, totalMinor } = cartOf(cart.role === 'customer' ? ticketLines : [])
  const version = cart.version + 1
  const settled = { status: 'SETTLED', totalMinor, settledAt: tx.now, firstSettledAt: cart.firstSettledAt ?? tx.now, version }
  await tx.db.updateTable('cart').set(settled).where('id', '=', cart.id).execute()
  const before = cart.firstSettledAt ? await takeLines(tx, cart.id) : []
  await writeLines(tx, cart.id, lines)
  const { id: cartId, visitId, userId, role, currency } = cart
  const facts = { visitId, userId, role, cartId, currency, totalMinor, lines }
  const differenceMinor = totalMinor - cart.totalMinor
  if (!cart.firstSettledAt) tx.emit('visit.settled', { ...facts, idempotencyKey: `visit-${visitId}` })
  else {
    tx.emit('visit.corrected', { ...facts, differenceMinor, idempotencyKey: `visit-${visitId}-v${version}` })
    await correct(tx, cart, { version, totalMinor, differenceMinor })
  }
  return { cart, before, after: lines, differenceMinor }
}

/** What was settled before and is paid for: the difference moves as money of its own, one way or the other, once for the cart's version. */
async function correct(
  tx: Tx,
  { id: cartId, visitId, userId, role, currency }: LockedCart,
  { version, totalMinor, differenceMinor }: { version: number; totalMinor: number; differenceMinor: number }
): Promise<void> {
  const row = { cartId, version, totalMinor, differenceMinor, correctedAt: tx.now }
  await tx.db.insertInto('cartCorrection').values(row).execute()
  const idempotencyKey = differenceKey({ visitId, version, differenceMinor })
  if (idempotencyKey === null) return
  const money = { visitId, userId, role, cartId, version, currency, amountMinor: Math.abs(differenceMinor), idempotencyKey }
  tx.emit(differenceMinor < 0 ? 'visit.refunded' : 'visit.charged-extra', money)
}

async function takeLines(tx: Tx, cartId: string): Promise<CartLine[]> {
  return tx.db
    .deleteFrom('cartLine')
    .where('cartId', '=', cartId)
    .returning(['productId', 'quantity', 'unitPriceMinor'])
    .execute()
}

/** With what the products are called now: a receipt does not change with the catalogue. */
async function writeLines(tx: Tx, cartId: string, lines: CartLine[]): Promise<void> {
  if (lines.length === 0) return
  await sql`
    INSERT INTO cart_line (cart_id, position, product_id, quantity, unit_price_minor, sku, name)
    SELECT ${cartId}::uuid, line.n - 1, line.product_id, line.quantity, line.price, product.sku, product.name
    FROM unnest(${lines.map((line) => line.productId)}::uuid[], ${lines.map((line) => line.quantity)}::int[], ${lines.map((line) => line.unitPriceMinor)}::int[])
      WITH ORDINALITY AS line (product_id, quantity, price, n) JOIN product ON product.id = line.product_id`.execute(tx.db)
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
