/** Do the books balance? Per scale and machine session: closing − opening − Σ changes, held against what noise and creep explain. */

export type ScaleBooks = {
  scaleId: string
  openingGrams: number | null
  closingGrams: number | null
  changesGrams: number
  noiseGrams: number
  creepGrams: number
  thresholdGrams: number
}
export type ScaleBalance = ScaleBooks & { residualGrams: number | null; toleranceGrams: number; isBalanced: boolean | null }

const FLOOR_GRAMS = 5

/**
 * What a residual may be, in grams: less than the smallest difference that counts as a change (so no event is missing), or what two single
 * readings at four σ each explain; creep is known and allowed for on top.
 */
export function toleranceGrams({
  noiseGrams,
  creepGrams,
  thresholdGrams
}: {
  noiseGrams: number
  creepGrams: number
  thresholdGrams: number
}): number {
  return Math.round(Math.max(FLOOR_GRAMS, thresholdGrams - 1, 4 * Math.SQRT2 * noiseGrams) + Math.abs(creepGrams))
}

/** The balance of one scale; null while a weight is unknown (no reading yet, or the machine session still runs). */
export function balanceOf(books: ScaleBooks): ScaleBalance {
  const { openingGrams, closingGrams, changesGrams } = books
  const residualGrams = openingGrams === null || closingGrams === null ? null : closingGrams - openingGrams - changesGrams
  const tolerance = toleranceGrams(books)
  return {
    ...books,
    residualGrams,
    toleranceGrams: tolerance,
    isBalanced: residualGrams === null ? null : Math.abs(residualGrams) <= tolerance
  }
}

/** The machine's: balanced when every scale with known weights is; unknown when none has. */
export function isBalanced(scales: ScaleBalance[]): boolean | null {
  const known = scales.filter((scale) => scale.isBalanced !== null)
  return known.length === 0 ? null : known.every((scale) => scale.isBalanced)
}
