/** What stands where, pure: scales as places along their machine, facings over them, and how far apart two scales are. */

export type Product = { productId: string; grams: number; toleranceGrams: number }
export type Facing = { productId: string; scaleIds: string[] }
export type ShelfPlan = {
  machineId: string
  facings: Facing[]
  /** How far along the machine a scale is: neighbours are one apart, shelves far. */
  places: ReadonlyMap<string, number>
}

const FAR = 100
const natural = new Intl.Collator('en', { numeric: true })

/**
 * Places the scales of a machine. Their ids say how they lie: numbered in order (101, 102, … 201: a gap wider than usual is another
 * shelf); ids that are no numbers count as neighbours in their natural order.
 */
export function shelfPlan(machineId: string, scaleIds: Iterable<string>, facings: Facing[]): ShelfPlan {
  const ids = [...new Set([...scaleIds, ...facings.flatMap((facing) => facing.scaleIds)])].sort(natural.compare)
  const numbers = ids.map((id) => Number(id.match(/\d+$/)?.[0] ?? Number.NaN))
  const gaps = ids.slice(1).map((_, n) => numbers[n + 1]! - numbers[n]!)
  const usual = median(gaps.filter((gap) => gap > 0))
  const places = new Map<string, number>()
  let place = 0
  for (const [n, id] of ids.entries()) {
    const gap = gaps[n - 1]
    if (gap !== undefined && usual !== null && (gap > 2 * usual || gap <= 0)) place += FAR
    else if (n > 0) place += gap === undefined || Number.isNaN(gap) || usual === null ? 1 : Math.max(1, Math.round(gap / usual))
    places.set(id, place)
  }
  return { machineId, facings, places }
}

function median(values: number[]): number | null {
  return values.length === 0 ? null : values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)]!
}

/** How many places lie between a scale and a facing: 0 when it is one of its scales. */
export function distanceTo({ places }: ShelfPlan, facing: Facing, scaleId: string): number {
  if (facing.scaleIds.includes(scaleId)) return 0
  const place = places.get(scaleId)
  if (place === undefined) return FAR
  return facing.scaleIds.reduce((least, id) => Math.min(least, Math.abs((places.get(id) ?? FAR ** 2) - place)), FAR)
}
