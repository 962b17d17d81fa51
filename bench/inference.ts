/**
 * How long inference thinks: every labelled case change by change, as it looks at a store while people shop (what was told before is
 * remembered), and whole, as for a visit that nobody looked at before. In memory, on warm code: what a look costs a store that is awake.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { infer, type Shop, type Trail } from '#server/domain/ticket/inference.ts'
import type { Part } from '#server/domain/ticket/parts.ts'
import type { Step } from '#server/domain/ticket/shelf-steps.ts'
import { reachOf, stopsOf, type Way } from '#server/domain/ticket/tracks.ts'
import { type Case, casesIn, floorPlan } from './carts/cases.ts'
import { factsOf } from './carts/facts.ts'
import { SHARED } from './labelled.ts'
import { percentile } from './percentiles.ts'
import type { Bench, Row } from './table.ts'

const INTERVALS = [1, 2]
/** The last of these is measured, the others warm the code up. */
const TIMES = 3
const GROUPS = ['one shopper', 'several shoppers, no positions', 'several shoppers, positions'] as const
type Group = (typeof GROUPS)[number]

export const inference: Bench = {
  name: 'inference',
  does: 'labelled cases in memory: time for one change, and for a whole visit',
  async run({ say, data }): Promise<Row[]> {
    const folder = join(data ?? SHARED, 'cases')
    if (!existsSync(folder)) {
      say(`skipped: no labelled cases in ${folder} (name a folder with --data)`)
      return []
    }
    const plan = floorPlan([data ?? SHARED, SHARED])
    const spots = new Map([...(plan ?? [])].flatMap(([id, own]) => own.map(({ scaleId, ...at }) => [`${id}/${scaleId}`, at])))
    const times = new Map(GROUPS.map((name) => [name, { change: [] as number[], whole: [] as number[] }]))
    for (const one of INTERVALS.flatMap((interval) => recordedAt(folder, interval))) {
      const { steps, shop } = await factsOf(one)
      for (const [group, seen] of witnesses(one, spots)) {
        for (let time = 1; time <= TIMES; time++) {
          const took = think(steps, { ...shop, ...seen() })
          if (time === TIMES) for (const what of ['change', 'whole'] as const) times.get(group)![what].push(...took[what])
        }
      }
    }
    return [...times].flatMap(([name, { change, whole }]) => [
      asRow(`${name}: one change`, change),
      asRow(`${name}: whole case`, whole)
    ])
  }
}

/** Those whose heartbeats were recorded at this interval. */
const recordedAt = (folder: string, interval: number) =>
  casesIn(folder, interval).filter(({ recording }) => recording.endsWith(`-${interval}s.ndjson.gz`))

/** What is known of who was inside: their stays alone, and where they stood too. */
function witnesses(
  { truth, people }: Case,
  spots: ReadonlyMap<string, { x: number; y: number }>
): [Group, () => Pick<Shop, 'stays' | 'reach' | 'stops'>][] {
  const stays = truth.shoppers.map((name) => ({ fromMs: truth.in_store[name]![0] * 1000, toMs: truth.in_store[name]![1] * 1000 }))
  const inside = (part: Part) => stays.map(({ fromMs, toMs }) => (part.atMs >= fromMs && part.fromMs <= toMs ? 1 : 0))
  if (stays.length === 1) return [['one shopper', () => ({ stays, reach: inside })]]
  const ways = truth.shoppers.map((name): Way => people.filter(({ id }) => id === name))
  const blind: [Group, () => Pick<Shop, 'stays' | 'reach'>] = ['several shoppers, no positions', () => ({ stays, reach: inside })]
  if (people.length === 0 || spots.size === 0) return [blind]
  const sighted = () => {
    const near = reachOf(ways, spots)
    const reach = (part: Part) => inside(part).map((is, n) => is * (near(part)?.[n] ?? 1))
    return { stays, reach, stops: stopsOf(ways, spots) }
  }
  return [blind, ['several shoppers, positions', sighted]]
}

/** Milliseconds of each look as the steps come in, and of one look at all of them. */
function think(steps: Step[], shop: Shop): { change: number[]; whole: number[] } {
  const trail: Trail = { base: '', told: [] }
  const change = steps.map((_, n) => milliseconds(() => infer(steps.slice(0, n + 1), shop, { trail })))
  return { change, whole: [milliseconds(() => infer(steps, shop))] }
}

function milliseconds(work: () => unknown): number {
  const startMs = performance.now()
  work()
  return performance.now() - startMs
}

const asRow = (name: string, times: number[]): Row => ({
  name,
  values: {
    looks: times.length,
    'mean ms': times.length === 0 ? null : times.reduce((sum, each) => sum + each, 0) / times.length,
    'p50 ms': times.length === 0 ? null : percentile(times, 0.5),
    'p99 ms': times.length === 0 ? null : percentile(times, 0.99),
    'within 1 ms %': share(times, 1),
    'within 20 ms %': share(times, 20)
  }
})

const share = (times: number[], mostMs: number): number | null =>
  times.length === 0 ? null : (100 * times.filter((ms) => ms <= mostMs).length) / times.length
