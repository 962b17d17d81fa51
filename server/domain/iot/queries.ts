/** What the iot room remembers in the database, as SQL. Lists read one index in order: keyset paging, exact to the microsecond. */
import { sql } from 'kysely'
import type { MachineSessionQuery } from '#contracts/api/machine-sessions.ts'
import type { MachineQuery } from '#contracts/api/machines.ts'
import type { Db } from '#server/context.ts'
import { NotFound } from '#server/platform/errors.ts'
import { beyond, decodeCursor, type Order, pageOf } from '#server/platform/paging.ts'
import type { ScaleBooks as Books } from './balance.ts'

// ── machines and scales ──────────────────────────────────────────────────────────────────────────────────────────────

const machines = (db: Db) =>
  db
    .selectFrom('machine')
    .selectAll()
    .select(sql<number>`(SELECT count(*) FROM scale WHERE scale.machine_id = machine.machine_id)`.as('scaleCount'))
export type MachineRow = Omit<Awaited<ReturnType<ReturnType<typeof machines>['executeTakeFirstOrThrow']>>, 'scaleCount'>

export const machineById = (db: Db, machineId: string) => machines(db).where('machineId', '=', machineId).executeTakeFirst()

export async function machinePage(db: Db, { retired = false, limit = 50, cursor }: MachineQuery) {
  const after = decodeCursor(cursor, ['text'])
  let query = machines(db)
    .orderBy('machineId')
    .limit(limit + 1)
  if (!retired) query = query.where('retiredAt', 'is', null)
  if (after) query = query.where('machineId', '>', String(after[0]))
  return pageOf(await query.execute(), limit, (row) => [row.machineId])
}

/** An onboarded machine, locked until the transaction ends. Throws NotFound. */
export async function lockMachine(db: Db, machineId: string): Promise<MachineRow> {
  const row = await db
    .selectFrom('machine')
    .selectAll()
    .where('machineId', '=', machineId)
    .where('retiredAt', 'is', null)
    .forUpdate()
    .executeTakeFirst()
  if (!row) throw new NotFound('machine', machineId)
  return row
}

export const scaleRows = (db: Db, machineId: string) =>
  db.selectFrom('scale').selectAll().where('machineId', '=', machineId).orderBy('scaleId').execute()

// ── weight changes ───────────────────────────────────────────────────────────────────────────────────────────────────

/** A timestamp to the microsecond, as a cursor keeps it. */
const exact = (column: string) => sql<string>`(extract(epoch FROM ${sql.ref(column)}) * 1000000)::bigint::text`
const moment = (micros: string) => sql<Date>`to_timestamp(0) + ${micros}::bigint * interval '1 microsecond'`

const changes = (db: Db) =>
  db
    .selectFrom('weightChange')
    .select([
      'id',
      'machineId',
      'scaleId',
      'status',
      'grams',
      'weightBefore',
      'weightAfter',
      'occurredAt',
      'occurredFrom',
      'receivedAt'
    ])
    .select(['machineSessionId', 'source', 'settled', 'version', 'foundLate'])
    .select(exact('occurred_at').as('exactAt'))
    .where('withdrawnAt', 'is', null)
export type WeightChangeRow = Awaited<ReturnType<ReturnType<typeof changes>['executeTakeFirstOrThrow']>>

export type Span = { from: Date; to: Date | null }
export type WeightChangeFilter = {
  machineId?: string
  scaleId?: string
  from?: string
  to?: string
  span?: Span
  order?: Order
  limit?: number
  cursor?: string
}

/**
 * In the order of time. `span`: those that happened, or may have happened, while it lasted. Each branch of the answer has an index to itself, in
 * order where it may be long; the branches are merged here, since one query with OR walks years of rows to find an old visit's.
 */
export async function weightChangePage(db: Db, filter: WeightChangeFilter) {
  const { limit = 50, cursor, span, order = 'desc' } = filter
  const after = decodeCursor(cursor, ['text', 'uuid'])
  const sign = order === 'asc' ? 1 : -1
  const isSpread = filter.scaleId !== undefined && filter.machineId === undefined
  const branches = [isSpread ? ofScale(db, { ...filter, order, after, limit }) : inTime(db, { ...filter, order, after, limit })]
  if (span?.to) branches.push(foundLaterThan(db, { ...filter, order, span: { from: span.from, to: span.to }, after }))
  const rows = (await Promise.all(branches.map((branch) => branch.execute()))).flat()
  if (branches.length > 1) rows.sort((a, b) => sign * (Number(a.exactAt) - Number(b.exactAt) || (a.id < b.id ? -1 : 1)))
  return pageOf(rows.slice(0, limit + 1), limit, (row) => [row.exactAt, row.id])
}

type Narrow = Omit<WeightChangeFilter, 'cursor' | 'limit'> & { order: Order; after: ReturnType<typeof decodeCursor> }

function narrowed(db: Db, { machineId, scaleId, from, to, order, after }: Narrow) {
  let query = changes(db)
  if (machineId) query = query.where('machineId', '=', machineId)
  if (scaleId) query = query.where('scaleId', '=', scaleId)
  if (from) query = query.where('occurredAt', '>=', new Date(from))
  if (to) query = query.where('occurredAt', '<=', new Date(to))
  if (after)
    query = query.where(sql<boolean>`(occurred_at, id) ${beyond(order)} (${moment(micros(after[0]))}, ${after[1]}::uuid)`)
  return query
}

/** Those whose time lies in the span, if there is one. */
function inTime(db: Db, { span, limit, ...filter }: Narrow & { limit: number }) {
  let query = narrowed(db, filter)
    .orderBy('occurredAt', filter.order)
    .orderBy('id', filter.order)
    .limit(limit + 1)
  if (span) query = query.where('occurredAt', '>=', span.from)
  if (span?.to) query = query.where('occurredAt', '<=', span.to)
  return query
}

/** A scale's id is unique within its machine alone: the first of each machine are found in its index, and merged before rows are read. */
function ofScale(db: Db, filter: Narrow & { scaleId?: string; limit: number }) {
  const first = inTime(db, filter)
    .clearSelect()
    .select(['id', 'occurredAt'])
    .where(sql<boolean>`weight_change.machine_id = scale.machine_id`)
  const ids = db
    .selectFrom('scale')
    .where('scale.scaleId', '=', filter.scaleId!)
    .innerJoinLateral(first.as('first'), (join) => join.onTrue())
    .select('first.id')
    .orderBy('first.occurredAt', filter.order)
    .orderBy('first.id', filter.order)
    .limit(filter.limit + 1)
  return changes(db).where('id', 'in', ids).orderBy('occurredAt', filter.order).orderBy('id', filter.order)
}

/** Those found late, after the span, that may have happened in it: few, and without an order or a limit their own index finds them. */
const foundLaterThan = (db: Db, { span: { from, to }, ...filter }: Narrow & { span: { from: Date; to: Date } }) =>
  narrowed(db, filter)
    .where(sql<boolean>`found_late`)
    .where('occurredAt', '>', to)
    .where(sql<boolean>`tstzrange(occurred_from, occurred_at, '[]') && tstzrange(${from}, ${to}, '[]')`)

const micros = (value: unknown): string => (/^\d{1,18}$/.test(String(value)) ? String(value) : '0')

// ── machine sessions ─────────────────────────────────────────────────────────────────────────────────────────────────

export type MachineSessionRow = {
  id: string
  machineId: string
  startedAt: Date
  endedAt: Date | null
  storeMode: string
  heartbeatsSeen: number
  heartbeatsMissed: number
  exactAt: string
}
const sessions = (db: Db) =>
  db
    .selectFrom('machineSession')
    .select(['id', 'machineId', 'startedAt', 'endedAt', 'storeMode', 'heartbeatsSeen', 'heartbeatsMissed'])
    .select(exact('started_at').as('exactAt'))

export async function machineSessionPage(
  db: Db,
  { machineId, from, to, order = 'desc', limit = 50, cursor }: MachineSessionQuery
) {
  const after = decodeCursor(cursor, ['text', 'uuid'])
  let query = sessions(db)
    .orderBy('startedAt', order)
    .orderBy('id', order)
    .limit(limit + 1)
  if (machineId) query = query.where('machineId', '=', machineId)
  if (from)
    query = query
      .where('startedAt', '>=', reaching(from, machineId))
      .where((e) => e.or([e('endedAt', 'is', null), e('endedAt', '>=', new Date(from))]))
  if (to) query = query.where('startedAt', '<=', new Date(to))
  if (after) query = query.where(sql<boolean>`(started_at, id) ${beyond(order)} (${moment(micros(after[0]))}, ${after[1]}::uuid)`)
  return pageOf(await query.execute(), limit, (row) => [row.exactAt, row.id])
}

/** When the first of those that reach a moment began, and that moment where none does: whatever began earlier was over by then. */
const reaching = (time: string, machineId: string | undefined) => sql<Date>`(
  SELECT min(CASE WHEN last.started_at IS NULL OR last.ended_at < ${time}::timestamptz THEN ${time}::timestamptz ELSE last.started_at END)
  FROM machine LEFT JOIN LATERAL (SELECT started_at, ended_at FROM machine_session AS own
    WHERE own.machine_id = machine.machine_id AND own.started_at < ${time}::timestamptz ORDER BY own.started_at DESC LIMIT 1) AS last ON true
  ${machineId ? sql`WHERE machine.machine_id = ${machineId}` : sql``})`

export type MachineSpan = { machineId: string; from: Date; to: Date }

/**
 * The books of the machine session that is called `session` where this stands, scale by scale: weights and the sum of the changes that
 * count. As one value without names: a page has thousands, and to name each took PostgreSQL as long as all the rest.
 */
const BOOKS = sql`(
  SELECT json_agg(json_build_array(books.scale_id, books.opening_grams, books.closing_grams, coalesce(sums.grams, 0), books.noise_grams,
    books.creep_grams, books.threshold_grams) ORDER BY books.scale_id)
  FROM machine_session_scale AS books
  LEFT JOIN (SELECT scale_id, sum(CASE status WHEN 'PICKED' THEN -grams ELSE grams END) AS grams FROM weight_change
    WHERE machine_session_id = session.id AND withdrawn_at IS NULL GROUP BY scale_id) AS sums USING (scale_id)
  WHERE books.machine_session_id = session.id)`
type BooksRow = [string, number | null, number | null, number, number, number, number]
const booksOfRow = (row: BooksRow): Books => ({
  scaleId: row[0],
  openingGrams: row[1],
  closingGrams: row[2],
  changesGrams: row[3],
  noiseGrams: row[4],
  creepGrams: row[5],
  thresholdGrams: row[6]
})

/** `n`: the place of the span; `books` of a session that is over, with the first span that has it. */
export type SessionThen = { n: number; id: string; startedAt: Date; endedAt: Date | null; books: Books[] | null }

/**
 * The machine sessions that each of these spans overlaps, oldest first, with their books, in one statement. Bounded: whatever began before
 * the one that ran at a span's start is over.
 */
export async function sessionsDuring(db: Db, spans: MachineSpan[]): Promise<SessionThen[]> {
  if (spans.length === 0) return []
  const { rows } = await sql<Omit<SessionThen, 'books'> & { books: BooksRow[] | null }>`
    WITH session AS MATERIALIZED (
      SELECT (span.n - 1)::integer AS n, own.id, own.started_at, own.ended_at, row_number() OVER (PARTITION BY own.id ORDER BY span.n) AS time
      FROM unnest(${spans.map((span) => span.machineId)}::text[], ${spans.map((span) => span.from.toISOString())}::timestamptz[], ${spans.map((span) => span.to.toISOString())}::timestamptz[])
        WITH ORDINALITY AS span (machine_id, since, until, n)
      CROSS JOIN LATERAL (SELECT id, started_at, ended_at FROM machine_session AS own
        WHERE own.machine_id = span.machine_id AND own.started_at <= span.until AND (own.ended_at IS NULL OR own.ended_at > span.since)
          AND own.started_at >= coalesce((SELECT max(earlier.started_at) FROM machine_session AS earlier
            WHERE earlier.machine_id = span.machine_id AND earlier.started_at <= span.since), '-infinity')) AS own)
    SELECT session.n, session.id, session.started_at, session.ended_at,
      CASE WHEN session.time = 1 AND session.ended_at IS NOT NULL THEN ${BOOKS} END AS books
    FROM session ORDER BY session.started_at, session.n`.execute(db)
  return rows.map(({ books, ...row }) => ({ ...row, books: books?.map(booksOfRow) ?? null }))
}

export const sessionById = (db: Db, id: string) => sessions(db).where('id', '=', id).executeTakeFirst()

/** The books of machine sessions, by their ids. */
export async function booksOf(db: Db, ids: string[]): Promise<Map<string, Books[]>> {
  if (ids.length === 0) return new Map()
  const { rows } = await sql<{ id: string; books: BooksRow[] | null }>`
    SELECT session.id, ${BOOKS} AS books FROM unnest(${ids}::uuid[]) AS session (id)`.execute(db)
  return new Map(rows.map(({ id, books }) => [id, (books ?? []).map(booksOfRow)]))
}
