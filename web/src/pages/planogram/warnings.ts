/** What weight alone can hardly tell apart. Pure. */
import type { Facing } from '#contracts/api/planograms.ts'
import type { Product } from '#contracts/api/products.ts'

const CLOSE_GRAMS = 10
export type CloseWeights = { first: Product; second: Product; byGrams: number }

/** Pairs of products that share a scale and weigh nearly the same, each pair once. */
export function closeWeights(facings: Facing[], products: Map<string, Product>): CloseWeights[] {
  const found = new Map<string, CloseWeights>()
  for (const scaleId of new Set(facings.flatMap(({ scaleIds }) => scaleIds))) {
    const here = facings
      .filter(({ scaleIds }) => scaleIds.includes(scaleId))
      .flatMap(({ productId }) => products.get(productId) ?? [])
    for (const [n, first] of here.entries())
      for (const second of here.slice(n + 1)) {
        const byGrams = Math.abs(first.weightGrams - second.weightGrams)
        if (byGrams < CLOSE_GRAMS && first.id !== second.id)
          found.set([first.id, second.id].sort().join(' '), { first, second, byGrams })
      }
  }
  return [...found.values()]
}

/** Products on scales side by side that weigh nearly the same: one put back onto the other’s scale looks right. */
export function closeNeighbours(facings: Facing[], products: Map<string, Product>, scaleIds: string[]): CloseWeights[] {
  const on = (scaleId: string | undefined) =>
    facings
      .filter((facing) => scaleId !== undefined && facing.scaleIds.includes(scaleId))
      .flatMap(({ productId }) => products.get(productId) ?? [])
  return scaleIds.flatMap((scaleId, n) =>
    on(scaleId).flatMap((first) =>
      on(scaleIds[n + 1])
        .map((second) => ({ first, second, byGrams: Math.abs(first.weightGrams - second.weightGrams) }))
        .filter(({ second, byGrams }) => second.id !== first.id && byGrams < CLOSE_GRAMS)
    )
  )
}
