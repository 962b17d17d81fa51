/**
 * Are the shelves right? Every labelled case replayed through the store's own path: how many of the truth's steps were seen on the right
 * scale within one heartbeat + 2 s, what was seen that was not there, whether each scale's sum of grams is the truth's (3 % or 10 g), and
 * whether the books balance. A step below its scale's threshold cannot be seen and is counted apart.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readConfig } from '#server/config.ts'
import { caseCatalogue } from '#server/processes/replay/catalogue.ts'
import { mergeRecordings } from '#server/processes/replay/files.ts'
import { type Outcome, outcomeOf } from '#server/processes/replay/report.ts'
import { replay } from '#server/processes/replay/run.ts'
import { openCases } from './labelled.ts'
import type { Bench, BenchTools, Row } from './table.ts'

type Step = { atMs: number; scale: string; grams: number }
type Truth = {
  events: { t: number; gondola: number; shelf: number; true_step_g: number; true_plate_share: Record<string, number> }[]
}
type Score = {
  steps: number
  seen: number
  below: number
  false: number
  scales: number
  sumsRight: number
  sessions: number
  unbalanced: number
}

const INTERVALS = ['1', '2']
const CEILING_GRAMS = 30

export const shelves: Bench = {
  name: 'shelves',
  does: 'labelled cases replayed: steps seen, false changes, sums of grams, balance',
  async run({ say, data }: BenchTools): Promise<Row[]> {
    await using stack = new AsyncDisposableStack()
    const cases = await openCases(stack, { say, data })
    if (!cases) return []
    const { folder, dataDir, url } = cases
    const rows: Row[] = []
    for (const interval of INTERVALS) {
      const scores: Score[] = []
      for (const name of readdirSync(folder).toSorted()) {
        const path = join(folder, name, `heartbeats-${interval}s.ndjson.gz`)
        if (!existsSync(path)) continue
        const score = await scoreCase(path, { url, dataDir, interval: Number(interval) })
        scores.push(score)
        rows.push(asRow(`${name} ${interval} s`, score))
      }
      rows.push(asRow(`all ${scores.length} cases ${interval} s`, total(scores)))
    }
    return rows
  }
}

async function scoreCase(
  path: string,
  { url, dataDir, interval }: { url: string; dataDir: string; interval: number }
): Promise<Score> {
  const catalogue = caseCatalogue(path)
  const done = await replay(readConfig({ DATA_DIR: dataDir }), { url, recordings: mergeRecordings([path]), catalogue })
  await using store = done!.store
  const weights = new Map(catalogue!.products.map(({ sku, weightGrams }) => [sku, weightGrams]))
  const thresholds = new Map<string, number>()
  for (const [machineId, facings] of catalogue!.facings)
    for (const { sku, scaleIds } of facings)
      for (const scaleId of scaleIds) {
        const scale = `${machineId}/${scaleId}`
        thresholds.set(scale, Math.min(thresholds.get(scale) ?? CEILING_GRAMS, weights.get(sku)! / 2))
      }
  const truth = JSON.parse(readFileSync(join(path, '..', 'truth.json'), 'utf8')) as Truth
  return score(stepsOf(truth), { outcome: await outcomeOf(store.ctx), thresholds, interval })
}

const stepsOf = ({ events }: Truth): Step[] =>
  events.flatMap((event) =>
    Object.entries(event.true_plate_share).map(([plate, share]) => ({
      atMs: event.t * 1000,
      scale: `G${event.gondola}/${event.shelf * 100 + Number(plate)}`,
      grams: event.true_step_g * share
    }))
  )

function score(
  steps: Step[],
  { outcome, thresholds, interval }: { outcome: Outcome; thresholds: Map<string, number>; interval: number }
): Score {
  const changes = outcome.changes.map((change) => ({
    scale: `${change.machineId}/${change.scaleId}`,
    atMs: Date.parse(change.occurredAt),
    grams: change.status === 'PICKED' ? -change.grams : change.grams
  }))
  const claimed = new Set<(typeof changes)[number]>()
  const visible = steps.filter((step) => Math.abs(step.grams) >= (thresholds.get(step.scale) ?? CEILING_GRAMS))
  let seen = 0
  for (const step of visible) {
    const hit = changes.find(
      (c) =>
        !claimed.has(c) &&
        c.scale === step.scale &&
        Math.sign(c.grams) === Math.sign(step.grams) &&
        c.atMs >= step.atMs - 1000 * interval &&
        c.atMs <= step.atMs + 1000 * (interval + 2)
    )
    if (!hit) continue
    claimed.add(hit)
    seen += 1
  }
  const touched = new Set(steps.map((step) => step.scale))
  const scales = [...new Set([...visible, ...changes].map((item) => item.scale))]
  const sum = (list: { scale: string; grams: number }[], scale: string) =>
    list.filter((item) => item.scale === scale).reduce((grams, item) => grams + item.grams, 0)
  const sumsRight = scales.filter(
    (scale) => Math.abs(sum(changes, scale) - sum(steps, scale)) <= Math.max(10, 0.03 * Math.abs(sum(steps, scale)))
  ).length
  return {
    steps: visible.length,
    seen,
    below: steps.length - visible.length,
    false: changes.filter((c) => !touched.has(c.scale)).length,
    scales: scales.length,
    sumsRight,
    sessions: outcome.balances.reduce((n, machine) => n + machine.machineSessions, 0),
    unbalanced: outcome.balances.reduce((n, machine) => n + machine.unbalanced, 0)
  }
}

function total(scores: Score[]): Score {
  const sum = { steps: 0, seen: 0, below: 0, false: 0, scales: 0, sumsRight: 0, sessions: 0, unbalanced: 0 }
  for (const one of scores) for (const key of Object.keys(sum) as (keyof Score)[]) sum[key] += one[key]
  return sum
}

const asRow = (name: string, s: Score): Row => ({
  name,
  values: {
    'steps seen': `${s.seen}/${s.steps}`,
    'recall %': s.steps === 0 ? null : Math.round((1000 * s.seen) / s.steps) / 10,
    'below threshold': s.below,
    'false changes': s.false,
    'sums right': `${s.sumsRight}/${s.scales}`,
    'unbalanced sessions': `${s.unbalanced}/${s.sessions}`
  }
})
