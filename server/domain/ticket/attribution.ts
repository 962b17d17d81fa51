/**
 * Who did it, pure. Each deed (and what is put back of it later) belongs to one of the visits that were inside. Three things speak: where
 * people stood, if a tracker tells; the pace at which people shop; and that whoever stops at a shelf mostly takes something there.
 * All assignments are weighed together by Gibbs sampling with a fixed seed, so that equal facts always give equal shares.
 */
import { type Stop, stopping } from './stopping.ts'

export type Act = {
  /** When and where parts of it happened; `reach`: how likely each visit was to reach there then (0: not inside); `isSeen`: a tracker saw it. */
  moments: Moment[]
}
export type Moment = { atMs: number; machineId: string; reach: number[]; stops: (Stop | null)[]; isSeen: boolean }
/** `toMs` is null while somebody is inside. */
export type Stay = { fromMs: number; toMs: number | null }

/** Pace alone says little of a person; even where people were seen, somebody may reach past another. */
const SURE = { seen: 0.995, guessed: 0.85 }
const SWEEPS = 120
const WARM_UP = 20

/** For each act, how likely each visit is to have done it; all 0 where nobody was inside. */
export function attribute(acts: Act[], stays: Stay[]): number[][] {
  const support = acts.map(({ moments }) =>
    stays.map((_, v) => moments.reduce((product, { reach }) => product * (reach[v] ?? 0), 1))
  )
  const open = acts.map((_, k) => support[k]!.flatMap((each, v) => (each > 0 ? [v] : [])))
  const shares = support.map((own) => normalized(own))
  const free = acts.flatMap((_, k) => (open[k]!.length > 1 ? [k] : []))
  if (free.length === 0) return shares
  const owner = acts.map((_, k) => open[k]![0] ?? -1)
  const random = mulberry(0x9e3779b9)
  for (const k of free) owner[k] = draw(shares[k]!, random())
  const diary = new Diary(stays)
  for (const [k, act] of acts.entries()) if (owner[k]! >= 0) diary.add(act, owner[k]!)
  const sums = shares.map((own) => own.map(() => 0))
  for (let sweep = 0; sweep < WARM_UP + SWEEPS; sweep++) {
    for (const k of free) {
      const act = acts[k]!
      diary.remove(act, owner[k]!)
      const weights = normalizedLog(open[k]!.map((v) => Math.log(support[k]![v]!) + diary.gain(act, v)))
      owner[k] = open[k]![draw(weights, random())]!
      diary.add(act, owner[k]!)
      if (sweep >= WARM_UP) for (const [n, v] of open[k]!.entries()) sums[k]![v]! += weights[n]!
    }
  }
  for (const k of free) {
    const sure = acts[k]!.moments.some(({ isSeen }) => isSeen) ? SURE.seen : SURE.guessed
    shares[k] = sums[k]!.map((sum, v) => (sure * sum) / SWEEPS + (open[k]!.includes(v) ? (1 - sure) / open[k]!.length : 0))
  }
  return shares
}

type Entry = { atMs: number; machineId: string }

/** What each visit has done so far, in the order of time, and how much likelier or not one act more makes that. */
class Diary {
  readonly #entries: Entry[][]
  readonly #stays: Stay[]
  readonly #stops = new Map<string, Stop[]>() // when something was done at each

  constructor(stays: Stay[]) {
    this.#stays = stays
    this.#entries = stays.map(() => [])
  }

  add({ moments }: Act, visit: number): void {
    for (const { atMs, machineId, stops } of moments) {
      const own = this.#entries[visit]!
      own.splice(own.findLastIndex((entry) => entry.atMs <= atMs) + 1, 0, { atMs, machineId })
      const stop = stops[visit]
      if (stop) this.#stops.set(stop.key, [...(this.#stops.get(stop.key) ?? []), stop])
    }
  }

  remove({ moments }: Act, visit: number): void {
    for (const { atMs, machineId, stops } of moments) {
      const own = this.#entries[visit]!
      const at = own.findIndex((entry) => entry.atMs === atMs && entry.machineId === machineId)
      if (at >= 0) own.splice(at, 1)
      const stop = stops[visit]
      if (stop) this.#stops.set(stop.key, this.#stops.get(stop.key)!.toSpliced(this.#stops.get(stop.key)!.indexOf(stop), 1))
    }
  }

  /** Logarithm: with the act in this visit against without it. */
  gain({ moments }: Act, visit: number): number {
    const own = this.#entries[visit]!
    const { fromMs, toMs } = this.#stays[visit]!
    let log = 0
    for (const { atMs, machineId, stops } of moments) {
      const after = own.findIndex((entry) => entry.atMs > atMs)
      const next = after < 0 ? null : own[after]!
      const before = (after < 0 ? own.at(-1) : own[after - 1]) ?? null
      const here = { atMs, machineId }
      const start = before ?? { atMs: fromMs, machineId: null }
      const end = next ?? (toMs === null ? null : { atMs: toMs, machineId: null })
      log += pace(start, here)
      if (end) log += pace(here, end) - pace(start, end)
      const stop = stops[visit]
      if (stop) log += stopping([...(this.#stops.get(stop.key) ?? []), stop]) - stopping(this.#stops.get(stop.key) ?? [])
    }
    return log
  }
}

/** Seconds between what one person does: at one machine, and with a walk between; log-normal. `weight`: people differ more than that. */
const PACE = { weight: 0.5, same: { median: 5, spread: 1.1 }, walk: { median: 8, spread: 0.8 } }

function pace(from: { atMs: number; machineId: string | null }, to: { atMs: number; machineId: string | null }): number {
  const { median, spread } = from.machineId !== null && from.machineId === to.machineId ? PACE.same : PACE.walk
  const seconds = Math.max(0.2, (to.atMs - from.atMs) / 1000)
  return PACE.weight * (-0.5 * (Math.log(seconds / median) / spread) ** 2 - Math.log(seconds * spread))
}

function normalized(weights: number[]): number[] {
  const sum = weights.reduce((total, each) => total + each, 0)
  return sum > 0 ? weights.map((each) => each / sum) : weights.map(() => 0)
}

function normalizedLog(logs: number[]): number[] {
  const most = Math.max(...logs)
  return normalized(logs.map((log) => Math.exp(log - most)))
}

function draw(weights: number[], at: number): number {
  let rest = at
  for (const [n, weight] of weights.entries()) {
    rest -= weight
    if (rest < 0) return n
  }
  return weights.findLastIndex((weight) => weight > 0)
}

/** A small generator of even numbers in [0, 1). */
function mulberry(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
