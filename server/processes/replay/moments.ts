/** What a recorded day consists of, moment by moment: heartbeats from files; who came and went, store modes and positions beside them. */
import type { StoreMode, UserRole } from '#contracts/api/store.ts'
import type { Person } from '#contracts/device/positions.ts'
import type { Pass } from './doors.ts'
import { merge, type Recorded } from './files.ts'

export type Moment = { receivedMs: number } & (
  | { kind: 'heartbeat'; body: unknown }
  | { kind: 'door'; pass: Pass }
  | { kind: 'mode'; mode: StoreMode }
  | { kind: 'sighting'; trackerId: string; people: Person[] }
)
export type Visit = {
  id: string
  role: UserRole
  enteredAt: Date
  exitedAt: Date | null
  entryScannerId: string | null
  exitScannerId: string | null
}
/** What happened beside the heartbeats. */
export type Beside = { visits: Visit[]; modes: { mode: StoreMode; at: Date }[]; sightings: AsyncGenerator<Moment> }

/** Who leaves so soon after the last heartbeat still belongs to the day. */
const LEAVES_WITHIN_MS = 60_000

/**
 * The moments of a day, oldest first: it begins with the first heartbeat (who came before is inside by then) and ends with the last.
 * Of one moment: modes, doors, positions, heartbeats.
 */
export async function* momentsOf(beats: AsyncGenerator<Recorded>, beside: Beside): AsyncGenerator<Moment> {
  const end = { lastMs: 0, isOver: false }
  async function* heartbeats(): AsyncGenerator<Moment> {
    for await (const beat of beats) {
      end.lastMs = Math.max(end.lastMs, beat.receivedMs)
      yield { kind: 'heartbeat', ...beat }
    }
    end.isOver = true
  }
  const modes = beside.modes.map(({ mode, at }): Moment => ({ kind: 'mode', mode, receivedMs: at.getTime() }))
  const sources = [each(modes), each(passesOf(beside.visits)), beside.sightings, heartbeats()]
  for await (const moment of merge(sources)) {
    if (end.isOver && moment.receivedMs > end.lastMs + LEAVES_WITHIN_MS) return
    yield moment
  }
}

async function* each<T>(items: T[]): AsyncGenerator<T> {
  yield* items
}

/** In the throw-away store a visit is a user of its own: a person who comes twice, or was forgotten since, is then no matter. */
function passesOf(visits: Visit[]): Moment[] {
  const passes = visits.flatMap(({ id: userId, role, enteredAt, exitedAt, entryScannerId, exitScannerId }): Moment[] => {
    const entry = { userId, role, isEntry: true, scannerId: entryScannerId }
    const exit = { userId, role, isEntry: false, scannerId: exitScannerId }
    return [
      { kind: 'door', receivedMs: enteredAt.getTime(), pass: entry },
      ...(exitedAt ? [{ kind: 'door' as const, receivedMs: exitedAt.getTime(), pass: exit }] : [])
    ]
  })
  return passes.sort((a, b) => a.receivedMs - b.receivedMs)
}
