/** The lines that movements come to, pure: what was taken and not put back, a product at a time. */
import type { Movement } from '#contracts/api/movements.ts'
import type { ProposedLine } from '#contracts/api/tickets.ts'

/**
 * What is less likely is not proposed: a reviewer would only have to take it out. Below a half: often just the shopper is doubtful, and the
 * product right.
 */
export const WORTH_PROPOSING = 0.35

type Taken = Pick<Movement, 'productId' | 'quantity' | 'returned' | 'confidence' | 'weightChangeIds'>

/** One line for each product, as sure as the least sure of its movements; no weight change stands in two lines. */
export function proposedLines(movements: Taken[]): ProposedLine[] {
  const lines = new Map<string, ProposedLine>()
  const used = new Set<string>()
  for (const { productId, quantity, returned, confidence, weightChangeIds } of movements) {
    const kept = quantity - returned
    if (productId === null || quantity < 0 || kept <= 0 || confidence < WORTH_PROPOSING) continue
    const line = lines.get(productId) ?? { productId, quantity: 0, weightChangeIds: [], confidence: 1 }
    lines.set(productId, line)
    line.quantity += kept
    line.confidence = Math.min(line.confidence, confidence)
    for (const id of weightChangeIds) {
      if (used.has(id)) continue
      used.add(id)
      line.weightChangeIds.push(id)
    }
  }
  return [...lines.values()]
}
