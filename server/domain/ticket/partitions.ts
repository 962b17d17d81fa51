/**
 * How the steps of a group fall into actions, pure: the ways to split them whose parts together are explained best. Two products explain
 * a change better than one where their weights fit; each action more costs what it is less likely that two fall together.
 */
import type { Part } from './parts.ts'
import type { Step } from './shelf-steps.ts'

export type Partition = { parts: Part[]; log: number }
export type Scoring = { partOf: (steps: Step[]) => Part; log: (part: Part) => number }

const KEPT = 3
const WORSE = 9
const MOST_ROUNDS = 40
/** A shelf that was shaken: what is not told by joining neighbours is not told. */
const MANY = 10

/** The best ways to split a group, best first. */
export function partitions(group: Step[], scoring: Scoring): Partition[] {
  const lots = new Lots(group, scoring)
  const single = group.map((step) => lots.of([step]))
  if (group.length === 1) return [asPartition(single)]
  const atOnce = [...Map.groupBy(group, (step) => step.atMs).values()]
  const starts = group.length > MANY ? [single] : [[lots.of(group)], single, atOnce.map((steps) => lots.of(steps))]
  const found = new Map<string, Lot[]>()
  for (const start of starts) {
    const best = improve(start, lots)
    found.set(keyOf(best), best)
    if (group.length <= 8) for (const near of neighbours(best, lots)) found.set(keyOf(near), near)
  }
  const sorted = [...found.values()].map(asPartition).sort((a, b) => b.log - a.log)
  return sorted.slice(0, KEPT).filter((each) => each.log > sorted[0]!.log - WORSE)
}

/** Steps that are looked at as one action, in the order of the group. */
type Lot = { key: number; steps: Step[]; part: Part; log: number }

/**
 * The lots of a group, each looked at once. A lot's key is the sum of its steps' numbers, so that joining and parting lots is arithmetic
 * (Zobrist hashing): two of one group's are equal by chance once in many millions of groups.
 */
class Lots {
  readonly #scoring: Scoring
  readonly #places: Map<Step, number>
  readonly #known = new Map<number, Lot>()
  /** What may leave a lot at once. */
  readonly #pieces = new Map<Lot, Lot[]>()

  constructor(group: Step[], scoring: Scoring) {
    this.#scoring = scoring
    this.#places = new Map(group.map((step, n) => [step, n]))
  }

  of(steps: Step[]): Lot {
    const key = steps.reduce((sum, step) => (sum + numberOf(this.#places.get(step)!)) % KEYS, 0)
    return this.#known.get(key) ?? this.#look(key, steps)
  }

  join(a: Lot, b: Lot): Lot {
    const key = (a.key + b.key) % KEYS
    return this.#known.get(key) ?? this.#look(key, [...a.steps, ...b.steps])
  }

  without(lot: Lot, piece: Lot): Lot {
    const key = (lot.key + KEYS - piece.key) % KEYS
    const known = this.#known.get(key)
    if (known) return known
    return this.#look(
      key,
      lot.steps.filter((step) => !piece.steps.includes(step))
    )
  }

  /** Each step, and all that one scale told in several steps. Never the whole lot. */
  piecesOf(lot: Lot): Lot[] {
    const known = this.#pieces.get(lot)
    if (known) return known
    const { steps } = lot
    const byScale = [...Map.groupBy(steps, (step) => step.scaleId).values()]
    const sets = [...steps.map((step) => [step]), ...byScale.filter((own) => own.length > 1)]
    const pieces = sets.filter((own) => own.length < steps.length).map((own) => this.of(own))
    this.#pieces.set(lot, pieces)
    return pieces
  }

  #look(key: number, steps: Step[]): Lot {
    const ordered = steps.toSorted((a, b) => this.#places.get(a)! - this.#places.get(b)!)
    const part = this.#scoring.partOf(ordered)
    const lot = { key, steps: ordered, part, log: this.#scoring.log(part) }
    this.#known.set(key, lot)
    return lot
  }
}

const KEYS = 2 ** 52

/** Spread evenly below KEYS: sums of small numbers in a row would often be equal. */
const numberOf = (place: number): number => (mixed(2 * place) >>> 12) * 2 ** 32 + mixed(2 * place + 1)

/** Every bit of it hangs on every bit of the number (the finalizer of MurmurHash3). */
function mixed(number: number): number {
  let bits = Math.imul(number + 1, 0x9e3779b1)
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}

const asPartition = (lots: Lot[]): Partition => ({
  parts: lots.map(({ part }) => part).sort((a, b) => a.atMs - b.atMs || a.place - b.place),
  log: lots.reduce((sum, { log }) => sum + log, 0)
})
const keyOf = (sets: Lot[]): string =>
  sets
    .map(({ key }) => key)
    .sort((a, b) => a - b)
    .join()

/** Joins two lots, takes a step or what a scale told out of one, or moves it to another, as long as that explains more. */
function improve(start: Lot[], lots: Lots): Lot[] {
  let best = start
  for (let n = 0; n < MOST_ROUNDS; n++) {
    let next: Move | null = null
    let most = 1e-9
    for (const move of moves(best, lots)) {
      const gain = sumOf(move.to) - sumOf(move.from)
      if (gain > most) [next, most] = [move, gain]
    }
    if (!next) return best
    best = apply(best, next)
  }
  return best
}

const sumOf = (lots: Lot[]): number => lots.reduce((sum, { log }) => sum + log, 0)

type Move = { from: Lot[]; to: Lot[] }
const apply = (sets: Lot[], { from, to }: Move) => [...sets.filter((set) => !from.includes(set)), ...to]
const neighbours = (sets: Lot[], lots: Lots) => [...moves(sets, lots)].map((move) => apply(sets, move))

function* moves(sets: Lot[], lots: Lots): Generator<Move> {
  for (const [n, a] of sets.entries()) for (const b of sets.slice(n + 1)) yield { from: [a, b], to: [lots.join(a, b)] }
  for (const a of sets) {
    for (const piece of lots.piecesOf(a)) {
      const rest = lots.without(a, piece)
      yield { from: [a], to: [rest, piece] }
      for (const b of sets) if (b !== a) yield { from: [a, b], to: [rest, lots.join(b, piece)] }
    }
  }
}
