/** A small shop for tests of inference: two machines with a few products, shoppers who come and go, and what their hands do to the scales. */
import { infer, type Shop, type Trail } from '#server/domain/ticket/inference.ts'
import type { Part } from '#server/domain/ticket/parts.ts'
import { type Product, shelfPlan } from '#server/domain/ticket/shelf-plan.ts'
import type { Step } from '#server/domain/ticket/shelf-steps.ts'

const PRODUCTS: [string, number][] = [
  ['cola', 345],
  ['juice', 520],
  ['chips', 62],
  ['nuts', 181],
  ['soap', 90],
  ['brush', 91]
]
export const products = new Map<string, Product>(
  PRODUCTS.map(([productId, grams]) => [productId, { productId, grams, toleranceGrams: 0 }])
)
const plans = new Map([
  [
    'left',
    shelfPlan(
      'left',
      ['101', '102', '103', '104', '105', '106'],
      [
        { productId: 'cola', scaleIds: ['101', '102'] },
        { productId: 'juice', scaleIds: ['103'] },
        { productId: 'nuts', scaleIds: ['105', '106'] }
      ]
    )
  ],
  [
    'right',
    shelfPlan(
      'right',
      ['101', '102', '103', '104', '105', '106'],
      [
        { productId: 'chips', scaleIds: ['101', '102', '103'] },
        { productId: 'soap', scaleIds: ['105'] },
        { productId: 'brush', scaleIds: ['106'] }
      ]
    )
  ]
])

/** Grams by scale at a second; negative were taken. Below 30 g they are shifts, not changes. */
export type Hand = { at: number; machine: 'left' | 'right'; grams: Record<string, number> }
type Told = {
  hands: Hand[]
  stays?: [number, number | null][]
  reach?: (part: Part) => number[]
  /** A tracker tells who stood where. */
  isSeen?: boolean
  trail?: Trail
}

export const stepsOf = (hands: Hand[]): Step[] =>
  hands.flatMap(({ at, machine, grams }) =>
    Object.entries(grams).map(([scaleId, each]) => ({
      changeId: Math.abs(each) >= 30 ? `${machine}/${scaleId}@${at}` : null,
      machineId: machine,
      scaleId,
      grams: each,
      fromMs: 1000 * at - 1000,
      atMs: 1000 * at,
      sigmaGrams: 1
    }))
  )

/** What inference makes of it; without `stays` one shopper is inside all the time. */
export function movementsOf({ hands, stays = [[0, null]], reach, isSeen = false, trail }: Told) {
  const inside = stays.map(([from, to]) => ({ fromMs: 1000 * from, toMs: to === null ? null : 1000 * to }))
  const isInside = (part: Part) =>
    inside.map(({ fromMs, toMs }) => (part.atMs >= fromMs && (toMs === null || part.fromMs <= toMs) ? 1 : 0))
  const shop: Shop = {
    plans,
    products,
    intervalMs: () => 1000,
    stays: inside,
    reach: reach ?? isInside,
    ...(isSeen && { stops: () => stays.map(() => null) })
  }
  return infer(stepsOf(hands), shop, trail ? { trail } : {}).movements
}

/** As `2 chips` and `-1 chips`, in the order in which they happened. */
export const told = (story: Told): string[] =>
  movementsOf(story).map(({ quantity, productId }) => `${quantity} ${productId ?? 'something'}`)
