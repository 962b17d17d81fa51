/** What a product's pieces really weigh, pure: learned slowly, from single pieces that people have confirmed, and only ever suggested. */

/** One piece as it left its scale. `day` is the store's; `noiseGrams` is σ of that scale. */
export type Weighing = { grams: number; day: string; scale: string; noiseGrams: number }
export type SeenWeights = { count: number; median: number; spread: number }
export type WeightSuggestion = { seenWeights: SeenWeights | null; suggestedWeightGrams: number | null }

/** How many of the last weighings count: a product that changes is understood after half of them. */
export const LAST_WEIGHINGS = 40
const LEAST_WEIGHINGS = 8
/** Off by less than this is harmless, or the scale's own doing: a share of the catalogue's weight, grams, and so many σ. */
const HARMLESS = { share: 0.03, grams: 3, sigmas: 2 }
/** Pieces that scatter by more than this share of their weight are no one thing: labels or products are mixed up. */
const MOST_SPREAD = 0.15
/** The median of scattered weighings is itself only known so well (normal: 1.25 σ/√n); it must be off by three times that. */
const MEDIAN_ERROR = 3 * 1.2533
/** From the median distance to σ, of a normal distribution. */
const SIGMAS_PER_MAD = 1.4826

/**
 * What was seen, in grams, and the weight to suggest instead of the catalogue's: null while too little was seen (of one day and one scale
 * alone it may be that day's or that scale's fault), while it scatters, or while the catalogue is right enough. Medians, so that a few
 * wrong reviews or a hand on the shelf move nothing.
 */
export function weightSuggestion(weighings: Weighing[], catalogueGrams: number): WeightSuggestion {
  if (weighings.length === 0) return { seenWeights: null, suggestedWeightGrams: null }
  const middle = median(weighings.map(({ grams }) => grams))
  const sigma = SIGMAS_PER_MAD * median(weighings.map(({ grams }) => Math.abs(grams - middle)))
  const seenWeights = { count: weighings.length, median: tenths(middle), spread: tenths(sigma) }
  const isEnough = weighings.length >= LEAST_WEIGHINGS && (differ(weighings, 'day') || differ(weighings, 'scale'))
  const harmless = Math.max(
    HARMLESS.share * catalogueGrams,
    HARMLESS.grams,
    HARMLESS.sigmas * median(weighings.map(({ noiseGrams }) => noiseGrams)),
    (MEDIAN_ERROR * sigma) / Math.sqrt(weighings.length)
  )
  const isOff = Math.abs(middle - catalogueGrams) > harmless
  const isOneThing = sigma <= MOST_SPREAD * middle
  return { seenWeights, suggestedWeightGrams: isEnough && isOff && isOneThing ? Math.max(1, Math.round(middle)) : null }
}

const differ = (weighings: Weighing[], what: 'day' | 'scale') => new Set(weighings.map((each) => each[what])).size > 1
const tenths = (grams: number) => Math.round(10 * grams) / 10

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}
