/**
 * What each visit has done so far, pure: how many times likelier one act more makes that, by the pace at which people shop and the stops they
 * make. Asked some ten thousand times for one look at the store: what is asked twice is worked out once, and as odds, without logarithms.
 */
import { normalize } from './chance.ts'
import { pace } from './pace.ts'
import { oddsOfStop, type Stop } from './stopping.ts'

/** `reach`: how likely each visit was to reach there then (0: not inside); `isSeen`: a tracker saw it. */
export type Moment = { atMs: number; machineId: string; reach: number[]; stops: (Stop | null)[]; isSeen: boolean }
/** `toMs` is null while somebody is inside. */
export type Stay = { fromMs: number; toMs: number | null }

/** A visit's page, from the first moment at which it can have done anything: what it has done, and the paces from and to the door (0: unknown yet). */
type Page = {
  stay: Stay
  first: number
  done: Uint8Array
  fromDoor: Float64Array
  toDoor: Float64Array
  through: number
}

/** Paces between moments so many places apart are kept: seldom is more done by others between two things that one does. */
const KEPT = 48

export class Diary {
  /** All moments in the order of time; what is said of a moment goes by its place in it. */
  readonly #moments: Moment[]
  /** The places of each act's moments. */
  readonly #places: number[][]
  readonly #pages: Page[]
  /** By place, and how many places further the other is; 0: unknown yet. */
  readonly #paces: Float64Array
  /** What was done at each stop, by place and visit; null where nobody stopped. */
  readonly #atStops: ((Stop[] | null)[] | null)[]

  constructor(acts: Moment[][], stays: Stay[]) {
    this.#moments = acts.flat().sort((a, b) => a.atMs - b.atMs)
    const placeOf = new Map(this.#moments.map((moment, place) => [moment, place]))
    this.#places = acts.map((moments) => moments.map((moment) => placeOf.get(moment)!))
    this.#pages = stays.map((stay, visit) => pageOf(stay, visit, this.#moments))
    this.#paces = new Float64Array(this.#moments.length * KEPT)
    const byKey = new Map<string, Stop[]>()
    this.#atStops = this.#moments.map(({ stops }) =>
      stops.some((stop) => stop) ? stops.map((stop) => stop && listOf(byKey, stop.key)) : null
    )
  }

  add(act: number, visit: number): void {
    this.#write(act, visit, 1)
  }

  remove(act: number, visit: number): void {
    this.#write(act, visit, 0)
  }

  #write(act: number, visit: number, isDone: 0 | 1): void {
    const { done, first } = this.#pages[visit]!
    const places = this.#places[act]!
    for (let n = 0; n < places.length; n++) {
      const place = places[n]!
      done[place - first] = isDone
      const list = this.#atStops[place]?.[visit]
      if (!list) continue
      const stop = this.#moments[place]!.stops[visit]!
      if (isDone) list.push(stop)
      else list.splice(list.indexOf(stop), 1)
    }
  }

  /**
   * Multiplies `weights` by the odds of the act in each of these visits, with it against without it, and has them sum to 1. After each
   * moment: an act that went to and fro a hundred times would leave nothing above what a number can hold.
   */
  weigh(act: number, visits: Int32Array, weights: Float64Array): void {
    const places = this.#places[act]!
    for (let m = 0; m < places.length; m++) {
      for (let n = 0; n < visits.length; n++) weights[n]! *= this.#odds(places[m]!, visits[n]!)
      normalize(weights)
    }
  }

  #odds(place: number, visit: number): number {
    const page = this.#pages[visit]!
    const before = lastBefore(page.done, place - page.first) + page.first
    const after = firstAfter(page.done, place - page.first) + page.first
    const isFirst = before < page.first
    let odds = isFirst ? this.#fromDoor(page, place) : this.#pace(before, place)
    if (after >= page.first)
      odds *= this.#pace(place, after) / (isFirst ? this.#fromDoor(page, after) : this.#pace(before, after))
    else if (page.stay.toMs !== null) odds *= this.#toDoor(page, place) / (isFirst ? page.through : this.#toDoor(page, before))
    const list = this.#atStops[place]?.[visit]
    return list ? odds * oddsOfStop(list, this.#moments[place]!.stops[visit]!) : odds
  }

  #pace(from: number, to: number): number {
    const apart = to - from
    const known = apart < KEPT ? this.#paces[from * KEPT + apart]! : 0
    if (known > 0) return known
    const [a, b] = [this.#moments[from]!, this.#moments[to]!]
    const density = pace(b.atMs - a.atMs, a.machineId === b.machineId)
    if (apart < KEPT) this.#paces[from * KEPT + apart] = density
    return density
  }

  #fromDoor({ fromDoor, first, stay }: Page, place: number): number {
    const known = fromDoor[place - first]!
    if (known > 0) return known
    const density = pace(this.#moments[place]!.atMs - stay.fromMs, false)
    fromDoor[place - first] = density
    return density
  }

  #toDoor({ toDoor, first, stay }: Page, place: number): number {
    const known = toDoor[place - first]!
    if (known > 0) return known
    const density = pace(stay.toMs! - this.#moments[place]!.atMs, false)
    toDoor[place - first] = density
    return density
  }
}

function pageOf(stay: Stay, visit: number, moments: Moment[]): Page {
  const isOpen = ({ reach }: Moment) => reach[visit]! > 0
  const first = Math.max(0, moments.findIndex(isOpen))
  const length = moments.findLastIndex(isOpen) + 1 - first
  return {
    ...{ stay, first, done: new Uint8Array(length) },
    ...{ fromDoor: new Float64Array(length), toDoor: new Float64Array(length) },
    through: stay.toMs === null ? 1 : pace(stay.toMs - stay.fromMs, false)
  }
}

function lastBefore(done: Uint8Array, at: number): number {
  let n = at - 1
  while (n >= 0 && done[n] === 0) n--
  return n
}

/** -1: nothing. */
function firstAfter(done: Uint8Array, at: number): number {
  for (let n = at + 1; n < done.length; n++) if (done[n] === 1) return n
  return -1
}

function listOf(byKey: Map<string, Stop[]>, key: string): Stop[] {
  const list = byKey.get(key) ?? []
  byKey.set(key, list)
  return list
}
