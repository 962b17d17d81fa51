/**
 * Years of a shop made by SQL: 20 000 weight changes a day, 50 to a visit, on ten machines of twelve scales, some busier than others, with
 * tickets, carts and machine sessions to match. Row `n` counts back from the newest, so history reaches as far back as it has rows. Everything
 * follows from `n`; nothing is drawn. Left out: what a ticket remembers of its evidence, and closing weights that balance. No list reads either.
 */
import type { ClientBase } from 'pg'

export const MACHINES = 10
const SCALES = 12
const CHANGES_A_VISIT = 50
const CHANGES_A_DAY = 20_000
const VISIT_STEP_MS = (86_400_000 * CHANGES_A_VISIT) / CHANGES_A_DAY
const SLOT_MS = 300_000
/** Every tenth visit is made by the first of them. */
export const USERS = 10_000
/** Number of the newest ticket: more than there will be before it. */
const NEWEST_NUMBER = 100_000_000
/** Below so many rows an index is better kept up than made anew. */
const REBUILT_FROM = 200_000

export type History = { rows: number; baseMs: number; productId: string; adminId: string }

/** UUIDv7 of a moment, made unique by `n`. (OFFSET 0 below keeps PostgreSQL from working a value out again wherever it is used.) */
const uuid = (ms: string, n: string) =>
  `(lpad(to_hex(${ms}), 12, '0') || '7' || lpad(to_hex((${n})::bigint & 4095), 3, '0') || '8' || lpad(to_hex((${n})::bigint), 15, '0'))::uuid`
const at = (ms: string) => `to_timestamp((${ms}) / 1000::float8)`
const share = (n: string, salt: number) => `((hashint8(${n} + ${salt}) & 65535) / 65536::float8)`
const USERS_SINCE_MS = 1_600_000_000_000

/** As `uuid` in SQL. */
function uuidOf(ms: number, n: number): string {
  const hex = (value: number, width: number) => value.toString(16).padStart(width, '0')
  const digits = `${hex(ms, 12)}7${hex(n & 4095, 3)}8${hex(n, 15)}`
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
/** User `u`, below USERS; visit `v` of a history that ends at `baseMs`, from 1, the newest, to the last one of `rows` changes. */
export const userId = (u: number): string => uuidOf(USERS_SINCE_MS, u)
export const visitId = (v: number, baseMs: number): string => uuidOf(baseMs - v * VISIT_STEP_MS, v)
export const visitsOf = (rows: number): number => rows / CHANGES_A_VISIT
/** When the first visit of `rows` changes began. */
export const beginningMs = (rows: number, baseMs: number): number => baseMs - visitsOf(rows) * VISIT_STEP_MS

/** Visits `v` of a history with their span and user, as `visited (v, since_ms, until_ms, user_id, visit_id)`. */
const visited = ({ rows, baseMs }: History) => `
  (SELECT v, since_ms, since_ms + (60 + (hashint8(v) & 511)) * 1000 AS until_ms, ${uuid('since_ms', 'v')} AS visit_id,
     ${uuid(String(USERS_SINCE_MS), `CASE WHEN v % 10 = 0 THEN 0 ELSE 1 + (hashint8(v + 7) & 65535) % ${USERS - 1} END`)} AS user_id
   FROM generate_series(${visitsOf(rows)}::bigint, 1, -1) AS v,
   LATERAL (SELECT ${baseMs} - v * ${VISIT_STEP_MS} AS since_ms) AS start OFFSET 0) AS visited`

/** Changes `n` of these visits, as `changed (…, n, machine, scale, at_ms, change_id, is_withdrawn)`. */
const changed = (history: History) => `
  (SELECT visited.*, n, floor(${MACHINES} * power(${share('n', 1)}, 1.4::float8))::int AS machine, 1 + (hashint8(n + 2) & 65535) % ${SCALES} AS scale, at_ms,
     ${uuid('at_ms', 'n')} AS change_id, n % 100 = 0 AS is_withdrawn
   FROM ${visited(history)}, generate_series((v - 1) * ${CHANGES_A_VISIT} + 1, v * ${CHANGES_A_VISIT}) AS n,
   LATERAL (SELECT since_ms + (${share('n', 3)} * (until_ms - since_ms))::bigint AS at_ms OFFSET 0) AS moment OFFSET 0) AS changed`

const ticketId = (machine: string) => uuid('until_ms', `v * ${MACHINES} + ${machine}`)
const ticketNumber = (machine: string) => `${NEWEST_NUMBER} - (v * ${MACHINES} + ${MACHINES - 1} - ${machine})`
const sessionId = (ms: string, machine: string) => uuid(`((${ms}) / ${SLOT_MS}) * ${SLOT_MS}`, machine)

const STATEMENTS: Record<string, (history: History) => string> = {
  user_detail: ({ baseMs }) => `
    INSERT INTO user_detail (id, phone_number, role, first_seen_at, last_seen_at)
    SELECT ${uuid(String(USERS_SINCE_MS), 'u')}, '+9112345' || u, 'customer', ${at(String(USERS_SINCE_MS))}, ${at(String(baseMs))}
    FROM generate_series(0, ${USERS - 1}) AS u`,
  scale: ({ baseMs }) => `
    INSERT INTO scale (machine_id, scale_id, threshold_grams, created_at)
    SELECT 'M' || machine, lpad(scale::text, 3, '0'), 30, ${at(String(baseMs))}
    FROM generate_series(0, ${MACHINES - 1}) AS machine, generate_series(1, ${SCALES}) AS scale`,
  visit: (history) => `
    INSERT INTO visit (id, user_id, role, entered_at, exited_at)
    SELECT visit_id, user_id, 'customer', ${at('since_ms')}, ${at('until_ms')} FROM ${visited(history)}`,
  user_session: (history) => `
    INSERT INTO user_session (id, user_id, visit_id, type, at)
    SELECT ${uuid('ms', 'v')}, user_id, visit_id, type, ${at('ms')} FROM ${visited(history)},
    LATERAL (VALUES (since_ms, 'ENTRY_AUTHENTICATED'), (until_ms, 'EXIT_AUTHENTICATED')) AS door (ms, type)`,
  contest: (history) => `
    INSERT INTO contest (id, visit_id, message, opened_by, opened_at)
    SELECT ${uuid('until_ms', 'v')}, visit_id, 'one came back', '${history.adminId}', ${at('until_ms')} FROM ${visited(history)} WHERE v % 1000 = 33`,
  cart: (history) => `
    INSERT INTO cart (id, visit_id, user_id, status, currency, total_minor, first_settled_at, settled_at, created_at)
    SELECT ${uuid('until_ms', 'v')}, visit_id, user_id, 'SETTLED', 'INR', 9000, ${at('until_ms')}, ${at('until_ms')}, ${at('until_ms')} FROM ${visited(history)}`,
  machine_session: (history) => `
    INSERT INTO machine_session (id, machine_id, started_at, ended_at, store_mode, heartbeats_seen)
    SELECT ${sessionId('slot_ms', 'machine')}, 'M' || machine, ${at('slot_ms')}, ${at(`slot_ms + ${SLOT_MS}`)}, 'CUSTOMER_MODE', 300 FROM ${slots(history)}`,
  machine_session_scale: (history) => `
    INSERT INTO machine_session_scale (machine_session_id, scale_id, opening_grams, closing_grams, noise_grams, threshold_grams)
    SELECT ${sessionId('slot_ms', 'machine')}, lpad(scale::text, 3, '0'), 8000, 8000, 1, 30 FROM ${slots(history)}, generate_series(1, ${SCALES}) AS scale`,
  weight_change: (history) => `
    INSERT INTO weight_change (id, machine_id, scale_id, status, grams, weight_before, weight_after, occurred_at, occurred_from, received_at,
      machine_session_id, source, settled, found_late, version, withdrawn_at, boot_epoch, seq)
    SELECT change_id, 'M' || machine, lpad(scale::text, 3, '0'), CASE WHEN n % 12 = 0 THEN 'PLACED' ELSE 'PICKED' END, 100 + n * 37 % 900, 8000, 7670,
      ${at('at_ms')}, ${at(`at_ms - CASE WHEN n % 2000 = 1 THEN 3600000 ELSE 0 END`)}, ${at('at_ms + 80')}, ${sessionId('at_ms', 'machine')},
      'heartbeat', true, n % 2000 = 1, 2, CASE WHEN is_withdrawn THEN ${at('at_ms + 2000')} END, -1, n
    FROM ${changed(history)}`,
  ticket: (history) => `
    INSERT INTO ticket (id, number, visit_id, machine_id, user_id, start_time, end_time, window_kind, window_start, window_end, status, claimed_by,
      completed_at, completed_by, escalation, version)
    SELECT ${ticketId('machine')}, ${ticketNumber('machine')}, visit_id, 'M' || machine, user_id, ${at('since_ms')}, ${at('until_ms')},
      'visit', ${at('since_ms')}, ${at('until_ms')}, status, CASE status WHEN 'UNDER_REVIEW' THEN '${history.adminId}'::uuid END,
      CASE status WHEN 'REVIEW_COMPLETE' THEN ${at('until_ms + 60000')} END, CASE status WHEN 'REVIEW_COMPLETE' THEN 'system' END,
      CASE WHEN v % 1000 = 33 AND machine = 3 THEN '{"note":"two alike","by":"${history.adminId}","byName":"admin","at":"2026-01-01T00:00:00.000Z"}'::jsonb END, 2
    FROM ${visited(history)}, generate_series(0, ${MACHINES - 1}) AS machine, LATERAL (SELECT CASE WHEN v % 5000 = 77 AND machine = 3 THEN 'UNDER_REVIEW'
      WHEN v <= 50 OR v % 1000 = 33 THEN 'TO_BE_REVIEWED' ELSE 'REVIEW_COMPLETE' END AS status) AS review`,
  ticket_revision: (history) => `
    INSERT INTO ticket_revision (ticket_id, version, status, reason, author, at)
    SELECT ${ticketId('machine')}, version, 'TO_BE_REVIEWED', 'opened', 'system', ${at('until_ms')}
    FROM ${visited(history)}, generate_series(0, ${MACHINES - 1}) AS machine, generate_series(1, 2) AS version`,
  ticket_line: (history) => `
    INSERT INTO ticket_line (ticket_id, position, product_id, quantity, unit_price_minor)
    SELECT ${ticketId('machine')}, n % ${CHANGES_A_VISIT}, '${history.productId}'::uuid, 1, 900 FROM ${billed(history)}`,
  billed_weight_change: (history) => `
    INSERT INTO billed_weight_change (weight_change_id, ticket_id, position)
    SELECT change_id, ${ticketId('machine')}, n % ${CHANGES_A_VISIT} FROM ${billed(history)}`
}

/** Machine sessions of a history, as `slot (slot_ms, machine)`. */
const slots = ({ rows, baseMs }: History) => {
  const first = Math.floor(beginningMs(rows, baseMs) / SLOT_MS)
  return `(SELECT slot::bigint * ${SLOT_MS} AS slot_ms, machine FROM generate_series(${first}, ${baseMs / SLOT_MS - 1}) AS slot, generate_series(0, ${MACHINES - 1}) AS machine) AS slot`
}

/** A fifth of the changes are billed, on tickets that are complete. */
const billed = (history: History) =>
  `${changed(history)} WHERE n % 5 = 1 AND NOT is_withdrawn AND v > 50 AND v % 1000 <> 33 AND v % 5000 <> 77`

/** Makes `rows` weight changes, a multiple of 50, and what belongs to them. Secondary indexes are taken off meanwhile and made again as they were. */
export async function makeHistory(client: ClientBase, history: History, say: (line: string) => void): Promise<void> {
  await client.query("SET session_replication_role = 'replica'") // the rows fit together: foreign keys need not be looked up two million times
  for (const [table, statement] of Object.entries(STATEMENTS)) {
    const startMs = performance.now()
    const indexes = history.rows >= REBUILT_FROM ? await takeOffIndexes(client, table) : []
    const { rowCount } = await client.query(statement(history))
    for (const index of indexes) await client.query(index)
    say(`  ${table}: ${rowCount} rows in ${((performance.now() - startMs) / 1000).toFixed(1)} s`)
  }
  await client.query(`UPDATE store SET last_ticket_number = greatest(last_ticket_number, ${NEWEST_NUMBER})`)
  await client.query('SET session_replication_role = DEFAULT')
  await client.query(`VACUUM (ANALYZE) ${Object.keys(STATEMENTS).join(', ')}`)
  await client.query('CHECKPOINT')
}

/** Drops a table's indexes but for those that hold up a constraint; returns how to make them again. */
async function takeOffIndexes(client: ClientBase, table: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    `SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index
     WHERE indrelid = $1::regclass AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)`,
    [table]
  )
  for (const { name } of rows) await client.query(`DROP INDEX ${name}`)
  return rows.map((row) => row.definition)
}
