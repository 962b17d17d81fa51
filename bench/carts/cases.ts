/** Labelled cases as they lie in a folder: what machines said, what stands where, who walked where, and what truly happened. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Context } from '#server/context.ts'
import { recordHeartbeat } from '#server/domain/iot/actions.ts'
import { readHeartbeat } from '#server/ingest/heartbeat.ts'
import { type Catalogue, caseCatalogue } from '#server/processes/replay/catalogue.ts'
import { mergeRecordings } from '#server/processes/replay/files.ts'

export type TrueEvent = {
  t: number
  shopper: string
  gondola: number
  shelf: number
  product: string
  qty: number
  putback: boolean
  true_step_g: number
  true_plate_share: Record<string, number>
}
export type Truth = {
  t0: number
  shoppers: string[]
  in_store: Record<string, [number, number]>
  events: TrueEvent[]
  receipts: { shopper: string; items: { product: string; qty: number }[] }[]
}
export type Sight = { atMs: number; id: string; x: number; y: number }
/** Where one stands to reach a scale, metres. */
export type Spot = { scaleId: string; x: number; y: number }
/** What machines say, oldest first. */
export type Feed = AsyncGenerator<{ receivedMs: number; take: (ctx: Context) => Promise<void> }>
export type Case = { name: string; interval: number; truth: Truth; people: Sight[]; catalogue: Catalogue; feed: () => Feed }
/** `recording`: the file of its heartbeats. */
export type CaseOnDisk = Case & { recording: string }

/**
 * The cases of a folder at one interval between heartbeats (seconds), in the order of their names. One at which they were not recorded is
 * made of every so many of those a second apart.
 */
export function casesIn(folder: string, interval: number): CaseOnDisk[] {
  return readdirSync(folder)
    .toSorted()
    .flatMap((name) => {
      const recorded = join(folder, name, `heartbeats-${interval}s.ndjson.gz`)
      const isRecorded = existsSync(recorded)
      const recording = isRecorded ? recorded : join(folder, name, 'heartbeats-1s.ndjson.gz')
      if (!existsSync(recording)) return []
      const every = isRecorded ? 1 : interval
      const truth = JSON.parse(readFileSync(join(folder, name, 'truth.json'), 'utf8')) as Truth
      const people = sightsIn(join(folder, name, 'people.ndjson.gz'))
      const feed = () => heartbeatsOf(recording, every)
      return [{ name, recording, interval, truth, people, catalogue: caseCatalogue(recording)!, feed }]
    })
}

/** `every`: of each machine one of so many. */
async function* heartbeatsOf(recording: string, every: number): Feed {
  const counts = new Map<string, number>()
  for await (const { receivedMs, body } of mergeRecordings([recording])) {
    const { machineId } = body as { machineId: string }
    const count = counts.get(machineId) ?? 0
    counts.set(machineId, count + 1)
    if (count % every !== 0) continue
    const take = async (ctx: Context) =>
      void (await recordHeartbeat(ctx, readHeartbeat(body, { receivedMs, zone: ctx.config.timeZone })))
    yield { receivedMs, take }
  }
}

function sightsIn(path: string): Sight[] {
  if (!existsSync(path)) return []
  const rows = gunzipSync(readFileSync(path)).toString().trim().split('\n')
  return rows.map((line) => {
    const { t, id, x, y } = JSON.parse(line) as { t: number; id: string; x: number; y: number }
    return { atMs: Math.round(t * 1000), id, x, y }
  })
}

/** How far in front of a plate one stands, metres. */
const ARM_METRES = 0.45

/** The floor plan of a plates.json (where each plate is, and its front edge), by machine. Null where there is none. */
export function spotsIn(path: string): Map<string, Spot[]> | null {
  if (!existsSync(path)) return null
  const plates = JSON.parse(readFileSync(path, 'utf8')) as {
    gondola: number
    shelf: number
    plate: number
    centre: number[]
    front: number[]
  }[]
  const spots = plates.map(({ gondola, shelf, plate, centre: [cx, cy], front: [fx, fy] }) => {
    const depth = Math.hypot(fx! - cx!, fy! - cy!) || 1
    const out = (edge: number, middle: number) => edge + (ARM_METRES * (edge - middle)) / depth
    return { machineId: `G${gondola}`, spot: { scaleId: String(shelf * 100 + plate), x: out(fx!, cx!), y: out(fy!, cy!) } }
  })
  const byMachine = Map.groupBy(spots, ({ machineId }) => machineId)
  return new Map([...byMachine].map(([machineId, own]) => [machineId, own.map(({ spot }) => spot)]))
}

/** The first floor plan there is in these folders, or in one of their recordings. */
export function floorPlan(folders: string[]): Map<string, Spot[]> | null {
  const paths = folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => [folder, ...readdirSync(folder).map((name) => join(folder, name))])
  for (const path of paths) {
    const spots = spotsIn(join(path, 'plates.json'))
    if (spots) return spots
  }
  return null
}
