/**
 * How likely grams are, pure: natural logarithms of densities per gram, so that explanations of the same grams by different actions,
 * or by a different number of actions, can be held against each other.
 */

/** How far units of one product, and the gains of different scales, are apart (standard deviation, as a share of the weight). */
const UNIT_SPREAD = 0.02
const GAIN_SPREAD = 0.02
/** What a catalogue weight may be off by, as a share. */
const CATALOGUE_SPREAD = 0.012
/** What is left of both for a unit that was weighed before: itself, and on the scales that weighed it (its parts lie otherwise on them). */
const KNOWN_UNIT_SPREAD = 0.004
const SAME_SCALES_SPREAD = 0.007
/** What one reading of one scale adds. */
const READING_GRAMS = 1.6
/** How often a weight lies far out (a hand still on the shelf, a wet label), and how much wider it then scatters. */
const OUTLIERS = 0.03
const OUTLIER_WIDTH = 4

const HALF_LOG_TAU = 0.9189385332046727
const gaussian = (off: number, sigma: number): number => -0.5 * (off / sigma) ** 2 - Math.log(sigma) - HALF_LOG_TAU

const NEAR_LOG = Math.log(1 - OUTLIERS)
const FAR_LOG = Math.log(OUTLIERS) - Math.log(OUTLIER_WIDTH)

/** A density that does not rule out what lies far from it. */
export function robust(off: number, sigma: number): number {
  const squared = -0.5 * (off / sigma) ** 2
  const near = NEAR_LOG + squared
  const far = FAR_LOG + squared / OUTLIER_WIDTH ** 2
  return Math.max(near, far) + Math.log1p(Math.exp(-Math.abs(near - far))) - Math.log(sigma) - HALF_LOG_TAU
}

export type Expected = { grams: number; quantity: number; toleranceGrams: number; scales: number }

/** Standard deviation of the grams that `quantity` units move, of which only the catalogue tells what they weigh. */
export function spreadOf({ grams, quantity, toleranceGrams, scales }: Expected): number {
  const unit = Math.max(UNIT_SPREAD * grams, toleranceGrams / 2)
  const gain = (GAIN_SPREAD * grams * quantity) / Math.sqrt(scales)
  const catalogue = CATALOGUE_SPREAD * grams * quantity
  return Math.sqrt(quantity * unit ** 2 + gain ** 2 + catalogue ** 2 + (scales + 1) * READING_GRAMS ** 2)
}

/** A unit that was weighed before: on how many scales, and which share of it (0 to 1) lies on those same ones now. */
export type WeighedUnit = { grams: number; scales: number; familiar: number }

/** Standard deviation of the grams that these very units move now, on so many scales: the same scales weigh alike, others by their gains apart. */
export function spreadOfKnown(units: WeighedUnit[], scales: number): number {
  let square = (scales + 1) * READING_GRAMS ** 2
  let strange = 0
  for (const { grams, scales: before, familiar } of units) {
    square += (KNOWN_UNIT_SPREAD * grams) ** 2 + before * READING_GRAMS ** 2
    square += familiar * (SAME_SCALES_SPREAD * grams) ** 2 + ((1 - familiar) * (GAIN_SPREAD * grams) ** 2) / before
    strange += (1 - familiar) * grams
  }
  return Math.sqrt(square + (GAIN_SPREAD * strange) ** 2 / scales)
}

/** How a weight falls on several scales: any shares alike. `grams` in all, without sign. */
export function sharing(scales: number, grams: number): number {
  let log = 0
  for (let n = 1; n < scales; n++) log += Math.log(n) - Math.log(Math.max(1, grams))
  return log
}

/** A shelf bends under what stands on it: neighbours follow by about one part in seventy. */
export function bending(grams: number, movedGrams: number): number {
  const sigma = Math.max(3, 0.012 * movedGrams)
  return gaussian(Math.abs(grams) - 0.012 * movedGrams, sigma)
}

/** Grams that nobody moved: readings wander by a few, seldom by more. */
export function wandering(grams: number, sigmaGrams: number): number {
  const width = sigmaGrams > 0 ? Math.max(2.2, sigmaGrams) : 3
  return -Math.abs(grams) / width - Math.log(2 * width)
}
