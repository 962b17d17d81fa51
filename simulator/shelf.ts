/** The physics of a machine's scales: what each load cell would say at any moment, told from the motions on it. Grams and milliseconds of the story. */
import type { Motion } from './handling.ts'
import { hashText, noiseAt, type Random } from './random.ts'

export const SAMPLE_HZ = 60
/** Hands at a shelf shake it a little before and after what they do. */
const SHAKEN_MS = 700
/** Motions are kept this long after they ended, for whoever looks back over an interval. */
const KEPT_MS = 10_000

export type Scale = {
  scaleId: string
  /** What lies on it, without the motions still in the list. */
  loadGrams: number
  restGrams: number
  zeroGrams: number
  motions: Motion[]
  noise: { seed: number; quietGrams: number; busyGrams: number; hertz: number; phase: number }
  creep: { grams: number; periodMs: number; phase: number }
}
/** `bend`: the part of a load that a neighbouring scale feels because the shelf gives way. */
export type Shelf = { scales: Scale[]; bend: number }

/** A scale with nothing on it. Its creep stays below 2 g in any 15 minutes. */
export function emptyScale(scaleId: string, random: Random): Scale {
  const quietGrams = random.range(0.3, 1.4)
  return {
    scaleId,
    loadGrams: 0,
    restGrams: 0,
    zeroGrams: random.range(-4, 4),
    motions: [],
    noise: {
      seed: hashText(`${scaleId}/${random.next()}`),
      quietGrams,
      busyGrams: random.range(0.6, 2.2),
      hertz: random.range(5, 20),
      phase: random.range(0, 6.28)
    },
    creep: { grams: random.range(0.1, 0.9), periodMs: random.range(35, 70) * 60_000, phase: random.range(0, 6.28) }
  }
}

/** What lies on a scale stays there from now on as its state of rest: the shelf has bent as far as it had when it was set up. */
export function load(scale: Scale, grams: number): void {
  scale.loadGrams += grams
  scale.restGrams += grams
}

/** The true load at a moment, hands included. */
export function loadAt(scale: Scale, ms: number): number {
  let grams = scale.loadGrams
  for (const motion of scale.motions) if (ms > motion.fromMs) grams += motion.at(ms)
  return grams
}

/** The true load once every motion so far has ended. */
export const settledLoad = (scale: Scale): number => scale.motions.reduce((sum, m) => sum + m.grams, scale.loadGrams)

/** True when no hand is near the shelf between the two moments. */
export const isQuiet = (shelf: Shelf, fromMs: number, toMs: number): boolean =>
  shelf.scales.every((s) => s.motions.every((m) => m.untilMs + SHAKEN_MS < fromMs || m.fromMs - SHAKEN_MS > toMs))

/** What scale number `index` reads at a moment: load, bend, creep and noise. */
export function readGrams(shelf: Shelf, index: number, ms: number): number {
  const scale = shelf.scales[index]!
  const sample = Math.round((ms * SAMPLE_HZ) / 1000)
  return meanGrams(shelf, index, ms) + noise(scale, sample) * noiseGrams(shelf, scale, ms)
}

/** The same without noise. */
function meanGrams(shelf: Shelf, index: number, ms: number): number {
  const scale = shelf.scales[index]!
  let grams =
    scale.zeroGrams +
    loadAt(scale, ms) +
    scale.creep.grams * Math.sin((2 * Math.PI * ms) / scale.creep.periodMs + scale.creep.phase)
  for (const neighbour of [shelf.scales[index - 1], shelf.scales[index + 1]])
    if (neighbour) grams += shelf.bend * (loadAt(neighbour, ms) - neighbour.restGrams)
  return grams
}

/** Half white, half the shelf's own swinging, with deviation about 1. */
function noise(scale: Scale, sample: number): number {
  const { seed, hertz, phase } = scale.noise
  const swing = (1 + 0.3 * noiseAt(seed + 1, sample >> 5)) * Math.sin((2 * Math.PI * hertz * sample) / SAMPLE_HZ + phase)
  return 0.6 * noiseAt(seed, sample) + 1.1 * swing
}

function noiseGrams(shelf: Shelf, scale: Scale, ms: number): number {
  let busy = 0
  for (const other of shelf.scales)
    for (const motion of other.motions) {
      const awayMs = Math.max(motion.fromMs - ms, ms - motion.untilMs, 0)
      if (awayMs < SHAKEN_MS) busy = Math.max(busy, 1 - awayMs / SHAKEN_MS)
    }
  return scale.noise.quietGrams + busy * scale.noise.busyGrams
}

export type Span = { min: number; max: number; last: number }
/** Least, greatest and last reading of an interval. Every sample is looked at only while hands are near; a quiet scale's extremes are drawn. */
export function readSpan(shelf: Shelf, index: number, { fromMs, toMs }: { fromMs: number; toMs: number }): Span {
  const last = readGrams(shelf, index, toMs)
  const span = { min: last, max: last, last }
  const see = (grams: number) => {
    span.min = Math.min(span.min, grams)
    span.max = Math.max(span.max, grams)
  }
  if (isQuiet(shelf, fromMs, toMs)) {
    const { seed, quietGrams } = shelf.scales[index]!.noise
    const mean = meanGrams(shelf, index, toMs)
    see(mean - quietGrams * (2.2 + 0.3 * noiseAt(seed + 2, Math.round(toMs))))
    see(mean + quietGrams * (2.2 + 0.3 * noiseAt(seed + 3, Math.round(toMs))))
  } else for (let ms = fromMs; ms < toMs; ms += 1000 / SAMPLE_HZ) see(readGrams(shelf, index, ms))
  return span
}

/** Motions long over become plain load, so that a story of days stays cheap. */
export function foldMotions(shelf: Shelf, ms: number): void {
  for (const scale of shelf.scales) {
    if (!scale.motions.some((m) => m.untilMs + KEPT_MS < ms)) continue
    for (const motion of scale.motions) if (motion.untilMs + KEPT_MS < ms) scale.loadGrams += motion.grams
    scale.motions = scale.motions.filter((m) => m.untilMs + KEPT_MS >= ms)
  }
}

/** The scale reads zero from now on. */
export function tare(shelf: Shelf, index: number, ms: number): void {
  const scale = shelf.scales[index]!
  scale.zeroGrams -= meanGrams(shelf, index, ms)
}
