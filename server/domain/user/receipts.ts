/** Carts as people and programs read them: what was bought under which name, at which price, and what was corrected since. */
import { type Selectable, sql } from 'kysely'
import type { Cart } from '#contracts/api/carts.ts'
import type { Db } from '#server/context.ts'
import type { DB } from '#server/db/schema.ts'
import { differenceKey } from './rules.ts'

/** Rows of carts with their lines and corrections. */
export async function withLines(db: Db, carts: Selectable<DB['cart']>[]): Promise<Cart[]> {
  if (carts.length === 0) return []
  const ids = carts.map((cart) => cart.id)
  const { rows } = await sql<Cart['lines'][number] & { cartId: string }>`
    SELECT line.cart_id, line.product_id, coalesce(line.sku, product.sku) AS sku, coalesce(line.name, product.name) AS name,
      line.quantity, line.unit_price_minor, line.quantity::bigint * line.unit_price_minor AS total_minor
    FROM cart_line AS line JOIN product ON product.id = line.product_id
    WHERE line.cart_id = ANY(${ids}::uuid[]) ORDER BY line.cart_id, line.position`.execute(db)
  const lines = Map.groupBy(rows, (line) => line.cartId)
  const corrected = db.selectFrom('cartCorrection').selectAll().where('cartId', 'in', ids).orderBy('version')
  const corrections = Map.groupBy(await corrected.execute(), (row) => row.cartId)
  return carts.map(({ firstSettledAt, settledAt, createdAt, status, ...cart }) => ({
    ...cart,
    status: status as Cart['status'],
    lines: (lines.get(cart.id) ?? []).map(({ cartId: _, ...line }) => line),
    corrections: (corrections.get(cart.id) ?? []).map(({ cartId: _, correctedAt, ...row }) => ({
      ...row,
      idempotencyKey: differenceKey({ visitId: cart.visitId, ...row }),
      correctedAt: correctedAt.toISOString()
    })),
    firstSettledAt: firstSettledAt?.toISOString() ?? null,
    settledAt: settledAt?.toISOString() ?? null,
    createdAt: createdAt.toISOString()
  }))
}
