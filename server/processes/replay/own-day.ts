/** What the store's own database remembers of a day beside its heartbeats. Only read: nothing of the real store is changed. */
import pg from 'pg'
import type { StoreMode } from '#contracts/api/store.ts'
import type { Person } from '#contracts/device/positions.ts'
import type { Places } from './doors.ts'
import type { Beside, Moment, Visit } from './moments.ts'

export type Spot = { scaleId: string; x: number; y: number }
/** Where things stand on the floor plan: by machine, and by scanner. */
export type FloorPlan = { spots: ReadonlyMap<string, Spot[]>; places: Places }
export type OwnDay = Beside & { plan: FloorPlan }
type Span = { from: Date; to: Date }

export const NO_PLAN: FloorPlan = { spots: new Map(), places: new Map() }
const PAGE = 5000

/** Opens the store's database to read: it is a session in which nothing can be written. The stack closes it. */
export async function openOwnStore(url: string, stack: AsyncDisposableStack): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'niflr-replay',
    options: '-c default_transaction_read_only=on'
  })
  client.on('error', () => {}) // the next query says so
  await client.connect()
  stack.defer(() => client.end())
  return client
}

/** Visits that reach into a span, store modes (the one it began in first), positions and the floor plan. */
export async function readOwnDay(store: pg.Client, { from, to }: Span): Promise<OwnDay> {
  const visits = await store.query<Visit>(
    `SELECT id, role, entered_at AS "enteredAt", exited_at AS "exitedAt", entry_scanner_id AS "entryScannerId",
       exit_scanner_id AS "exitScannerId"
     FROM visit WHERE tstzrange(entered_at, exited_at, '[]') && tstzrange($1, $2, '[]') ORDER BY entered_at, id`,
    [from, to]
  )
  const modes = await store.query<{ mode: StoreMode; at: Date }>(
    `(SELECT to_mode AS mode, at FROM store_mode_change WHERE at <= $1 ORDER BY at DESC LIMIT 1)
     UNION ALL (SELECT to_mode, at FROM store_mode_change WHERE at > $1 AND at <= $2 ORDER BY at)`,
    [from, to]
  )
  return { visits: visits.rows, modes: modes.rows, sightings: sightings(store, { from, to }), plan: await floorPlan(store) }
}

async function* sightings(store: pg.Client, { from, to }: Span): AsyncGenerator<Moment> {
  type Row = { id: string; exactAt: string; at: Date; trackerId: string; people: Person[] }
  let after = { exactAt: from.toISOString(), id: '0' }
  for (;;) {
    const { rows } = await store.query<Row>(
      `SELECT id::text, at::text AS "exactAt", at, tracker_id AS "trackerId", people FROM sighting
       WHERE (at, id) > ($1::timestamptz, $2::bigint) AND at <= $3 ORDER BY at, id LIMIT ${PAGE}`,
      [after.exactAt, after.id, to]
    )
    for (const { at, trackerId, people } of rows) yield { kind: 'sighting', receivedMs: at.getTime(), trackerId, people }
    const last = rows.at(-1)
    if (!last || rows.length < PAGE) return
    after = last
  }
}

async function floorPlan(store: pg.Client): Promise<FloorPlan> {
  const spots = await store.query<Spot & { machineId: string }>(
    'SELECT machine_id AS "machineId", scale_id AS "scaleId", x, y FROM scale_spot ORDER BY machine_id, scale_id'
  )
  const places = await store.query<{ id: string; x: number; y: number }>(
    'SELECT id, x, y FROM scanner WHERE x IS NOT NULL AND y IS NOT NULL'
  )
  const byMachine = Map.groupBy(spots.rows, ({ machineId }) => machineId)
  return {
    spots: new Map([...byMachine].map(([id, own]) => [id, own.map(({ scaleId, x, y }) => ({ scaleId, x, y }))])),
    places: new Map(places.rows.map(({ id, x, y }) => [id, { x, y }]))
  }
}

/** Weight changes of a span that did not come of heartbeats, by machine: what they came of is not recorded. */
export async function unrecordedChanges(store: pg.Client, { from, to }: Span): Promise<{ machineId: string; changes: number }[]> {
  const { rows } = await store.query(
    `SELECT machine_id AS "machineId", count(*)::int AS changes FROM weight_change
     WHERE withdrawn_at IS NULL AND source <> 'heartbeat' AND occurred_at >= $1 AND occurred_at <= $2 GROUP BY 1 ORDER BY 1`,
    [from, to]
  )
  return rows
}
