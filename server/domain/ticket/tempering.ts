/** Doubt is catching, pure: what the same people did around something that cannot be made out is less sure than it looks by itself. */

export type Told = {
  /** The middle of when it happened. */
  atMs: number
  confidence: number
  /** How near each visit was, by its place in the list. */
  reach: number[]
}

/** Doubt reaches so far before and after, less the further away. */
const WITHIN_MS = 20_000
/** Who stood at both may have done both: so much of their reaches is the same. */
const SHARED = 0.1
/** So much doubt around something is all that counts, and what is then left of the odds for it, as a power. */
const MOST = 0.8
const LEFT = 0.3
/** What stories say of less doubt than this is beyond what they can know. */
const UNTOLD = 1e-4
/** Whom a tracker takes for somebody else is nowhere told. */
const LEAST_DOUBT = 0.003

/**
 * What is said after all that, and how often it is right, between which lines are drawn. From 0.98 on what is said stays: people see what is below
 * (AUTO_REVIEW_CONFIDENCE), and of 99.6 % said 96 are right.
 */
const HONEST: [number, number][] = [
  [0, 0],
  [0.34, 0.14],
  [0.67, 0.46],
  [0.86, 0.63],
  [0.93, 0.83],
  [0.97, 0.86],
  [0.98, 0.98],
  [1, 1]
]

function honest(said: number): number {
  const n = Math.max(
    1,
    HONEST.findIndex(([most]) => said <= most)
  )
  const [[fromSaid, fromRight], [toSaid, toRight]] = [HONEST[n - 1]!, HONEST[n]!]
  return fromRight + ((toRight - fromRight) * (said - fromSaid)) / (toSaid - fromSaid)
}

/**
 * How sure each movement is when several people were near. The stories that are weighed hold what is likely, and sometimes not what
 * was: it shows in movements that fit none of them. Fitted to 2 600 movements of several people with a tracker, of labelled cases and such
 * made anew (bench/carts.ts). Of what was 98 % sure by itself and more, 2 % were wrong with less than a tenth of a doubt of the same people
 * around, 11 % with up to 0.4, 17 % with more.
 */
export function tempered(told: Told[]): number[] {
  const even = told.map(({ reach }) => {
    const sum = reach.reduce((a, b) => a + b, 0)
    return reach.map((each) => (sum > 0 ? each / sum : 0))
  })
  const haveShared = (n: number, m: number) =>
    even[n]!.reduce((sum, share, visit) => sum + Math.min(share, even[m]![visit]!), 0) > SHARED
  const byTime = [...told.keys()].sort((a, b) => told[a]!.atMs - told[b]!.atMs)
  const sure = told.map(({ confidence }) => confidence)
  for (const [place, n] of byTime.entries()) {
    const { atMs, confidence, reach } = told[n]!
    if (reach.filter((each) => each > 0).length < 2) continue
    let around = 0
    for (const step of [-1, 1])
      for (let at = place + step; at in byTime; at += step) {
        const m = byTime[at]!
        const apartMs = Math.abs(told[m]!.atMs - atMs)
        if (apartMs >= WITHIN_MS) break
        if (haveShared(n, m)) around += (1 - told[m]!.confidence) * (1 - apartMs / WITHIN_MS)
      }
    const power = 1 - (1 - LEFT) * Math.min(1, around / MOST)
    sure[n] = Math.min(confidence, honest(1 - Math.max(Math.max(1 - confidence, UNTOLD) ** power, LEAST_DOUBT)))
  }
  return sure
}
