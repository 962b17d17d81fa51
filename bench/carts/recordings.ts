/** Real recordings of load cells: samples at 60 Hz of every plate, sent as machines send them, with what truly happened. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Context } from '#server/context.ts'
import { handleSamples } from '#server/ingest/samples.ts'
import type { Case, Feed, Truth } from './cases.ts'

type Reading = { t: number; gondola: number; shelf: number; plate: number; samples_g: number[] }
type Facing = { product: string; gondola: number; shelf: number; plates: number[] }
type Product = { id: string; name: string; weight_g: number | null; price: number | null }
type Labels = {
  shoppers: string[]
  events: (Omit<Truth['events'][number], 'true_step_g' | 'true_plate_share'> & { measured_step_g: number })[]
  receipts: Truth['receipts']
}

const RATE_HZ = 60
/** Shoppers come in before the recording begins, and leave after it ends. */
const AROUND_SECONDS = 2

/** The recordings in a folder: those of its folders that hold readings, a planogram, products and labels. */
export function recordingsIn(folder: string): Case[] {
  return readdirSync(folder)
    .toSorted()
    .map((name) => join(folder, name))
    .filter((path) =>
      ['readings.ndjson.gz', 'planogram.json', 'products.json', 'ground_truth.json'].every((file) => existsSync(join(path, file)))
    )
    .map(recordingIn)
}

function recordingIn(path: string): Case {
  const json = <T>(file: string): T => JSON.parse(readFileSync(join(path, file), 'utf8'))
  const readings: Reading[] = gunzipSync(readFileSync(join(path, 'readings.ndjson.gz')))
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const { shoppers, events, receipts } = json<Labels>('ground_truth.json')
  const [t0, end] = [Math.min(...readings.map(({ t }) => t)), Math.max(...readings.map(({ t }) => t))]
  const stay: [number, number] = [t0 - AROUND_SECONDS, end + AROUND_SECONDS]
  const truth: Truth = {
    t0,
    shoppers,
    in_store: Object.fromEntries(shoppers.map((shopper) => [shopper, stay])),
    events: events.map((event) => ({ ...event, true_step_g: event.measured_step_g, true_plate_share: {} })),
    receipts
  }
  return {
    name: path.split('/').at(-1)!,
    interval: 1,
    truth,
    people: [],
    catalogue: catalogueOf(json('products.json'), json('planogram.json')),
    feed: () => feedOf(readings)
  }
}

function catalogueOf(products: Product[], planogram: Facing[]): Case['catalogue'] {
  const known = products.filter(({ weight_g: grams }) => grams !== null && grams >= 10) // lighter is a wrong unit, not a product
  const facings = planogram
    .filter(({ product }) => known.some(({ id }) => id === product))
    .map(({ product: sku, gondola, shelf, plates }) => ({
      machineId: `G${gondola}`,
      sku,
      scaleIds: plates.map((plate) => String(100 * shelf + plate))
    }))
  return {
    products: known.map(({ id: sku, name, weight_g: grams, price }) => ({
      sku,
      name,
      weightGrams: Math.round(grams!),
      priceMinor: Math.round(100 * (price ?? 0))
    })),
    facings: Map.groupBy(facings, ({ machineId }) => machineId)
  }
}

async function* feedOf(readings: Reading[]): Feed {
  const messages = Map.groupBy(readings, ({ t, gondola }) => `${t} ${gondola}`)
  for (const rows of [...messages.values()].sort(([a], [b]) => a!.t - b!.t)) {
    const { t, gondola } = rows[0]!
    const scales = Object.fromEntries(rows.map(({ shelf, plate, samples_g: grams }) => [String(100 * shelf + plate), grams]))
    const receivedMs = Math.round(1000 * (t + rows[0]!.samples_g.length / RATE_HZ))
    const body = { at: new Date(1000 * t).toISOString(), rateHz: RATE_HZ, scales }
    const take = async (ctx: Context) =>
      void (await handleSamples(ctx, { deviceId: `G${gondola}`, body, receivedMs, isDuplicate: false }))
    yield { receivedMs, take }
  }
}
