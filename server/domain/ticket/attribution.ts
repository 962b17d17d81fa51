/**
 * Who did it, pure. Each deed (and what is put back of it later) belongs to one of the visits that were inside. Three things speak: where
 * people stood, if a tracker tells; the pace at which people shop; and that whoever stops at a shelf mostly takes something there.
 * All assignments are weighed together by Gibbs sampling with a fixed seed, so that equal facts always give equal shares.
 */
import { draw, mulberry, normalize } from './chance.ts'
import { Diary, type Moment, type Stay } from './diary.ts'

/** When and where parts of it happened. */
export type Act = { moments: Moment[] }

/** Pace alone says little of a person; even where people were seen, somebody may reach past another. */
const SURE = { seen: 0.995, guessed: 0.85 }
const SWEEPS = 120
const WARM_UP = 20

/** For each act, how likely each visit is to have done it; all 0 where nobody was inside. */
export function attribute(acts: Act[], stays: Stay[]): number[][] {
  const shares = acts.map((act) => supportOf(act, stays.length))
  const asked = shares.map((support) => questionOf(support))
  const free = asked.flatMap(({ visits }, k) => (visits.length > 1 ? [k] : []))
  if (free.length === 0) return shares
  const diary = new Diary(
    acts.map(({ moments }) => moments),
    stays
  )
  sample(asked, diary, stays.length)
  for (const k of free) {
    const sure = acts[k]!.moments.some(({ isSeen }) => isSeen) ? SURE.seen : SURE.guessed
    const { visits, sums } = asked[k]!
    shares[k] = stays.map(() => 0)
    for (const [n, v] of visits.entries()) shares[k]![v] = (sure * sums[n]!) / SWEEPS + (1 - sure) / visits.length
  }
  return shares
}

/** Who can have done an act by where they were, 0 to 1; sums to 1, or to 0. */
function supportOf({ moments }: Act, visits: number): number[] {
  const support = new Float64Array(visits).fill(1)
  for (const { reach } of moments) {
    for (let v = 0; v < visits; v++) support[v]! *= reach[v] ?? 0
    normalize(support)
  }
  return [...support]
}

/** Who can have done an act; `weights`: how likely each is, given who did everything else now; `sums`: that of all sweeps. */
type Question = { visits: Int32Array; support: Float64Array; weights: Float64Array; sums: Float64Array }

function questionOf(support: number[]): Question {
  const visits = Int32Array.from(support.flatMap((each, v) => (each > 0 ? [v] : [])))
  const own = Float64Array.from(visits, (v) => support[v]!)
  return { visits, support: own, weights: own.slice(), sums: new Float64Array(visits.length) }
}

/** The inner loop, over arrays that stay of one kind: what has not moved since it was weighed is not weighed anew. */
function sample(asked: Question[], diary: Diary, visitCount: number): void {
  const random = mulberry(0x9e3779b9)
  const free = Int32Array.from(asked.flatMap(({ visits }, k) => (visits.length > 1 ? [k] : [])))
  const owner = Int32Array.from(asked, ({ visits }) => visits[0] ?? -1)
  for (const k of free) owner[k] = asked[k]!.visits[draw(asked[k]!.weights, random())]!
  for (let k = 0; k < owner.length; k++) if (owner[k]! >= 0) diary.add(k, owner[k]!)
  const weighed = new Int32Array(asked.length).fill(-1) // when, and below when a visit last got or lost something
  const moved = new Int32Array(visitCount)
  let now = 0
  for (let sweep = 0; sweep < WARM_UP + SWEEPS; sweep++) {
    for (let n = 0; n < free.length; n++) {
      const k = free[n]!
      const { visits, support, weights, sums } = asked[k]!
      if (isNews(visits, moved, weighed[k]!)) {
        diary.remove(k, owner[k]!)
        weights.set(support)
        diary.weigh(k, visits, weights)
        diary.add(k, owner[k]!)
        weighed[k] = now
      }
      const next = visits[draw(weights, random())]!
      if (next !== owner[k]) {
        diary.remove(k, owner[k]!)
        diary.add(k, next)
        now += 1
        moved[owner[k]!] = moved[next] = weighed[k] = now // what the others have done stays the same
        owner[k] = next
      }
      if (sweep >= WARM_UP) for (let m = 0; m < visits.length; m++) sums[m]! += weights[m]!
    }
  }
}

function isNews(visits: Int32Array, moved: Int32Array, since: number): boolean {
  for (let n = 0; n < visits.length; n++) if (moved[visits[n]!]! > since) return true
  return false
}
