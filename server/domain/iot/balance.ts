/** Do the books balance? Per scale and machine session: closing − opening − Σ changes, held against what noise and creep explain. */

export type ScaleBooks = { scaleId: string; openingGrams: number | null; closingGrams: number | null; changesGrams: number; noiseGrams: number; creepGrams: number }
export type ScaleBalance = ScaleBooks & { residualGrams: number | null; toleranceGrams: number; isBalanced: boolean | null }

const FLOOR_GRAMS = 5

/** What a residual may be: both weights are single readings, each within four σ; creep is known and allowed for. */
export function toleranceGrams({ noiseGrams, creepGrams }: { noiseGrams: number; creepGrams: number }): number {
  return Math.round(Math.max(FLOOR_GRAMS, 4 * Math.SQRT2 * noiseGrams) + Math.abs(creepGrams))
}

/** The balance of one scale; null while a weight is unknown (no reading yet, or the machine session still runs). */
export function balanceOf(books: ScaleBooks): ScaleBalance {
  const { openingGrams, closingGrams, changesGrams } = books
  const residualGrams = openingGrams === null || closingGrams === null ? null : closingGrams - openingGrams - changesGrams
  const tolerance = toleranceGrams(books)
  return { ...books, residualGrams, toleranceGrams: tolerance, isBalanced: residualGrams === null ? null : Math.abs(residualGrams) <= tolerance }
}

/** The machine's: balanced when every scale with known weights is; unknown when none has. */
export function isBalanced(scales: ScaleBalance[]): boolean | null {
  const known = scales.filter((scale) => scale.isBalanced !== null)
  return known.length === 0 ? null : known.every((scale) => scale.isBalanced)
}
