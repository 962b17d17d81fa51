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
  if (group.length === 1) return [asPartition([group], scorer(scoring), scoring)]
  const score = scorer(scoring)
  const single = group.map((step) => [step])
  const starts = group.length > MANY ? [single] : [[group], single, [...Map.groupBy(group, (step) => step.atMs).values()]]
  const found = new Map<string, Partition>()
  for (const start of starts) {
    const best = improve(start, score)
    found.set(keyOf(best), asPartition(best, score, scoring))
    if (group.length <= 8)
      for (const near of neighbours(best)) {
        const other = improve(near, score, 0)
        found.set(keyOf(other), asPartition(other, score, scoring))
      }
  }
  const sorted = [...found.values()].sort((a, b) => b.log - a.log)
  return sorted.slice(0, KEPT).filter((each) => each.log > sorted[0]!.log - WORSE)
}

type Score = (steps: Step[]) => number

function scorer({ partOf, log }: Scoring): Score {
  const known = new Map<string, number>()
  const ids = new Map<Step, number>()
  const idOf = (step: Step) => {
    if (!ids.has(step)) ids.set(step, ids.size)
    return ids.get(step)!
  }
  return (steps) => {
    const key = steps
      .map(idOf)
      .sort((a, b) => a - b)
      .join()
    const before = known.get(key)
    if (before !== undefined) return before
    const value = log(partOf(steps))
    known.set(key, value)
    return value
  }
}

const asPartition = (sets: Step[][], score: Score, { partOf }: Scoring): Partition => ({
  parts: sets.map((steps) => partOf(steps)).sort((a, b) => a.atMs - b.atMs || a.place - b.place),
  log: sets.reduce((sum, steps) => sum + score(steps), 0)
})
const keyOf = (sets: Step[][]): string =>
  sets
    .map((steps) =>
      steps
        .map(({ scaleId, atMs, grams }) => `${scaleId}@${atMs}:${grams}`)
        .sort()
        .join()
    )
    .sort()
    .join('|')

/** Joins two sets, takes a step or what a scale told out of one, or moves it to another, as long as that explains more. */
function improve(start: Step[][], score: Score, rounds = MOST_ROUNDS): Step[][] {
  let best = start
  for (let n = 0; n < rounds; n++) {
    const gain = (sets: Step[][], was: Step[][]) =>
      sets.reduce((sum, steps) => sum + score(steps), 0) - was.reduce((sum, steps) => sum + score(steps), 0)
    let next: { move: Move; gain: number } | null = null
    for (const move of moves(best)) {
      const by = gain(move.to, move.from)
      if (by > 1e-9 && by > (next?.gain ?? 0)) next = { move, gain: by }
    }
    if (!next) return best
    best = apply(best, next.move)
  }
  return best
}

type Move = { from: Step[][]; to: Step[][] }
const apply = (sets: Step[][], { from, to }: Move) => [...sets.filter((set) => !from.includes(set)), ...to]
const neighbours = (sets: Step[][]) => [...moves(sets)].map((move) => apply(sets, move))

function* moves(sets: Step[][]): Generator<Move> {
  for (const [n, a] of sets.entries()) for (const b of sets.slice(n + 1)) yield { from: [a, b], to: [[...a, ...b]] }
  for (const a of sets) {
    for (const piece of pieces(a)) {
      const rest = a.filter((step) => !piece.includes(step))
      yield { from: [a], to: [rest, piece] }
      for (const b of sets) if (b !== a) yield { from: [a, b], to: [rest, [...b, ...piece]] }
    }
  }
}

/** What may leave a set at once: each step, and all that one scale told in several steps. Never the whole set. */
function pieces(set: Step[]): Step[][] {
  if (set.length < 2) return []
  const single = set.map((step) => [step])
  const byScale = [...Map.groupBy(set, (step) => step.scaleId).values()]
  return [...single, ...byScale.filter((steps) => steps.length > 1 && steps.length < set.length)]
}
