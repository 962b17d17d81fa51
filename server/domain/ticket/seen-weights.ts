/**
 * What pieces of a product weighed when people confirmed them: a line that somebody decided, with as many movements as pieces, each of
 * one piece that was not put back. What the box completed by itself teaches nothing, since it was decided by the weight in the first place.
 */
import { sql } from 'kysely'
import type { Product } from '#contracts/api/products.ts'
import type { Context } from '#server/context.ts'
import { storeLayout } from '#server/domain/catalog/actions.ts'
import { LAST_WEIGHINGS, type Weighing, type WeightSuggestion, weightSuggestion } from './weight-suggestion.ts'

type Known = Pick<Product, 'id' | 'weightGrams'>

/** The products with what their pieces weigh, and what to put into the catalogue instead where that is off. */
export async function withSeenWeights<T extends Known>(ctx: Context, products: T[]): Promise<(T & WeightSuggestion)[]> {
  const weighings = await weighingsOf(
    ctx,
    products.map(({ id }) => id)
  )
  return products.map((product) => ({ ...product, ...weightSuggestion(weighings.get(product.id) ?? [], product.weightGrams) }))
}

const AT_ONCE = 200
/** No further back than this, however few of them people decided. */
const LAST_LINES = 500

/** The active products whose catalogue weight is off (or is not), as far as is known. */
export async function productsByWeight(ctx: Context, { isOff }: { isOff: boolean }): Promise<string[]> {
  const active = (await storeLayout(ctx.db)).products.filter((product) => product.active)
  const ids: string[] = []
  for (let n = 0; n < active.length; n += AT_ONCE)
    for (const { id, suggestedWeightGrams } of await withSeenWeights(ctx, active.slice(n, n + AT_ONCE)))
      if ((suggestedWeightGrams !== null) === isOff) ids.push(id)
  return ids
}

/** Product by product (ticket_line_product), the last ones first. */
async function weighingsOf({ db, config }: Context, productIds: string[]): Promise<Map<string, Weighing[]>> {
  if (productIds.length === 0) return new Map()
  const { rows } = await sql<Weighing & { productId: string }>`
    SELECT wanted.product_id, piece.grams, piece.day, piece.scale, piece.noise_grams
    FROM unnest(${productIds}::uuid[]) AS wanted (product_id)
    CROSS JOIN LATERAL (
      SELECT line.ticket_id, line.position, line.quantity
      FROM (SELECT * FROM ticket_line WHERE product_id = wanted.product_id ORDER BY ticket_id DESC LIMIT ${LAST_LINES}) AS line
      JOIN ticket ON ticket.id = line.ticket_id
      WHERE ticket.status = 'REVIEW_COMPLETE' AND ticket.completed_by <> 'system'
      ORDER BY line.ticket_id DESC LIMIT ${LAST_WEIGHINGS}) AS line
    CROSS JOIN LATERAL (
      SELECT abs(own.grams) AS grams, to_char(own.occurred_at AT TIME ZONE ${config.timeZone}, 'YYYY-MM-DD') AS day,
        own.machine_id || '/' || own.scale_ids[1] AS scale, coalesce(scale.noise_grams, 0) AS noise_grams,
        count(*) OVER () AS pieces,
        bool_and(own.returned = 0 AND (own.quantity = 1 OR own.quantity > 1 AND line.quantity = 1)) OVER () AS are_single
      FROM movement AS own LEFT JOIN scale ON scale.machine_id = own.machine_id AND scale.scale_id = own.scale_ids[1]
      WHERE own.id IN (
        SELECT looked.movement_id FROM billed_weight_change AS billed JOIN movement_weight_change AS looked USING (weight_change_id)
        WHERE billed.ticket_id = line.ticket_id AND billed.position = line.position
          AND NOT EXISTS (SELECT FROM movement_weight_change AS other
            WHERE other.weight_change_id = looked.weight_change_id AND other.movement_id IS DISTINCT FROM looked.movement_id))) AS piece
    WHERE piece.pieces = line.quantity AND piece.are_single
    ORDER BY line.ticket_id DESC, line.position`.execute(db)
  const byProduct = Map.groupBy(rows, ({ productId }) => productId)
  return new Map([...byProduct].map(([id, own]) => [id, own.slice(0, LAST_WEIGHINGS)]))
}
