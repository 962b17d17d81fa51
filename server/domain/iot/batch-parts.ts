/** The parts of the ingest path's one statement: SQL by hand and its columns. A part is in the statement only when it has rows to write. */
import { lines, plain, texts, times } from '#server/platform/pg-array.ts'
import type { Batch } from './batch.ts'
import { offsetOf } from './device-clock.ts'
import type { MachineMemory, ScaleMemory } from './memory.ts'
import { sigmaOf } from './noise.ts'

/** `sql` numbers its own parameters from 1; `values` gives them, null when there is nothing to write. */
export type Part = { name: string; sql: string; values: (batch: Batch, now: Date) => unknown[] | null }

const recorded: Part = {
  name: 'recorded',
  sql: `INSERT INTO weight_change (id, machine_id, scale_id, status, grams, weight_before, weight_after, occurred_at, occurred_from, received_at,
    machine_session_id, source, settled, found_late, version, withdrawn_at, boot_epoch, seq, device_change_id)
  SELECT id, machine_id, scale_id, CASE WHEN grams < 0 THEN 'PICKED' ELSE 'PLACED' END, abs(grams), before, after, occurred_at, occurred_from, received_at,
    machine_session_id, source, settled, found_late, version, CASE WHEN withdrawn THEN $19::timestamptz END, boot_epoch, seq, device_change_id
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::int[], $6::int[], $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::uuid[],
    $11::text[], $12::bool[], $13::bool[], $14::int[], $15::bool[], $16::int[], $17::bigint[], $18::text[])
    AS row (id, machine_id, scale_id, grams, before, after, occurred_at, occurred_from, received_at, machine_session_id,
    source, settled, found_late, version, withdrawn, boot_epoch, seq, device_change_id)`,
  values({ inserts }, now) {
    if (inserts.size === 0) return null
    const rows = [...inserts.values()]
    return [
      plain(rows.map((r) => r.id)),
      texts(rows.map((r) => r.machineId)),
      texts(rows.map((r) => r.scaleId)),
      plain(rows.map((r) => r.grams)),
      plain(rows.map((r) => r.before)),
      plain(rows.map((r) => r.after)),
      times(rows.map((r) => r.occurredAt)),
      times(rows.map((r) => r.occurredFrom)),
      times(rows.map((r) => r.receivedAt)),
      plain(rows.map((r) => r.machineSessionId)),
      plain(rows.map((r) => r.source)),
      plain(rows.map((r) => r.settled)),
      plain(rows.map((r) => r.foundLate)),
      plain(rows.map((r) => r.version)),
      plain(rows.map((r) => r.withdrawn)),
      plain(rows.map((r) => r.bootEpoch)),
      plain(rows.map((r) => r.seq)),
      texts(rows.map((r) => r.deviceChangeId)),
      now
    ]
  }
}

/** A row that was withdrawn, or is newer in the database, is left alone. */
const revised: Part = {
  name: 'revised',
  sql: `UPDATE weight_change SET version = row.version, settled = row.settled,
    status = CASE WHEN row.withdrawn THEN status WHEN row.grams < 0 THEN 'PICKED' ELSE 'PLACED' END,
    grams = CASE WHEN row.withdrawn THEN weight_change.grams ELSE abs(row.grams) END,
    weight_before = CASE WHEN row.withdrawn THEN weight_before ELSE row.before END,
    weight_after = CASE WHEN row.withdrawn THEN weight_after ELSE row.after END,
    withdrawn_at = CASE WHEN row.withdrawn THEN $10::timestamptz END,
    source = CASE WHEN row.claimed THEN 'device' ELSE source END,
    device_change_id = coalesce(row.device_change_id, weight_change.device_change_id)
  FROM unnest($1::uuid[], $2::int[], $3::int[], $4::int[], $5::bool[], $6::int[], $7::bool[], $8::bool[], $9::text[])
    AS row (id, grams, before, after, settled, version, withdrawn, claimed, device_change_id)
  WHERE weight_change.id = row.id AND weight_change.version < row.version AND weight_change.withdrawn_at IS NULL`,
  values({ updates }, now) {
    if (updates.size === 0) return null
    const rows = [...updates.values()]
    return [
      plain(rows.map((r) => r.id)),
      plain(rows.map((r) => r.grams)),
      plain(rows.map((r) => r.before)),
      plain(rows.map((r) => r.after)),
      plain(rows.map((r) => r.settled)),
      plain(rows.map((r) => r.version)),
      plain(rows.map((r) => r.withdrawn)),
      plain(rows.map((r) => r.claimed !== null)),
      texts(rows.map((r) => r.claimed?.deviceChangeId ?? null)),
      now
    ]
  }
}

const SCALE = `$1::text[], $2::text[], $3::int[], $4::float8[], $5::float8[], $6::int[], $7::timestamptz[], $8::bool[], string_to_array($9::text, E'\\n')`
const SCALE_ROW = 'row (machine_id, scale_id, weight, baseline, noise, threshold, read_at, changed, detector)'

/** Scales whose rows are not known to be there. */
const added: Part = {
  name: 'added',
  sql: `INSERT INTO scale (machine_id, scale_id, weight_grams, baseline_grams, noise_grams, threshold_grams, last_reading_at, last_change_at, detector, created_at)
  SELECT machine_id, scale_id, weight, baseline, noise, threshold, read_at, CASE WHEN changed THEN $10::timestamptz END, detector::jsonb, $10
  FROM unnest(${SCALE}) AS ${SCALE_ROW}
  ON CONFLICT (machine_id, scale_id) DO UPDATE SET weight_grams = excluded.weight_grams, baseline_grams = excluded.baseline_grams,
    noise_grams = excluded.noise_grams, threshold_grams = excluded.threshold_grams, last_reading_at = excluded.last_reading_at,
    last_change_at = coalesce(excluded.last_change_at, scale.last_change_at), detector = excluded.detector`,
  values: (batch, now) => scaleColumns(batch, now, false)
}

const scales: Part = {
  name: 'scales',
  sql: `UPDATE scale SET weight_grams = row.weight, baseline_grams = row.baseline, noise_grams = row.noise, threshold_grams = row.threshold,
    last_reading_at = row.read_at, last_change_at = CASE WHEN row.changed THEN $10::timestamptz ELSE last_change_at END, detector = row.detector::jsonb
  FROM unnest(${SCALE}) AS ${SCALE_ROW}
  WHERE scale.machine_id = row.machine_id AND scale.scale_id = row.scale_id`,
  values: (batch, now) => scaleColumns(batch, now, true)
}

function scaleColumns(batch: Batch, now: Date, isStored: boolean): unknown[] | null {
  const rows = ([...batch.scales] as [ScaleMemory, MachineMemory][]).filter(([scale]) => scale.isStored === isStored)
  if (rows.length === 0) return null
  const changed = new Set(batch.changed.map((row) => `${row.machineId}/${row.scaleId}`))
  return [
    texts(rows.map(([, machine]) => machine.machineId)),
    texts(rows.map(([scale]) => scale.scaleId)),
    plain(rows.map(([scale]) => scale.state.weight)),
    plain(rows.map(([scale]) => scale.state.baseline)),
    plain(rows.map(([scale]) => sigmaOf(scale.state.noise))),
    plain(rows.map(([scale]) => scale.thresholdGrams)),
    times(rows.map(([scale]) => scale.state.readAtMs)),
    plain(rows.map(([scale, machine]) => changed.has(`${machine.machineId}/${scale.scaleId}`))),
    lines(
      rows.map(([scale]) =>
        JSON.stringify({ state: scale.state, boundaries: scale.boundaries, taredFromGrams: scale.taredFromGrams })
      )
    ),
    now
  ]
}

const machines: Part = {
  name: 'machines',
  sql: `UPDATE machine SET last_heartbeat_at = row.seen_at, usual_interval_ms = row.interval_ms, clock_offset_ms = row.offset_ms, boot_id = row.boot_id,
    past_boot_ids = row.past_boot_ids::text[], boot_epoch = row.epoch, last_seq = row.seq, last_device_at = row.device_at, online = row.online
  FROM unnest($1::text[], $2::timestamptz[], $3::int[], $4::int[], $5::text[], $6::text[], $7::int[], $8::bigint[], $9::timestamptz[], $10::bool[])
    AS row (machine_id, seen_at, interval_ms, offset_ms, boot_id, past_boot_ids, epoch, seq, device_at, online)
  WHERE machine.machine_id = row.machine_id`,
  values(batch) {
    if (batch.machines.size === 0) return null
    const rows = [...batch.machines]
    return [
      texts(rows.map((m) => m.machineId)),
      times(rows.map((m) => m.lastSeenMs)),
      plain(rows.map((m) => rounded(m.usualIntervalMs))),
      plain(rows.map((m) => rounded(offsetOf(m.clock)))),
      texts(rows.map((m) => m.sequence.bootId)),
      texts(rows.map((m) => texts(m.sequence.pastBootIds))),
      plain(rows.map((m) => m.sequence.epoch)),
      plain(rows.map((m) => m.sequence.lastSeq)),
      times(rows.map((m) => m.clock.lastDeviceMs)),
      plain(rows.map((m) => m.isOnline))
    ]
  }
}

const rounded = (value: number | null): number | null => (value === null ? null : Math.round(value))

const sessions: Part = {
  name: 'sessions',
  sql: `UPDATE machine_session SET heartbeats_seen = heartbeats_seen + row.seen, heartbeats_missed = heartbeats_missed + row.missed
  FROM unnest($1::uuid[], $2::int[], $3::int[]) AS row (id, seen, missed) WHERE machine_session.id = row.id`,
  values({ counted }) {
    if (counted.size === 0) return null
    const rows = [...counted]
    return [plain(rows.map((m) => m.sessionId)), plain(rows.map((m) => m.seen)), plain(rows.map((m) => m.missed))]
  }
}

const opened: Part = {
  name: 'opened',
  sql: `INSERT INTO machine_session_scale (machine_session_id, scale_id, opening_grams) SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[])
  ON CONFLICT (machine_session_id, scale_id) DO UPDATE SET opening_grams = coalesce(machine_session_scale.opening_grams, excluded.opening_grams)`,
  values({ openings: rows }) {
    if (rows.length === 0) return null
    return [plain(rows.map((r) => r.sessionId)), texts(rows.map((r) => r.scaleId)), plain(rows.map((r) => r.grams))]
  }
}

const moved: Part = {
  name: 'moved',
  sql: `UPDATE machine_session_scale SET opening_grams = opening_grams + opening, closing_grams = closing_grams + closing
  FROM (
    SELECT session, row.scale_id, coalesce(sum(grams) FILTER (WHERE side = 'opened'), 0) AS opening, coalesce(sum(grams) FILTER (WHERE side = 'closed'), 0) AS closing
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[]) AS row (closed, opened, scale_id, grams),
      LATERAL (VALUES ('closed', closed), ('opened', opened)) AS at (side, session) GROUP BY session, row.scale_id
  ) AS move WHERE machine_session_scale.machine_session_id = move.session AND machine_session_scale.scale_id = move.scale_id`,
  values({ moves: rows }) {
    if (rows.length === 0) return null
    return [
      plain(rows.map((r) => r.closedSessionId)),
      plain(rows.map((r) => r.openedSessionId)),
      texts(rows.map((r) => r.scaleId)),
      plain(rows.map((r) => r.grams))
    ]
  }
}

const shifted: Part = {
  name: 'shifted',
  sql: `INSERT INTO faint_shift (machine_id, scale_id, before_grams, after_grams, occurred_at)
  SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::int[], $5::timestamptz[])`,
  values({ shifts: rows }) {
    if (rows.length === 0) return null
    return [
      texts(rows.map((r) => r.machineId)),
      texts(rows.map((r) => r.scaleId)),
      plain(rows.map((r) => r.before)),
      plain(rows.map((r) => r.after)),
      times(rows.map((r) => r.occurredAt))
    ]
  }
}

const events: Part = {
  name: 'events',
  sql: `INSERT INTO event_log (name, payload, at) SELECT name, payload::jsonb, $3::timestamptz
  FROM unnest($1::text[], string_to_array($2::text, E'\\n')) WITH ORDINALITY AS event (name, payload, n) ORDER BY n`,
  values({ events: rows }, now) {
    if (rows.length === 0) return null
    return [plain(rows.map((e) => e.name)), lines(rows.map((e) => e.payload)), now]
  }
}

export const PARTS: Part[] = [recorded, revised, added, scales, machines, sessions, opened, moved, shifted, events]
