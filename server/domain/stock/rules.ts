/**
 * Stock by weight, pure: how many units stand on a facing, how sure that is, and when it is low. A scale is taken to show 0, or the facing's
 * `emptyGrams`, when nothing stands on it.
 */
import type { StockDoubt } from '#contracts/api/stock.ts'

/** `baselineGrams`: its last settled weight; null before its first. */
export type ScaleFacts = { baselineGrams: number | null; noiseGrams: number; isDisabled: boolean }
/** `unitGrams` and how much one may differ; `isShared`: another product stands on one of its scales. */
export type FacingFacts = {
  unitGrams: number
  toleranceGrams: number
  emptyGrams: number
  isShared: boolean
  scales: ScaleFacts[]
}
export type Count = { onHand: number | null; doubts: StockDoubt[] }

/** How far the zero of a scale may be off. */
const ZERO_GRAMS = 5

/**
 * The nearest whole number of units. Sure where the weight is off by no more than zero, noise and the units' own spread are likely to
 * explain together, and where the furthest that these can go, all to one side and with one more unit there, is less than half a unit: so
 * that no other number can be the true one.
 */
export function countUnits({ unitGrams, toleranceGrams, emptyGrams, isShared, scales }: FacingFacts): Count {
  if (scales.some(({ isDisabled }) => isDisabled)) return { onHand: null, doubts: ['scale-disabled'] }
  const baselines = scales.flatMap(({ baselineGrams }) => baselineGrams ?? [])
  if (baselines.length < scales.length) return { onHand: null, doubts: ['no-reading'] }
  const grams = baselines.reduce((sum, each) => sum + each, 0) - emptyGrams
  const noise = scales.reduce((sum, { noiseGrams }) => sum + (3 * noiseGrams) ** 2, 0)
  const variance = noise + scales.length * ZERO_GRAMS ** 2
  if (isShared) return grams <= Math.sqrt(variance) ? { onHand: 0, doubts: [] } : { onHand: null, doubts: ['shared-scale'] }
  const onHand = Math.max(0, Math.round(grams / unitGrams))
  const explained = Math.sqrt(variance + toleranceGrams ** 2 * onHand)
  const off = Math.abs(grams - onHand * unitGrams)
  if (grams < 0 && off > explained) return { onHand, doubts: ['below-empty'] }
  const furthest = Math.sqrt(noise) + scales.length * ZERO_GRAMS + toleranceGrams * Math.sqrt(onHand + 1)
  if (furthest >= unitGrams / 2) return { onHand, doubts: ['unit-too-light'] }
  return { onHand, doubts: off > explained ? ['not-whole'] : [] }
}

export type Limits = { capacity: number | null; lowAt: number | null; most: number }
export type Level = { full: number | null; lowAt: number; recoversAt: number }

/**
 * When a facing is full, low, and low no more. Without a capacity it is full with the most it ever held; without a limit it is low at a
 * quarter of that. It recovers only some units above, so that what is taken and put back does not tell of it twice.
 */
export function levelOf({ capacity, lowAt: given, most }: Limits): Level {
  const full = capacity ?? (most > 0 ? most : null)
  const lowAt = given ?? Math.floor((full ?? 0) / 4)
  const wanted = lowAt + Math.max(2, Math.ceil((full ?? 0) / 8))
  return { full, lowAt, recoversAt: Math.max(lowAt + 1, Math.min(wanted, full ?? wanted)) }
}

/** Is it low, having been so before or not? */
export const isLow = (onHand: number, { lowAt, recoversAt }: Level, wasLow: boolean): boolean =>
  onHand <= lowAt || (wasLow && onHand < recoversAt)
