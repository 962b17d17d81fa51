/** Stock as people and programs read it: every facing as it stands now, and what is to be brought. */
import type { RefillLine, RefillQuery, Stock, StockQuery } from '#contracts/api/stock.ts'
import type { Context } from '#server/context.ts'
import { decodeCursor, pageOf } from '#server/platform/paging.ts'
import { type Facing, facingsOf } from './queries.ts'
import { countUnits, type FacingFacts, isLow, levelOf } from './rules.ts'

export const factsOf = ({ weightGrams, weightToleranceGrams, emptyGrams, isShared, scales }: Facing): FacingFacts => ({
  unitGrams: weightGrams,
  toleranceGrams: weightToleranceGrams,
  ...{ emptyGrams, isShared, scales }
})

/** What stands on each facing now, machine by machine in the order of their planograms. */
export async function listStock(
  ctx: Context,
  { limit = 50, cursor, machineId, productId, low }: StockQuery
): Promise<{ items: Stock[]; nextCursor: string | null }> {
  const after = decodeCursor(cursor, ['text', 'number'])
  const facings = (await facingsOf(ctx.db, machineId === undefined ? null : [machineId]))
    .filter((facing) => productId === undefined || facing.productId === productId.toLowerCase())
    .filter((facing) => after === null || isBehind(facing, { machineId: String(after[0]), position: Number(after[1]) }))
    .map((facing) => ({ facing, stock: stockOf(facing) }))
    .filter(({ stock }) => low === undefined || stock.low === low)
  const page = pageOf(facings, limit, ({ facing }) => [facing.machineId, facing.position])
  return { ...page, items: page.items.map(({ stock }) => stock) }
}

/** In the order of the rows, which the database sorts by code point as is done here. */
function isBehind({ machineId, position }: Facing, place: { machineId: string; position: number }): boolean {
  return machineId === place.machineId ? position > place.position : machineId > place.machineId
}

function stockOf(facing: Facing): Stock {
  const { onHand, doubts } = countUnits(factsOf(facing))
  const level = levelOf({ ...facing, most: Math.max(facing.most ?? 0, onHand ?? 0) })
  const own = facing.isOnline ? doubts : [...doubts, 'machine-offline' as const]
  return {
    machineId: facing.machineId,
    scaleIds: facing.scaleIds,
    productId: facing.productId,
    sku: facing.sku,
    name: facing.name,
    onHand,
    full: level.full,
    missing: onHand === null || level.full === null ? null : Math.max(0, level.full - onHand),
    low: onHand === null ? (facing.wasLow ?? false) : isLow(onHand, level, facing.wasLow ?? false),
    sure: own.length === 0,
    lowAt: level.lowAt,
    doubts: own,
    asOf: facing.lastHeartbeatAt?.toISOString() ?? null,
    refilledAt: facing.refilledAt?.toISOString() ?? null
  }
}

/** What to bring, the most of one product first; what weight cannot count is not in it. */
export async function listRefill(
  ctx: Context,
  { machineId, low }: RefillQuery
): Promise<{ items: RefillLine[]; nextCursor: null }> {
  const stock = (await facingsOf(ctx.db, machineId === undefined ? null : [machineId])).map(stockOf)
  const wanted = stock.filter((each) => (each.missing ?? 0) > 0 && (low === undefined || each.low === low))
  const items = [...Map.groupBy(wanted, (each) => each.productId)].map(([productId, own]): RefillLine => {
    const { sku, name } = own[0]!
    const places = own.map(({ machineId: where, scaleIds, onHand, full, missing, low: isLowThere, sure }) => ({
      ...{ machineId: where, scaleIds, onHand, full, missing, low: isLowThere, sure }
    }))
    return { productId, sku, name, missing: own.reduce((sum, each) => sum + each.missing!, 0), places }
  })
  return { items: items.sort((a, b) => b.missing - a.missing || (a.name < b.name ? -1 : 1)), nextCursor: null }
}
