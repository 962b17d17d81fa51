/**
 * Machine sessions: one running per machine (the database allows no second), cut by the timetable and at each change of the store mode.
 * At a cut the last weight of each scale closes the old one and opens the new one, so no gram can fall between two.
 */
import { sql } from 'kysely'
import { type Context, type Tx, transact } from '#server/context.ts'
import { newId } from '#server/platform/ids.ts'
import { boundariesAfter } from './boundary.ts'
import { intakeOf } from './intakes.ts'
import type { MachineMemory, ScaleMemory } from './memory.ts'
import { sigmaOf } from './noise.ts'

type Cut = { machine: MachineMemory; nextId: string; atMs: number }
/** No transaction waits longer for another cut; a clock further back than that was set back. */
const LONGEST_WAIT_MS = 10_000

/**
 * Ends the running machine session of every machine (or of `only`) and starts the next, in the caller's transaction. Device messages wait
 * until that transaction is over.
 */
export async function cutMachineSessions(
  ctx: Context,
  tx: Tx,
  { storeMode, only }: { storeMode: string; only?: (machine: MachineMemory) => boolean }
): Promise<void> {
  const intake = intakeOf(ctx)
  const open = await intake.commits.close()
  const cuts = [...intake.machines.values()].filter(only ?? (() => true)).map((machine) => cutOf(machine, tx.now.getTime()))
  tx.onEnd((committed) => {
    if (committed) for (const cut of cuts) turn(ctx, cut)
    else intake.commits.distrust() // a commit whose answer was lost may have happened
    open()
  })
  if (cuts.length === 0) return
  await closeSessions(
    tx,
    cuts.map(({ machine }) => machine)
  )
  await openSessions(tx, cuts, storeMode)
  await markScales(tx, cuts)
  for (const { machine } of cuts) {
    const startedAt = new Date(machine.sessionStartedMs).toISOString()
    tx.emit('machine-session.closed', {
      machineSessionId: machine.sessionId,
      machineId: machine.machineId,
      startedAt,
      endedAt: new Date(Math.max(machine.sessionStartedMs, tx.now.getTime())).toISOString()
    })
  }
}

/** Of two cuts at once the second to commit may have begun first: its moment is then the first one's, so that sessions follow one another. */
function cutOf(machine: MachineMemory, nowMs: number): Cut {
  const isEarlier = nowMs < machine.sessionStartedMs && nowMs >= machine.sessionStartedMs - LONGEST_WAIT_MS
  return { machine, nextId: newId(), atMs: isEarlier ? machine.sessionStartedMs : nowMs }
}

/** Cuts the sessions that have lasted MACHINE_SESSION_SECONDS, by the clock that does not jump. Returns how many. */
export async function rotateMachineSessions(ctx: Context): Promise<number> {
  const intake = intakeOf(ctx)
  await intake.commits.ready()
  const lengthMs = ctx.config.machineSessionSeconds * 1000
  const isDue = (machine: MachineMemory) =>
    ctx.clock.monotonicMs() - (machine.sessionStartedMonoMs ?? Number.NEGATIVE_INFINITY) >= lengthMs
  const due = [...intake.machines.values()].filter(isDue).length
  if (due === 0) return 0
  await transact(ctx, async (tx) => {
    const { mode } = await tx.db.selectFrom('store').select('mode').executeTakeFirstOrThrow()
    await cutMachineSessions(ctx, tx, { storeMode: mode, only: isDue })
  })
  return due
}

/** The first machine session of a machine that was just onboarded, in the same transaction; one that comes back opens with its last weights. */
export async function startMachineSession(tx: Tx, machineId: string): Promise<void> {
  const id = newId()
  const storeMode = tx.db.selectFrom('store').select('mode')
  await tx.db.insertInto('machineSession').values({ id, machineId, startedAt: tx.now, storeMode }).execute()
  await sql`INSERT INTO machine_session_scale (machine_session_id, scale_id, opening_grams)
    SELECT ${id}::uuid, scale_id, weight_grams FROM scale WHERE machine_id = ${machineId}`.execute(tx.db)
}

/** The last machine session of a machine that retires, in the same transaction, while device messages wait. */
export function endMachineSession(tx: Tx, machine: MachineMemory): Promise<void> {
  return closeSessions(tx, [machine])
}

/** After a tare, until the next reading, the weight it did away with is the last one of the old zero: it closes, and opens nothing. */
const closing = ({ state, taredFromGrams }: ScaleMemory): number | null => state.weight ?? taredFromGrams
const opening = ({ state }: ScaleMemory): number | null => state.weight

async function closeSessions({ db, now }: Tx, machines: MachineMemory[]): Promise<void> {
  await sql`UPDATE machine_session SET ended_at = greatest(started_at, ${now}::timestamptz), heartbeats_seen = heartbeats_seen + cut.seen,
      heartbeats_missed = heartbeats_missed + cut.missed
    FROM unnest(${machines.map((m) => m.sessionId)}::uuid[], ${machines.map((m) => m.seen)}::int[], ${machines.map((m) => m.missed)}::int[])
      AS cut (id, seen, missed) WHERE machine_session.id = cut.id`.execute(db)
  const rows = machines.flatMap((machine) => [...machine.scales.values()].map((scale) => ({ id: machine.sessionId, scale })))
  await sql`INSERT INTO machine_session_scale (machine_session_id, scale_id, closing_grams, noise_grams, creep_grams, threshold_grams)
    SELECT * FROM unnest(${rows.map((r) => r.id)}::uuid[], ${rows.map((r) => r.scale.scaleId)}::text[], ${rows.map((r) => closing(r.scale))}::int[],
      ${rows.map((r) => sigmaOf(r.scale.state.noise))}::float8[], ${rows.map((r) => r.scale.state.creep)}::float8[], ${rows.map((r) => r.scale.thresholdGrams)}::int[])
    ON CONFLICT (machine_session_id, scale_id) DO UPDATE SET closing_grams = excluded.closing_grams, noise_grams = excluded.noise_grams,
      creep_grams = excluded.creep_grams, threshold_grams = excluded.threshold_grams`.execute(db)
}

async function openSessions({ db }: Tx, cuts: Cut[], storeMode: string): Promise<void> {
  await sql`INSERT INTO machine_session (id, machine_id, started_at, store_mode)
    SELECT id, machine_id, started_at, ${storeMode}::text FROM unnest(${cuts.map((c) => c.nextId)}::uuid[], ${cuts.map((c) => c.machine.machineId)}::text[],
      ${cuts.map((c) => new Date(c.atMs))}::timestamptz[]) AS cut (id, machine_id, started_at)`.execute(db)
  const rows = cuts.flatMap(({ machine, nextId }) => [...machine.scales.values()].map((scale) => ({ id: nextId, scale })))
  await sql`INSERT INTO machine_session_scale (machine_session_id, scale_id, opening_grams)
    SELECT * FROM unnest(${rows.map((r) => r.id)}::uuid[], ${rows.map((r) => r.scale.scaleId)}::text[], ${rows.map((r) => opening(r.scale))}::int[])`.execute(
    db
  )
}

/** What a scale keeps of the cut, where its books hang on what comes next: so that it survives a restart. */
async function markScales({ db }: Tx, cuts: Cut[]): Promise<void> {
  const isOpen = (scale: ScaleMemory) =>
    scale.state.pending !== null || scale.boundaries.length > 0 || scale.taredFromGrams !== null
  const rows = cuts.flatMap(({ machine, nextId }) => {
    const at = { closedSessionId: machine.sessionId, openedSessionId: nextId }
    const mark = (scale: ScaleMemory) => JSON.stringify({ boundaries: boundariesAfter(scale, at), taredFromGrams: null })
    return [...machine.scales.values()]
      .filter(isOpen)
      .map((scale) => ({ machineId: machine.machineId, scaleId: scale.scaleId, mark: mark(scale) }))
  })
  if (rows.length === 0) return
  await sql`UPDATE scale SET detector = detector || cut.mark
    FROM unnest(${rows.map((r) => r.machineId)}::text[], ${rows.map((r) => r.scaleId)}::text[], ${rows.map((r) => r.mark)}::jsonb[]) AS cut (machine_id, scale_id, mark)
    WHERE scale.machine_id = cut.machine_id AND scale.scale_id = cut.scale_id`.execute(db)
}

/** Memory follows the committed cut. */
function turn(ctx: Context, { machine, nextId, atMs }: Cut): void {
  const closedSessionId = machine.sessionId
  Object.assign(machine, {
    sessionId: nextId,
    sessionStartedMs: atMs,
    sessionStartedMonoMs: ctx.clock.monotonicMs(),
    seen: 0,
    missed: 0
  })
  for (const scale of machine.scales.values()) {
    scale.boundaries = boundariesAfter(scale, { closedSessionId, openedSessionId: nextId })
    scale.taredFromGrams = null
    scale.state = { ...scale.state, creep: 0 }
  }
}
