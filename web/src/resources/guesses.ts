/** How many of which product a weight is, by what stands on the scale. Pure. */
import type { Product } from '#contracts/api/products.ts'

export type Guess = { productId: string; quantity: number; offGrams: number }
const MOST_PIECES = 20
const NOISE_GRAMS = 8
const LEAST_SHARE = 0.03

/** Every product with the number of pieces that fits best, the best fit first. */
export function guesses(grams: number, products: Product[]): Guess[] {
  return products
    .map(({ id, weightGrams }) => {
      const quantity = Math.min(MOST_PIECES, Math.max(1, Math.round(grams / weightGrams)))
      return { productId: id, quantity, offGrams: grams - quantity * weightGrams }
    })
    .sort((a, b) => Math.abs(a.offGrams) - Math.abs(b.offGrams))
}

/** Does the weight say so clearly enough? */
export function isClear({ productId, quantity, offGrams }: Guess, products: ReadonlyMap<string, Product>): boolean {
  const product = products.get(productId)
  if (!product) return false
  return Math.abs(offGrams) <= NOISE_GRAMS + quantity * Math.max(product.weightToleranceGrams, product.weightGrams * LEAST_SHARE)
}
