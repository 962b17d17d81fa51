/** Chance that can be told again: named streams of one seed (sfc32), and noise that needs no memory. */

export type Random = {
  /** In [0, 1). */
  next(): number
  range(from: number, to: number): number
  /** A whole number, both ends included. */
  whole(from: number, to: number): number
  normal(mean: number, deviation: number): number
  chance(probability: number): boolean
  pick<T>(list: readonly T[]): T
  /** A stream of its own: what it draws does not depend on what was drawn elsewhere. */
  fork(name: string | number): Random
}

/** Spreads each bit of a 32-bit number over all of them. */
function mix(bits: number): number {
  const a = Math.imul(bits ^ (bits >>> 16), 0x7feb352d)
  const b = Math.imul(a ^ (a >>> 15), 0x846ca68b)
  return (b ^ (b >>> 16)) >>> 0
}

/** 32 bits that stand for a text. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return mix(hash ^ text.length)
}

/** Noise number `index` of a seed, about normal (mean 0, deviation 1, within ±3.5): the same whenever it is asked for. */
export function noiseAt(seed: number, index: number): number {
  const bits = mix(seed ^ Math.imul(index, 0x9e3779b1))
  const sum = (bits & 255) + ((bits >>> 8) & 255) + ((bits >>> 16) & 255) + (bits >>> 24)
  return (sum / 255 - 2) * Math.sqrt(3)
}

/** The small fast counter generator: 128 bits of state, one of them a counter, so its period is at least 2^32. */
function sfc32(state: Uint32Array): () => number {
  return () => {
    const [a = 0, b = 0, c = 0, count = 0] = state
    const out = (a + b + count) >>> 0
    state.set([b ^ (b >>> 9), (c + (c << 3)) >>> 0, (((c << 21) | (c >>> 11)) + out) >>> 0, count + 1])
    return out / 2 ** 32
  }
}

export function randomFrom(seed: string | number): Random {
  const name = String(seed)
  const next = sfc32(Uint32Array.of(hashText(`${name}#a`), hashText(`${name}#b`), hashText(`${name}#c`), 1))
  for (let i = 0; i < 12; i++) next()
  const range = (from: number, to: number) => from + (to - from) * next()
  const whole = (from: number, to: number) => Math.floor(range(from, to + 1))
  return {
    next,
    range,
    whole,
    normal: (mean, deviation) => mean + deviation * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    chance: (probability) => next() < probability,
    pick: (list) => list[whole(0, list.length - 1)]!,
    fork: (part) => randomFrom(`${name}/${part}`)
  }
}
