/**
 * One case through the whole store on its own clock: shoppers show codes at the doors, machines send heartbeats, the timetable does its
 * work each second; what comes out are movements, tickets and what they propose.
 */
import type { Movement } from '#contracts/api/movements.ts'
import type { Ticket } from '#contracts/api/tickets.ts'
import { readConfig } from '#server/config.ts'
import { type Context, SYSTEM } from '#server/context.ts'
import { listProducts } from '#server/domain/catalog/actions.ts'
import { isOnboarded, listWeightChanges, putMachinePlace, type ShelfChange } from '#server/domain/iot/actions.ts'
import { listMovements, listTickets } from '#server/domain/ticket/actions.ts'
import { addTracker, changeStoreMode } from '#server/domain/user/actions.ts'
import { handlePositions } from '#server/ingest/positions.ts'
import { drainJobs } from '#server/jobs/index.ts'
import { newId } from '#server/platform/ids.ts'
import { addProducts, onboard } from '#server/processes/replay/catalogue.ts'
import { openDoors } from '#server/processes/replay/doors.ts'
import { openScratchStore, type ScratchStore } from '#server/processes/replay/scratch.ts'
import type { Case, Sight, Spot } from './cases.ts'

export type Played = {
  changes: ShelfChange[]
  movements: Movement[]
  tickets: Ticket[]
  visits: Map<string, string>
  skus: Map<string, string>
  looks: Looks
}
/** How often inference looked, for how long in all, and how often for at most 1 and 20 ms. */
export type Looks = { count: number; ms: number; within1: number; within20: number }
/** `spots`: where one stands to reach each scale, when a tracker is to tell where people stand. */
export type Stage = { url: string; dataDir: string; spots: Map<string, Spot[]> | null; env?: Record<string, string> }
/** What of a case is played; the rest is to judge by. */
export type Playable = Pick<Case, 'people' | 'catalogue' | 'feed'> & { truth: Pick<Case['truth'], 't0' | 'in_store'> }
type Door = { atMs: number; shopper: string; isEntry: boolean }

/** Until all that is waited for has come, or is waited for no longer. */
const AFTER_MS = 60_000

/** Plays a case in a scratch store and returns what the store made of it; shoppers are named as in the truth, products by SKU. */
export async function play(
  { truth, people, catalogue, feed }: Playable,
  { url, dataDir, spots, env = {} }: Stage
): Promise<Played> {
  const config = readConfig({ DATA_DIR: dataDir, AUTO_REVIEW: 'confident', AUTO_REVIEW_SAMPLE: '0', ...env })
  const start = new Date(truth.t0 * 1000 - 60_000)
  await using store = await openScratchStore(config, { url, start })
  const { ctx } = store
  const productIds = await addProducts(ctx, catalogue.products)
  for (const [machineId, facings] of catalogue.facings) await onboard(ctx, machineId, { facings, productIds })
  const doors = await openShop(ctx)
  const see = spots ? await openEyes(ctx, { spots, people }) : async () => {}
  const visits = new Map<string, string>()
  const queue = doorsOf(truth)
  const pass = async (untilMs: number) => {
    for (; queue.length > 0 && queue[0]!.atMs <= untilMs; queue.shift()) await doors.pass(store, queue[0]!, visits)
  }
  for await (const { receivedMs, take } of feed()) {
    await see(receivedMs, store)
    await pass(receivedMs)
    store.clock.advance(new Date(receivedMs))
    await take(ctx)
  }
  await see(Number.POSITIVE_INFINITY, store)
  await pass(Number.POSITIVE_INFINITY)
  store.clock.advance(new Date(store.clock.now().getTime() + AFTER_MS))
  await drainJobs(ctx)
  const { items: products } = await listProducts(ctx, { limit: 200 })
  const names = new Map([
    ...products.map(({ id, sku }) => [id, sku] as const),
    ...[...productIds].map(([sku, id]) => [id, sku] as const)
  ])
  return {
    changes: await all((page) => listWeightChanges(ctx, page)),
    movements: (await all((page) => listMovements(ctx, page))).toReversed(),
    tickets: await all((page) => listTickets(ctx, page)),
    visits,
    skus: names,
    looks: looksIn(await ctx.metrics.text())
  }
}

function looksIn(figures: string): Looks {
  const value = (name: string) =>
    Number(
      figures
        .split('\n')
        .find((line) => line.startsWith(`niflr_inference_seconds_${name} `))
        ?.split(' ')
        .at(-1) ?? 0
    )
  const within = (le: string) => value(`bucket{le="${le}"}`)
  return { count: value('count'), ms: 1000 * value('sum'), within1: within('0.001'), within20: within('0.02') }
}

function doorsOf({ in_store: stays }: Playable['truth']): Door[] {
  const doors = Object.entries(stays).flatMap(([shopper, [entered, left]]) => [
    { atMs: Math.round(entered * 1000), shopper, isEntry: true },
    { atMs: Math.round(left * 1000), shopper, isEntry: false }
  ])
  return doors.sort((a, b) => a.atMs - b.atMs)
}

async function openShop(ctx: Context) {
  const doors = await openDoors(ctx)
  await changeStoreMode(ctx, SYSTEM, { mode: 'CUSTOMER_MODE' })
  const ids = new Map<string, string>()
  return {
    /** Somebody shows a code at the time of the case; what was waiting to be done is done first and after. */
    async pass({ clock }: ScratchStore, { atMs, shopper, isEntry }: Door, visits: Map<string, string>): Promise<void> {
      clock.advance(new Date(atMs))
      const userId = ids.get(shopper) ?? newId()
      ids.set(shopper, userId)
      const visitId = await doors.pass({ userId, role: 'customer', isEntry, scannerId: isEntry ? 'in' : 'out' })
      if (isEntry) visits.set(visitId, shopper)
      await drainJobs(ctx)
    }
  }
}

/** A tracker that says where everybody stands, moment by moment, until a time. */
async function openEyes(ctx: Context, { spots, people }: { spots: Map<string, Spot[]>; people: Sight[] }) {
  const { id } = await addTracker(ctx, SYSTEM, { name: 'tracker' })
  for (const [machineId, own] of spots)
    if (isOnboarded(ctx, machineId)) await putMachinePlace(ctx, SYSTEM, { machineId, spots: own })
  const moments = [...Map.groupBy(people, (sight) => sight.atMs)].sort(([a], [b]) => a - b)
  return async (untilMs: number, { clock }: ScratchStore): Promise<void> => {
    for (; moments.length > 0 && moments[0]![0] <= untilMs; moments.shift()) {
      const [atMs, seen] = moments[0]!
      const body = { at: new Date(atMs).toISOString(), people: seen.map(({ id: trackId, x, y }) => ({ trackId, x, y })) }
      await handlePositions(ctx, { deviceId: id, body, receivedMs: Math.max(atMs, clock.now().getTime()), isDuplicate: false })
    }
  }
}

async function all<T>(
  page: (query: { limit: number; cursor?: string }) => Promise<{ items: T[]; nextCursor: string | null }>
): Promise<T[]> {
  const items: T[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const next = await page({ limit: 200, ...(cursor && { cursor }) })
    items.push(...next.items)
    cursor = next.nextCursor
  }
  return items
}
