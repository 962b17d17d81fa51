/** The ingest path's only write: one statement, one round trip, one commit, whatever arrived together. SQL by hand, measured in docs/performance.md. */
import pg from 'pg'
import { outliveConnections, type Pool, violates } from '#server/platform/database.ts'
import { Unavailable } from '#server/platform/errors.ts'
import type { Batch } from './batch.ts'
import { offsetOf } from './device-clock.ts'
import type { MachineMemory, ScaleMemory } from './memory.ts'
import { sigmaOf } from './noise.ts'

/** Each part is a no-op when its arrays are empty; a row that was withdrawn, or is newer in the database, is left alone. */
const WRITE = `
WITH recorded AS (
  INSERT INTO weight_change (id, machine_id, scale_id, status, grams, weight_before, weight_after, occurred_at, occurred_from, received_at,
    machine_session_id, source, settled, found_late, version, withdrawn_at, boot_epoch, seq, device_change_id)
  SELECT id, machine_id, scale_id, CASE WHEN grams < 0 THEN 'PICKED' ELSE 'PLACED' END, abs(grams), before, after, occurred_at, occurred_from, received_at,
    machine_session_id, source, settled, found_late, version, withdrawn_at, boot_epoch, seq, device_change_id
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::int[], $6::int[], $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::uuid[],
    $11::text[], $12::bool[], $13::bool[], $14::int[], $15::timestamptz[], $16::int[], $17::bigint[], $18::text[])
    AS row (id, machine_id, scale_id, grams, before, after, occurred_at, occurred_from, received_at, machine_session_id,
    source, settled, found_late, version, withdrawn_at, boot_epoch, seq, device_change_id)
), revised AS (
  UPDATE weight_change SET version = row.version, settled = row.settled,
    status = CASE WHEN row.withdrawn THEN status WHEN row.grams < 0 THEN 'PICKED' ELSE 'PLACED' END,
    grams = CASE WHEN row.withdrawn THEN weight_change.grams ELSE abs(row.grams) END,
    weight_before = CASE WHEN row.withdrawn THEN weight_before ELSE row.before END,
    weight_after = CASE WHEN row.withdrawn THEN weight_after ELSE row.after END,
    withdrawn_at = CASE WHEN row.withdrawn THEN $19::timestamptz END,
    source = CASE WHEN row.claimed THEN 'device' ELSE source END,
    device_change_id = coalesce(row.device_change_id, weight_change.device_change_id)
  FROM unnest($20::uuid[], $21::int[], $22::int[], $23::int[], $24::bool[], $25::int[], $26::bool[], $27::bool[], $28::text[])
    AS row (id, grams, before, after, settled, version, withdrawn, claimed, device_change_id)
  WHERE weight_change.id = row.id AND weight_change.version < row.version AND weight_change.withdrawn_at IS NULL
), scales AS (
  INSERT INTO scale (machine_id, scale_id, weight_grams, baseline_grams, noise_grams, threshold_grams, last_reading_at, last_change_at, detector, created_at)
  SELECT machine_id, scale_id, weight, baseline, noise, threshold, read_at, CASE WHEN changed THEN $19 END, detector, $19
  FROM unnest($29::text[], $30::text[], $31::int[], $32::float8[], $33::float8[], $34::int[], $35::timestamptz[], $36::bool[], $37::jsonb[])
    AS row (machine_id, scale_id, weight, baseline, noise, threshold, read_at, changed, detector)
  ON CONFLICT (machine_id, scale_id) DO UPDATE SET weight_grams = excluded.weight_grams, baseline_grams = excluded.baseline_grams,
    noise_grams = excluded.noise_grams, threshold_grams = excluded.threshold_grams, last_reading_at = excluded.last_reading_at,
    last_change_at = coalesce(excluded.last_change_at, scale.last_change_at), detector = excluded.detector
), machines AS (
  UPDATE machine SET last_heartbeat_at = row.seen_at, usual_interval_ms = row.interval_ms, clock_offset_ms = row.offset_ms, boot_id = row.boot_id,
    past_boot_ids = coalesce((SELECT array_agg(id) FROM jsonb_array_elements_text(row.past_boot_ids) AS id), '{}'),
    boot_epoch = row.epoch, last_seq = row.seq, last_device_at = row.device_at, online = row.online
  FROM unnest($38::text[], $39::timestamptz[], $40::int[], $41::int[], $42::text[], $43::jsonb[], $44::int[], $45::bigint[], $46::timestamptz[], $47::bool[])
    AS row (machine_id, seen_at, interval_ms, offset_ms, boot_id, past_boot_ids, epoch, seq, device_at, online)
  WHERE machine.machine_id = row.machine_id
), sessions AS (
  UPDATE machine_session SET heartbeats_seen = heartbeats_seen + row.seen, heartbeats_missed = heartbeats_missed + row.missed
  FROM unnest($48::uuid[], $49::int[], $50::int[]) AS row (id, seen, missed) WHERE machine_session.id = row.id
), opened AS (
  INSERT INTO machine_session_scale (machine_session_id, scale_id, opening_grams) SELECT * FROM unnest($51::uuid[], $52::text[], $53::int[])
  ON CONFLICT (machine_session_id, scale_id) DO UPDATE SET opening_grams = coalesce(machine_session_scale.opening_grams, excluded.opening_grams)
), moved AS (
  UPDATE machine_session_scale SET opening_grams = opening_grams + opening, closing_grams = closing_grams + closing
  FROM (
    SELECT session, row.scale_id, coalesce(sum(grams) FILTER (WHERE side = 'opened'), 0) AS opening, coalesce(sum(grams) FILTER (WHERE side = 'closed'), 0) AS closing
    FROM unnest($54::uuid[], $55::uuid[], $56::text[], $57::int[]) AS row (closed, opened, scale_id, grams),
      LATERAL (VALUES ('closed', closed), ('opened', opened)) AS at (side, session) GROUP BY session, row.scale_id
  ) AS move WHERE machine_session_scale.machine_session_id = move.session AND machine_session_scale.scale_id = move.scale_id
)
INSERT INTO event_log (name, payload, at) SELECT name, payload, $19 FROM unnest($58::text[], $59::jsonb[]) WITH ORDINALITY AS event (name, payload, n) ORDER BY n`

/** A connection that nobody else uses: transactions that wait for a commit may hold all those of `pool`. */
export function ownConnection({ options }: Pool): Pool {
  const own = new pg.Pool({ ...options, max: 1, allowExitOnIdle: true })
  outliveConnections(own)
  return own
}

/**
 * Writes a batch durably. Throws what the database said; then nothing of it happened. Unavailable: a message of it is there already, by a
 * commit whose answer was lost; memory is read again, and the message is old when it comes again.
 */
export async function writeBatch(pool: Pool, batch: Batch, now: Date): Promise<void> {
  const values = [
    ...inserts(batch, now),
    now,
    ...updates(batch),
    ...scales(batch),
    ...machines(batch),
    ...openings(batch),
    ...events(batch)
  ]
  try {
    await pool.query({ name: 'write-batch', text: WRITE, values })
  } catch (error) {
    const isThere = violates(error, 'weight_change_message') || violates(error, 'weight_change_device')
    throw isThere ? new Unavailable('an earlier commit of this was still under way', error) : error
  }
}

function inserts(batch: Batch, now: Date): unknown[] {
  const rows = [...batch.inserts.values()]
  return [
    rows.map((r) => r.id),
    rows.map((r) => r.machineId),
    rows.map((r) => r.scaleId),
    rows.map((r) => r.grams),
    rows.map((r) => r.before),
    rows.map((r) => r.after),
    rows.map((r) => r.occurredAt),
    rows.map((r) => r.occurredFrom),
    rows.map((r) => r.receivedAt),
    rows.map((r) => r.machineSessionId),
    rows.map((r) => r.source),
    rows.map((r) => r.settled),
    rows.map((r) => r.foundLate),
    rows.map((r) => r.version),
    rows.map((r) => (r.withdrawn ? now : null)),
    rows.map((r) => r.bootEpoch),
    rows.map((r) => r.seq),
    rows.map((r) => r.deviceChangeId)
  ]
}

function updates(batch: Batch): unknown[] {
  const rows = [...batch.updates.values()]
  return [
    rows.map((r) => r.id),
    rows.map((r) => r.grams),
    rows.map((r) => r.before),
    rows.map((r) => r.after),
    rows.map((r) => r.settled),
    rows.map((r) => r.version),
    rows.map((r) => r.withdrawn),
    rows.map((r) => r.claimed !== null),
    rows.map((r) => r.claimed?.deviceChangeId ?? null)
  ]
}

function scales(batch: Batch): unknown[] {
  const rows = [...batch.scales] as [ScaleMemory, MachineMemory][]
  const changed = new Set(batch.changed.map((row) => `${row.machineId}/${row.scaleId}`))
  return [
    rows.map(([, machine]) => machine.machineId),
    rows.map(([scale]) => scale.scaleId),
    rows.map(([scale]) => scale.state.weight),
    rows.map(([scale]) => scale.state.baseline),
    rows.map(([scale]) => sigmaOf(scale.state.noise)),
    rows.map(([scale]) => scale.thresholdGrams),
    rows.map(([scale]) => (scale.state.readAtMs === null ? null : new Date(scale.state.readAtMs))),
    rows.map(([scale, machine]) => changed.has(`${machine.machineId}/${scale.scaleId}`)),
    rows.map(([scale]) =>
      JSON.stringify({ state: scale.state, boundaries: scale.boundaries, taredFromGrams: scale.taredFromGrams })
    )
  ]
}

function machines(batch: Batch): unknown[] {
  const rows = [...batch.machines]
  return [
    rows.map((m) => m.machineId),
    rows.map((m) => (m.lastSeenMs === null ? null : new Date(m.lastSeenMs))),
    rows.map((m) => (m.usualIntervalMs === null ? null : Math.round(m.usualIntervalMs))),
    rows.map((m) => roundedOffset(m)),
    rows.map((m) => m.sequence.bootId),
    rows.map((m) => JSON.stringify(m.sequence.pastBootIds)),
    rows.map((m) => m.sequence.epoch),
    rows.map((m) => m.sequence.lastSeq),
    rows.map((m) => (m.clock.lastDeviceMs === null ? null : new Date(m.clock.lastDeviceMs))),
    rows.map((m) => m.isOnline),
    rows.map((m) => m.sessionId),
    rows.map((m) => m.seen),
    rows.map((m) => m.missed)
  ]
}

function roundedOffset(machine: MachineMemory): number | null {
  const offset = offsetOf(machine.clock)
  return offset === null ? null : Math.round(offset)
}

function openings({ openings: rows, moves }: Batch): unknown[] {
  return [
    rows.map((r) => r.sessionId),
    rows.map((r) => r.scaleId),
    rows.map((r) => r.grams),
    moves.map((r) => r.closedSessionId),
    moves.map((r) => r.openedSessionId),
    moves.map((r) => r.scaleId),
    moves.map((r) => r.grams)
  ]
}

function events(batch: Batch): unknown[] {
  return [batch.events.map((e) => e.name), batch.events.map((e) => e.payload)]
}
