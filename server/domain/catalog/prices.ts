/** What products cost, and when: the price at the moment of picking counts, however much later somebody asks for it. */
import { sql } from 'kysely'
import type { Db, Tx } from '#server/context.ts'

/** `past`: what it cost until each of these moments (ms since the epoch), oldest first; `now`: what it has cost since. Minor units. */
export type Prices = { now: number; past: { untilMs: number; priceMinor: number }[] }

/**
 * Notes what products cost until now: called for those whose price changes, held, with what they cost before. Two changes of one moment, or
 * a clock that was set back: what came between never held.
 */
export async function notePrices(tx: Tx, before: { id: string; priceMinor: number }[]): Promise<void> {
  if (before.length === 0) return
  await sql`
    INSERT INTO product_price (product_id, until, price_minor)
    SELECT before.id, greatest(${tx.now}::timestamptz, (SELECT max(past.until) FROM product_price AS past WHERE past.product_id = before.id)), before.price
    FROM unnest(${before.map(({ id }) => id)}::uuid[], ${before.map(({ priceMinor }) => priceMinor)}::int[]) AS before (id, price)
    ON CONFLICT DO NOTHING`.execute(tx.db)
}

/** The prices of products by id; ids there are none of are missing. */
export async function pricesOf(db: Db, productIds: string[]): Promise<Map<string, Prices>> {
  if (productIds.length === 0) return new Map()
  const { rows } = await sql<{ id: string; now: number; until: number[]; past: number[] }>`
    SELECT product.id, product.price_minor AS now,
      ARRAY(SELECT extract(epoch FROM past.until)::float8 * 1000 FROM product_price AS past WHERE past.product_id = product.id ORDER BY past.until) AS until,
      ARRAY(SELECT past.price_minor FROM product_price AS past WHERE past.product_id = product.id ORDER BY past.until) AS past
    FROM product WHERE product.id = ANY(${productIds}::uuid[])`.execute(db)
  return new Map(
    rows.map(({ id, now, until, past }) => [
      id,
      { now, past: past.map((priceMinor, n) => ({ untilMs: Math.round(until[n]!), priceMinor })) }
    ])
  )
}
