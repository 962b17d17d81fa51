/** Runs recorded heartbeats through the store's own code, on the file's own clock, as fast as it goes. */
import type { Config } from '#server/config.ts'
import { transact } from '#server/context.ts'
import {
  cutMachineSessions,
  recordHeartbeat,
  rotateMachineSessions,
  settleOverdueChanges,
  watchMachines
} from '#server/domain/iot/actions.ts'
import { readHeartbeat } from '#server/ingest/heartbeat.ts'
import { addProducts, type Catalogue, onboard } from './catalogue.ts'
import type { Recorded } from './files.ts'
import { openScratchStore, type ScratchStore } from './scratch.ts'

export const BEAT_MS = 1000
export const IN_FLIGHT = 200

/** Opens a scratch store, feeds it everything and lets what is pending stand. The caller disposes it after reading what came out. */
export async function replay(
  config: Config,
  { url, recordings, catalogue }: { url: string; recordings: AsyncIterable<Recorded>; catalogue: Catalogue | null }
): Promise<{ store: ScratchStore; heartbeats: number; from: Date; to: Date } | null> {
  let store: ScratchStore | null = null
  let products = new Map<string, string>()
  let heartbeats = 0
  let from = new Date(0)
  let beatMs = 0
  let flight: (Promise<void> | null)[] = []
  try {
    for await (const { receivedMs, body } of recordings) {
      if (!store) {
        from = new Date(receivedMs)
        beatMs = receivedMs
        store = await openScratchStore(config, { url, start: from })
        products = await addProducts(store.ctx, catalogue?.products ?? [])
      }
      for (; beatMs + BEAT_MS <= receivedMs; beatMs = nextBeat(beatMs, receivedMs)) await beat(store, beatMs + BEAT_MS)
      store.clock.advance(new Date(receivedMs))
      const message = readHeartbeat(body, { receivedMs, zone: config.timeZone })
      await onboard(store.ctx, message.machineId, {
        facings: catalogue?.facings.get(message.machineId) ?? [],
        productIds: products
      })
      flight.push(recordHeartbeat(store.ctx, message))
      heartbeats += 1
      if (flight.length < IN_FLIGHT) continue
      await Promise.all(flight)
      flight = []
    }
    await Promise.all(flight)
    if (!store) return null
    const to = store.clock.now()
    await beat(store, to.getTime() + 10 * BEAT_MS)
    await closeBooks(store)
    return { store, heartbeats, from, to }
  } catch (error) {
    await store?.[Symbol.asyncDispose]()
    throw error
  }
}

/** The recording ends here: what still runs is closed, so that its books can be held against each other. */
export async function closeBooks({ ctx }: ScratchStore): Promise<void> {
  await transact(ctx, (tx) => cutMachineSessions(ctx, tx, { storeMode: 'MAINTENANCE_MODE' }))
}

/** Second by second while things happen; a night without heartbeats is passed over in one step. */
export const nextBeat = (beatMs: number, receivedMs: number): number =>
  receivedMs - beatMs > 60 * BEAT_MS ? receivedMs - 30 * BEAT_MS : beatMs + BEAT_MS

/** What the timetable does each second, on the file's clock. */
export async function beat({ ctx, clock }: ScratchStore, atMs: number): Promise<void> {
  clock.advance(new Date(atMs))
  await settleOverdueChanges(ctx)
  await rotateMachineSessions(ctx)
  await watchMachines(ctx)
}
