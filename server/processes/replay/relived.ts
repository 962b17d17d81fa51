/**
 * A throw-away store that lives a recorded day again, on the clock of the recording: heartbeats, codes, positions and store modes come in
 * by the doors of the real store, the timetable has its turns, and in the end it is known what the store would have made of the day.
 */
import type { Config } from '#server/config.ts'
import { SYSTEM } from '#server/context.ts'
import { isOnboarded, putMachinePlace, recordHeartbeat } from '#server/domain/iot/actions.ts'
import { attachLateEvidence, inferMovements, reviewEmptyTickets } from '#server/domain/ticket/actions.ts'
import { addTracker, changeStoreMode } from '#server/domain/user/actions.ts'
import { readHeartbeat } from '#server/ingest/heartbeat.ts'
import { handlePositions } from '#server/ingest/positions.ts'
import { Invalid, Refused } from '#server/platform/errors.ts'
import { addProducts, type Catalogue, onboard } from './catalogue.ts'
import { openDoors } from './doors.ts'
import type { Moment } from './moments.ts'
import type { FloorPlan } from './own-day.ts'
import { BEAT_MS, beat, closeBooks, IN_FLIGHT, nextBeat } from './run.ts'
import { openScratchStore } from './scratch.ts'

export type Opening = { url: string; start: Date; catalogue: Catalogue | null; plan: FloorPlan }

/** Tickets that wait only for time to pass are looked at so often. */
const REVIEW_EVERY_MS = 5000
/** After the last moment: what is pending stands (10 s), the books are closed, and tickets have their time to complete themselves. */
const AFTER_MS = { settled: 10_000, reviewed: 60_000 }

/** Opens the store. Disposal drops everything it made. */
export async function openRelivedStore(config: Config, { url, start, catalogue, plan }: Opening) {
  await using stack = new AsyncDisposableStack()
  const store = stack.use(await openScratchStore(config, { url, start }))
  const { ctx, clock } = store
  const productIds = await addProducts(ctx, catalogue?.products ?? [])
  const doors = await openDoors(ctx, plan.places)
  const trackers = new Map<string, string>()
  const left = { heartbeats: 0, passes: 0, others: 0 } // what the throw-away store did not take
  let beatMs = start.getTime()
  let flight: Promise<void>[] = []
  let isNews = true
  const offNudge = ctx.events.onNudge(() => {
    isNews = true
  })
  stack.defer(offNudge)

  /** Waits until what was taken is committed: whatever looks at rows sees all of it, in both stores of a comparison alike. */
  async function landed(): Promise<void> {
    await Promise.all(flight)
    flight = []
  }

  /** What the timetable does whenever there is news, until there is none. */
  async function follow(): Promise<void> {
    await landed()
    for (let done = 1; done > 0 || !(await ctx.events.isCaughtUp()); )
      done = (await inferMovements(ctx)) + (await attachLateEvidence(ctx)) + (await reviewEmptyTickets(ctx))
    isNews = false
  }

  async function live(untilMs: number): Promise<void> {
    for (; beatMs + BEAT_MS <= untilMs; beatMs = nextBeat(beatMs, untilMs)) {
      await landed()
      await beat(store, beatMs + BEAT_MS)
      if (isNews) await follow()
      else if (Math.floor(beatMs / REVIEW_EVERY_MS) !== Math.floor((beatMs + BEAT_MS) / REVIEW_EVERY_MS))
        await reviewEmptyTickets(ctx)
    }
    clock.advance(new Date(untilMs))
  }

  async function heartbeat(receivedMs: number, body: unknown): Promise<void> {
    const message = readHeartbeat(body, { receivedMs, zone: config.timeZone })
    const { machineId } = message
    if (!isOnboarded(ctx, machineId)) {
      await landed()
      await onboard(ctx, machineId, { facings: catalogue?.facings.get(machineId) ?? [], productIds })
      const spots = plan.spots.get(machineId)
      if (spots) await putMachinePlace(ctx, SYSTEM, { machineId, spots })
    }
    const durable = recordHeartbeat(ctx, message)
    if (!durable) return
    durable.catch(() => {}) // said where it is waited for
    flight.push(durable.catch(passOver('heartbeats')))
    if (flight.length >= IN_FLIGHT) await landed()
  }

  /** What a door of the store would refuse now, it refused then, or it is no matter: counted, and nothing comes of it. */
  const passOver = (what: keyof typeof left) => (error: unknown) => {
    if (!(error instanceof Invalid || error instanceof Refused)) throw error
    left[what] += 1
  }

  async function happen(moment: Exclude<Moment, { kind: 'heartbeat' }>): Promise<void> {
    if (moment.kind === 'mode') await changeStoreMode(ctx, SYSTEM, { mode: moment.mode, force: true })
    else if (moment.kind === 'door') {
      await follow()
      await doors.pass(moment.pass)
    } else {
      const { trackerId, people, receivedMs } = moment
      const deviceId = trackers.get(trackerId) ?? (await addTracker(ctx, SYSTEM, { name: trackerId })).id
      trackers.set(trackerId, deviceId)
      const body = { at: new Date(receivedMs).toISOString(), people }
      await handlePositions(ctx, { deviceId, body, receivedMs, isDuplicate: false })
    }
  }

  const resources = stack.move()
  return {
    ctx,
    left,
    /** Lives until a moment, and lets it happen. */
    async take(moment: Moment): Promise<void> {
      await live(moment.receivedMs)
      if (moment.kind === 'heartbeat') return heartbeat(moment.receivedMs, moment.body).catch(passOver('heartbeats'))
      await landed()
      await happen(moment).catch(passOver(moment.kind === 'door' ? 'passes' : 'others'))
    },
    /** Ends the day. */
    async end(): Promise<void> {
      const lastMs = clock.now().getTime()
      await live(lastMs + AFTER_MS.settled)
      await closeBooks(store)
      for (let ms = BEAT_MS; ms <= AFTER_MS.reviewed; ms += BEAT_MS) await live(lastMs + AFTER_MS.settled + ms)
      await follow()
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync()
  }
}
export type RelivedStore = Awaited<ReturnType<typeof openRelivedStore>>
