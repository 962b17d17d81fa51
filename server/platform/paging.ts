/** Keyset paging: a cursor is the sort key of the last row seen, opaque to the caller, so a page costs the same however deep. */
import { type RawBuilder, sql } from 'kysely'
import { Invalid } from './errors.ts'

export type CursorKey = (string | number)[]

/** Which end of a list comes first: the newest (the default everywhere), or the oldest. */
export type Order = 'desc' | 'asc'
/** What stands between a row's key and the cursor's where the row comes after it. */
export const beyond = (order: Order): RawBuilder<unknown> => (order === 'asc' ? sql`>` : sql`<`)
/** As ORDER BY has it. */
export const inOrder = (order: Order): RawBuilder<unknown> => (order === 'asc' ? sql`ASC` : sql`DESC`)

/**
 * Bounds for rows numbered as they were made, of which `time` is known: the first number from `from` on, the last one until `to`. Who
 * numbers waits for others after having looked at the clock, so some minutes are added on each side, and the time itself is asked for too.
 * Needs an index on (time, number).
 */
export function numberedWithin(table: string, { number, time, from, to }: NumberedSpan) {
  const [rows, n, at] = [sql.table(table), sql.ref(number), sql.ref(time)]
  const first = sql`(SELECT ${n} FROM ${rows} WHERE ${at} >= ${from}::timestamptz - ${SLACK}::interval ORDER BY ${at}, ${n} LIMIT 1)`
  const last = sql`(SELECT ${n} FROM ${rows} WHERE ${at} <= ${to}::timestamptz + ${SLACK}::interval ORDER BY ${at} DESC, ${n} DESC LIMIT 1)`
  return {
    numbers: [...(from ? [sql`${n} >= ${first}`] : []), ...(to ? [sql`${n} <= ${last}`] : [])],
    times: [...(from ? [sql`${at} >= ${from}::timestamptz`] : []), ...(to ? [sql`${at} <= ${to}::timestamptz`] : [])]
  }
}
export type NumberedSpan = { number: string; time: string; from?: string | undefined; to?: string | undefined }
const SLACK = '15 minutes'

export const encodeCursor = (key: CursorKey): string => Buffer.from(JSON.stringify(key)).toString('base64url')

/** Reads a cursor back: one value per entry of `kinds`, null without one. A `time` is its ISO text. Throws Invalid for anything else. */
export function decodeCursor(cursor: string | undefined, kinds: (keyof typeof CHECKS)[]): CursorKey | null {
  if (cursor === undefined) return null
  const key = parse(cursor)
  const fits = Array.isArray(key) && key.length === kinds.length && key.every((value, n) => CHECKS[kinds[n]!](value))
  if (!fits) throw new Invalid('cursor', 'is not a cursor of this list')
  return key
}

/** Cuts `rows` (one more than `limit` was asked for, to know whether there are more) into a page. */
export function pageOf<T>(rows: T[], limit: number, keyOf: (row: T) => CursorKey): { items: T[]; nextCursor: string | null } {
  const items = rows.slice(0, limit)
  return { items, nextCursor: rows.length > limit ? encodeCursor(keyOf(items.at(-1)!)) : null }
}

const CHECKS = {
  text: (value: unknown) => typeof value === 'string' && value.isWellFormed() && !value.includes('\0'),
  number: (value: unknown) => Number.isSafeInteger(value),
  time: (value: unknown) =>
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value) && !Number.isNaN(Date.parse(value)),
  uuid: (value: unknown) =>
    typeof value === 'string' && /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(value)
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    return null
  }
}
