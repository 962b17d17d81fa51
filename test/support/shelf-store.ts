/** A store whose shelves are known: products that stand somewhere, machines that report each second, shoppers whose hands move grams. */
import { SYSTEM } from '#server/context.ts'
import { addProduct, putPlanogram } from '#server/domain/catalog/actions.ts'
import { openShelves, recordHeartbeat, refreshThresholds } from '#server/domain/iot/actions.ts'
import { readHeartbeat } from '#server/ingest/heartbeat.ts'
import { drainJobs } from '#server/jobs/index.ts'
import { rowsOf, type Weights } from './devices.ts'
import { type Options, openStore } from './visiting.ts'

/** On m1: cola on 101 and 102, juice on 103, nuts on 105; on m2: chips on 101 to 103, soap on 105, brush on 106 (they weigh alike). */
const PRODUCTS = { cola: 345, juice: 520, nuts: 181, chips: 62, soap: 90, brush: 91 }
export type Name = keyof typeof PRODUCTS
const FACINGS: Record<string, [Name, string[]][]> = {
  m1: [
    ['cola', ['101', '102']],
    ['juice', ['103']],
    ['nuts', ['105']]
  ],
  m2: [
    ['chips', ['101', '102', '103']],
    ['soap', ['105']],
    ['brush', ['106']]
  ]
}
const SCALES = ['101', '102', '103', '104', '105', '106']

/** Opens the store with its shelves full and calm. */
export async function openShelfStore(options: Options = {}) {
  const store = await openStore({ machines: 2, ...options })
  const { ctx, clock } = store
  const stop = await openShelves(ctx)
  const ids = new Map<string, string>()
  for (const [name, weightGrams] of Object.entries(PRODUCTS))
    ids.set(name, (await addProduct(ctx, SYSTEM, { sku: name, name, weightGrams, priceMinor: weightGrams * 10 })).id)
  for (const [machineId, facings] of Object.entries(FACINGS)) {
    await putPlanogram(ctx, SYSTEM, {
      machineId,
      facings: facings.map(([name, scaleIds]) => ({ productId: ids.get(name)!, scaleIds }))
    })
    await refreshThresholds(ctx, [machineId])
  }
  const weights: Record<string, Weights> = Object.fromEntries(
    Object.keys(FACINGS).map((machineId) => [machineId, Object.fromEntries(SCALES.map((scaleId) => [scaleId, 5000]))])
  )
  const nameOf = new Map([...ids].map(([name, id]) => [id, name]))

  /** Both machines report, once a second, for so long. */
  async function seconds(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      clock.forward(1000)
      for (const [machineId, own] of Object.entries(weights)) {
        const body = { machineId, scales: rowsOf(own) }
        await recordHeartbeat(ctx, readHeartbeat(body, { receivedMs: clock.now().getTime(), zone: 'UTC' }))
      }
    }
  }
  await seconds(3)
  return {
    ...store,
    ids,
    seconds,
    /** Grams come to scales or leave them; a few calm seconds follow, and the jobs run. */
    async hand(machineId: 'm1' | 'm2', grams: Weights): Promise<void> {
      for (const [scaleId, each] of Object.entries(grams)) weights[machineId]![scaleId]! += each
      await seconds(4)
      await drainJobs(ctx)
    },
    /** As `1 juice`, by the products' names. */
    named: (lines: { productId: string | null; quantity: number }[]) =>
      lines.map(({ productId, quantity }) => `${quantity} ${nameOf.get(productId ?? '') ?? 'something'}`),
    async [Symbol.asyncDispose]() {
      await stop()
      await store[Symbol.asyncDispose]()
    }
  }
}
export type ShelfStore = Awaited<ReturnType<typeof openShelfStore>>
