/**
 * How much a scale's readings scatter around a settled level (σ, grams). Two estimates run side by side: the spread about the
 * mean, which a slow drift or a small step inflates, and the spread of successive differences, which a regular jitter inflates.
 * The smaller is right in both cases. Readings outside four σ (or 8 g) are something happening, not noise. Where a heartbeat also
 * tells its interval's extremes, their distance (about 4.6 σ of a second's samples) says what single readings do not show.
 */

/** `spread` and `steps` are mean squares (g²); `swing` is the mean distance of an interval's extremes at rest (g). */
export type Noise = { count: number; mean: number; spread: number; steps: number; swing: number; previous: number | null }

export const SILENT: Noise = { count: 0, mean: 0, spread: 0, steps: 0, swing: 0, previous: null }
const MEMORY = 64
const NEEDED = 20
const GATE_GRAMS = 8
/** Expected range of 60 normal samples, in σ (Tippett 1925). */
const RANGE_SIGMAS = 4.6

/** σ in grams; 0 until twenty readings were seen (contract §6). */
export function sigmaOf(noise: Noise): number {
  return noise.count < NEEDED ? 0 : Math.max(Math.sqrt(Math.min(noise.spread, noise.steps / 2)), noise.swing / RANGE_SIGMAS)
}

/** Takes one reading at rest near the settled level; `swingGrams` where its extremes are known. */
export function listen(noise: Noise, grams: number, swingGrams: number | null = null): Noise {
  const { count, previous } = noise
  if (previous === null) return { ...noise, mean: grams, previous: grams }
  const gate = Math.max(GATE_GRAMS, 4 * Math.sqrt(Math.min(noise.spread, noise.steps / 2)))
  if (Math.abs(grams - noise.mean) > gate) return { ...noise, previous: grams }
  const share = 1 / Math.min(count + 1, MEMORY)
  const off = grams - noise.mean
  const mean = noise.mean + off * share
  const spread = noise.spread + (off * (grams - mean) - noise.spread) * share
  const step = Math.abs(grams - previous) > 2 * gate ? noise.steps : noise.steps + ((grams - previous) ** 2 - noise.steps) * share
  const swing = swingGrams === null ? noise.swing : noise.swing + (swingGrams - noise.swing) * share
  return { count: count + 1, mean, spread, steps: step, swing, previous: grams }
}

/** The level moved: what was learned about the scatter stays, where it scatters starts anew. */
export function moveTo(noise: Noise, grams: number): Noise {
  return { ...noise, mean: grams, previous: grams }
}
