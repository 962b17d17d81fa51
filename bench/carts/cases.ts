/** Labelled cases as they lie in a folder: what machines said, what stands where, who walked where, and what truly happened. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

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
export type Case = { name: string; recording: string; interval: number; truth: Truth; people: Sight[] }
export const scaleOf = ({ shelf }: TrueEvent, plate: string): string => String(shelf * 100 + Number(plate))

/** The cases of a folder at one interval between heartbeats (seconds), in the order of their names. */
export function casesIn(folder: string, interval: number): Case[] {
  return readdirSync(folder)
    .toSorted()
    .flatMap((name) => {
      const recording = join(folder, name, `heartbeats-${interval}s.ndjson.gz`)
      if (!existsSync(recording)) return []
      const truth = JSON.parse(readFileSync(join(folder, name, 'truth.json'), 'utf8')) as Truth
      return [{ name, recording, interval, truth, people: sightsIn(join(folder, name, 'people.ndjson.gz')) }]
    })
}

function sightsIn(path: string): Sight[] {
  if (!existsSync(path)) return []
  const rows = gunzipSync(readFileSync(path)).toString().trim().split('\n')
  return rows.map((line) => {
    const { t, id, x, y } = JSON.parse(line) as { t: number; id: string; x: number; y: number }
    return { atMs: Math.round(t * 1000), id, x, y }
  })
}
