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
  const logs = open.map((visits, k) => visits.map((v) => Math.log(support[k]![v]!)))
  for (let sweep = 0; sweep < WARM_UP + SWEEPS; sweep++) {
    for (const k of free) {
      const act = acts[k]!
      const visits = open[k]!
      diary.remove(act, owner[k]!)
      const weights = visits.map((v, n) => logs[k]![n]! + diary.gain(act, v))
      normalizeLogs(weights)
      owner[k] = visits[draw(weights, random())]!
      diary.add(act, owner[k]!)
      if (sweep >= WARM_UP) for (let n = 0; n < visits.length; n++) sums[k]![visits[n]!]! += weights[n]!
    }
  }
  for (const k of free) {
    const sure = acts[k]!.moments.some(({ isSeen }) => isSeen) ? SURE.seen : SURE.guessed
    shares[k] = sums[k]!.map((sum, v) => (sure * sum) / SWEEPS + (open[k]!.includes(v) ? (1 - sure) / open[k]!.length : 0))
  }
  return shares
}

/** What each visit has done so far, in the order of time, and how much likelier or not one act more makes that. */
class Diary {
  readonly #entries: Moment[][]
  readonly #stays: Stay[]
  readonly #stops = new Map<string, Stop[]>() // when something was done at each

  constructor(stays: Stay[]) {
    this.#stays = stays
    this.#entries = stays.map(() => [])
  }

  add({ moments }: Act, visit: number): void {
    const own = this.#entries[visit]!
    for (const moment of moments) {
      own.splice(firstAfter(own, moment.atMs), 0, moment)
      const stop = moment.stops[visit]
      if (stop) this.#stops.set(stop.key, [...this.#doneAt(stop), stop])
    }
  }

  remove({ moments }: Act, visit: number): void {
    const own = this.#entries[visit]!
    for (const moment of moments) {
      const at = own.indexOf(moment)
      if (at >= 0) own.splice(at, 1)
      const stop = moment.stops[visit]
      if (stop) this.#stops.set(stop.key, this.#doneAt(stop).toSpliced(this.#doneAt(stop).indexOf(stop), 1))
    }
  }

  /** Logarithm: with the act in this visit against without it. */
  gain({ moments }: Act, visit: number): number {
    const own = this.#entries[visit]!
    const { fromMs, toMs } = this.#stays[visit]!
    let log = 0
    for (const here of moments) {
      const after = firstAfter(own, here.atMs)
      const start = own[after - 1] ?? { atMs: fromMs, machineId: null }
      const end = own[after] ?? (toMs === null ? null : { atMs: toMs, machineId: null })
      log += pace(start, here)
      if (end) log += pace(here, end) - pace(start, end)
      const stop = here.stops[visit]
      if (stop) {
        const done = this.#doneAt(stop)
        log += stopping([...done, stop]) - stopping(done)
      }
    }
    return log
  }

  #doneAt({ key }: Stop): Stop[] {
    return this.#stops.get(key) ?? NONE
  }
}

const NONE: Stop[] = []

/** The place of the first of these that is later, or how many there are. */
function firstAfter(moments: Moment[], atMs: number): number {
  let n = moments.length
  while (n > 0 && moments[n - 1]!.atMs > atMs) n--
  return n
}

/** Seconds between what one person does: at one machine, and with a walk between; log-normal. `weight`: people differ more than that. */
const PACE = { weight: 0.5, same: logNormal({ median: 5, spread: 1.1 }), walk: logNormal({ median: 8, spread: 0.8 }) }

function logNormal({ median, spread }: { median: number; spread: number }) {
  return { mean: Math.log(median), spread, logSpread: Math.log(spread) }
}

function pace(from: { atMs: number; machineId: string | null }, to: { atMs: number; machineId: string | null }): number {
  const { mean, spread, logSpread } = from.machineId !== null && from.machineId === to.machineId ? PACE.same : PACE.walk
  const log = Math.log(Math.max(0.2, (to.atMs - from.atMs) / 1000))
  return PACE.weight * (-0.5 * ((log - mean) / spread) ** 2 - log - logSpread)
}

function normalized(weights: number[]): number[] {
  const sum = weights.reduce((total, each) => total + each, 0)
  return sum > 0 ? weights.map((each) => each / sum) : weights.map(() => 0)
}

/** In place: this is the innermost loop. */
function normalizeLogs(logs: number[]): void {
  let most = Number.NEGATIVE_INFINITY
  for (let n = 0; n < logs.length; n++) if (logs[n]! > most) most = logs[n]!
  let sum = 0
  for (let n = 0; n < logs.length; n++) {
    logs[n] = Math.exp(logs[n]! - most)
    sum += logs[n]!
  }
  for (let n = 0; n < logs.length; n++) logs[n] = sum > 0 ? logs[n]! / sum : 0
}

function draw(weights: number[], at: number): number {
  let rest = at
  for (let n = 0; n < weights.length; n++) {
    rest -= weights[n]!
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
