/** What stands where: machines, their planograms and the products, for whoever has to read weight as products. */
import { useQueries, useQuery } from '@tanstack/react-query'
import type { Machine } from '#contracts/api/machines.ts'
import type { Planogram } from '#contracts/api/planograms.ts'
import type { Product } from '#contracts/api/products.ts'
import { get } from '#web/api.ts'
import { machines as machinesResource } from './machines.ts'
import { wholeOf } from './names.ts'
import { products as productsResource } from './products.ts'

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
