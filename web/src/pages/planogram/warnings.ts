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
