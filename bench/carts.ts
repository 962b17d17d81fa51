/**
 * Are the carts right? Every labelled case through the store's own path (heartbeats and scans in, tickets and proposals out): items on
 * receipts, how much goes to people, what is wrong after a perfect review, and whether confidence means what it says.
 */
import { type Case, casesIn, floorPlan } from './carts/cases.ts'
import { type Looks, play } from './carts/play.ts'
import { recordingsIn } from './carts/recordings.ts'
import { addScore, emptyScore, f1, type Score } from './carts/score.ts'
import { openCases, SHARED } from './labelled.ts'
import type { Bench, BenchTools, Row } from './table.ts'

const INTERVALS = [1, 2]
type Group = { name: string; isMeant: (one: Case) => boolean; isSeen?: boolean }
const GROUPS: Group[] = [
  { name: 'one shopper', isMeant: ({ truth }) => truth.shoppers.length === 1 },
  { name: 'several shoppers, no positions', isMeant: ({ truth }) => truth.shoppers.length > 1 },
  {
    name: 'several shoppers, positions',
    isMeant: ({ truth, people }) => truth.shoppers.length > 1 && people.length > 0,
    isSeen: true
  }
]
const LOOKS = ['count', 'ms', 'within1', 'within20'] as const
const BINS = [0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1]

export const carts: Bench = {
  name: 'carts',
  does: 'labelled cases through the store: receipts, what goes to people, what stays wrong, calibration',
  async run({ say, data, beat }: BenchTools): Promise<Row[]> {
    await using stack = new AsyncDisposableStack()
    const cases = await openCases(stack, { say, data })
    if (!cases) return []
    const { folder, dataDir, url } = cases
    const rows: Row[] = []
    const looks: Looks = { count: 0, ms: 0, within1: 0, within20: 0 }
    const plan = floorPlan([data ?? SHARED, SHARED])
    for (const { name, isMeant, isSeen = false } of GROUPS) {
      if (isSeen && !plan) say('without positions: no plates.json says where shelves stand')
      if (isSeen && !plan) continue
      const whole = emptyScore()
      for (const interval of beat === null ? INTERVALS : [beat]) {
        const part = emptyScore()
        for (const one of casesIn(folder, interval).filter(isMeant)) {
          const played = await play(one, { url, dataDir, spots: isSeen ? plan : null })
          for (const score of [part, whole]) addScore(score, one, played)
          for (const key of LOOKS) looks[key] += played.looks[key]
        }
        if (part.cases > 0) rows.push(asRow(`${name}, ${interval} s`, part))
      }
      if (whole.cases > 0) rows.push(asRow(name, whole), ...reliability(name, whole))
    }
    for (const one of recordingsIn(data ?? SHARED)) {
      const score = emptyScore()
      addScore(score, one, await play(one, { url, dataDir, spots: null }))
      rows.push(asRow(`real recording ${one.name}`, score))
    }
    rows.push({ name: 'inference', values: timesOf(looks) })
    return rows
  }
}

const timesOf = ({ count, ms, within1, within20 }: Looks): Row['values'] => ({
  looks: count,
  'mean ms': count === 0 ? null : Math.round((100 * ms) / count) / 100,
  'within 1 ms %': percent(within1, count),
  'within 20 ms %': percent(within20, count)
})

const asRow = (name: string, score: Score): Row => ({
  name,
  values: {
    cases: score.cases,
    items: score.items,
    'item F1 %': f1(score.hits, score.extra, score.missing),
    'stock F1 %': f1(score.stockHits, score.stockExtra, score.stockMissing),
    movements: score.movements,
    'to people %': percent(score.sent, score.movements),
    'tickets to people %': percent(score.ticketsSent, score.tickets),
    'wrong after review per 100': percent(score.wrongAfter, score.items)
  }
})

/** Of the movements that said so, how many were right: product, quantity and shopper. */
const reliability = (name: string, { sureness }: Score): Row[] =>
  BINS.flatMap((from, n) => {
    const to = BINS[n + 1] ?? Number.POSITIVE_INFINITY
    const own = sureness.filter(({ confidence }) => confidence >= from && confidence < to)
    if (own.length === 0) return []
    const said = own.reduce((sum, { confidence }) => sum + confidence, 0)
    const right = own.filter(({ isRight }) => isRight).length
    const values = { movements: own.length, 'said right %': percent(said, own.length), 'was right %': percent(right, own.length) }
    return [{ name: `  ${name}, confidence from ${from}`, values }]
  })

const percent = (part: number, whole: number): number | null => (whole === 0 ? null : Math.round((1000 * part) / whole) / 10)
