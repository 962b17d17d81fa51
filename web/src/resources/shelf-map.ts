/** What stands where: machines, their planograms and the products, for whoever has to read weight as products. */
import { useQueries, useQuery } from '@tanstack/react-query'
import type { Machine } from '#contracts/api/machines.ts'
import type { Planogram } from '#contracts/api/planograms.ts'
import type { Product } from '#contracts/api/products.ts'
import { get } from '#web/api.ts'
import { machines as machinesResource } from './machines.ts'
import { wholeOf } from './names.ts'
import { products as productsResource } from './products.ts'

export type Guess = { productId: string; quantity: number; offGrams: number }
export type ShelfMap = {
  isReady: boolean
  machines: Machine[]
  products: Map<string, Product>
  machineName: (machineId: string) => string
  productName: (productId: string) => string
  /** What stands on a scale. */
  productsOn: (machineId: string, scaleId: string) => Product[]
  planograms: Map<string, Planogram>
}

export function useShelfMap(): ShelfMap {
  const machines = useQuery({ ...wholeOf(machinesResource), staleTime: 60_000 })
  const products = useQuery({ ...wholeOf(productsResource), staleTime: 60_000 })
  const all = (machines.data ?? []) as unknown as Machine[]
  const planograms = useQueries({
    queries: all
      .filter(({ retiredAt }) => !retiredAt)
      .map(({ machineId }) => ({
        queryKey: ['/machines/planogram', machineId],
        queryFn: () => get<Planogram>(`/machines/${machineId}/planogram`),
        staleTime: 60_000
      })),
    combine: (results) => ({
      isPending: results.some(({ isPending }) => isPending),
      byMachine: new Map(results.flatMap(({ data }) => (data ? [[data.machineId, data] as const] : [])))
    })
  })
  const byId = new Map(((products.data ?? []) as unknown as Product[]).map((product) => [product.id, product]))
  return {
    isReady: !machines.isPending && !products.isPending && !planograms.isPending,
    machines: all,
    products: byId,
    machineName: (machineId) => all.find((machine) => machine.machineId === machineId)?.displayName ?? machineId,
    productName: (productId) => byId.get(productId)?.name ?? 'a product',
    productsOn: (machineId, scaleId) =>
      (planograms.byMachine.get(machineId)?.facings ?? [])
        .filter(({ scaleIds }) => scaleIds.includes(scaleId))
        .flatMap(({ productId }) => byId.get(productId) ?? []),
    planograms: planograms.byMachine
  }
}

const MOST_PIECES = 20

/** How many of which product weigh that much, the best fit first. Pure: what the planogram and the weight alone say. */
export function guesses(grams: number, products: Product[]): Guess[] {
  return products
    .map(({ id, weightGrams }) => {
      const quantity = Math.min(MOST_PIECES, Math.max(1, Math.round(grams / weightGrams)))
      return { productId: id, quantity, offGrams: grams - quantity * weightGrams }
    })
    .sort((a, b) => Math.abs(a.offGrams) - Math.abs(b.offGrams))
}
const NOISE_GRAMS = 8
/** Does the weight say so clearly enough? */
export function isClear({ productId, quantity, offGrams }: Guess, products: Map<string, Product>): boolean {
  const product = products.get(productId)
  if (!product) return false
  return Math.abs(offGrams) <= NOISE_GRAMS + quantity * Math.max(product.weightToleranceGrams, product.weightGrams * 0.03)
}
