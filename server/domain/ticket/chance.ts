/** Chance with a seed, pure: equal seeds draw alike. */

/** Has weights sum to 1, in place; where all are 0 they stay so. */
export function normalize(weights: Float64Array): void {
  let sum = 0
  for (let n = 0; n < weights.length; n++) sum += weights[n]!
  if (sum > 0) for (let n = 0; n < weights.length; n++) weights[n] = weights[n]! / sum
}

/** A place in a list of weights that sum to 1, as likely as its weight; `at` is an even number in [0, 1). */
export function draw(weights: Float64Array, at: number): number {
  let rest = at
  for (let n = 0; n < weights.length; n++) {
    rest -= weights[n]!
    if (rest < 0) return n
  }
  return weights.findLastIndex((weight) => weight > 0)
}

/** A small generator of even numbers in [0, 1) (Mulberry32, T. Ettinger 2017). */
export function mulberry(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
