/** Heartbeats, in both forms of the wire: checked field by field, weights from kilograms to whole grams. */
import { HEARTBEAT_HEADERS, MAX_WEIGHT_KG } from '#contracts/device/heartbeat.ts'
import type { Context } from '#server/context.ts'
import { type Durable, type HeartbeatMessage, recordHeartbeat, type ScaleReading } from '#server/domain/iot/actions.ts'
import { Invalid } from '#server/platform/errors.ts'
import { readTime } from '#server/platform/local-time.ts'
import { object, readJson, readText } from '#server/platform/untrusted.ts'
import type { DeviceMessage } from './index.ts'

/** Takes one heartbeat. Throws Invalid naming the field, NotFound, Refused; else as recordHeartbeat. */
export function handleHeartbeat(ctx: Context, { deviceId, body, receivedMs }: DeviceMessage): Durable {
  const message = readHeartbeat(body, { receivedMs, zone: ctx.config.timeZone })
  if (deviceId !== null && deviceId !== message.machineId)
    throw new Invalid('machineId', `is ${message.machineId}, but this is machine ${deviceId}`)
  return recordHeartbeat(ctx, message)
}

const ID = /^[A-Za-z0-9._-]{1,64}$/
const WEIGHT = /^ *[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})? *$/i
const MAX_ROWS = 4096

/** Checks a heartbeat (plain or envelope) and turns it into what the iot room takes. Throws Invalid. */
export function readHeartbeat(body: unknown, { receivedMs, zone }: { receivedMs: number; zone: string }): HeartbeatMessage {
  const outer = object(body, 'body')
  const inner = 'payload' in outer ? object(unwrap(outer.payload), 'payload') : outer
  const readings = readRows(inner.scales, readHeaders(inner.headers))
  const time = inner.eventTime ?? outer.eventTime
  return {
    machineId: readId(inner.machineId, 'machineId'),
    receivedMs,
    deviceMs: typeof time === 'string' && time.length <= 64 ? readTime(time, zone) : null,
    ...readOrder(inner),
    readings
  }
}

/** `bootId` and `seq`, of any device message. Throws Invalid. */
export function readOrder({ bootId, seq = null }: Record<string, unknown>): { bootId: string | null; seq: number | null } {
  if (seq !== null && (!Number.isSafeInteger(seq) || (seq as number) < 0))
    throw new Invalid('seq', 'must be a whole number, 0 or more')
  return { bootId: readText(bootId, 'bootId', { max: 64 }), seq: seq as number | null }
}

/** A machine's or scale's id, in a `row` of scales or beside them; a whole number is its decimal text. Throws Invalid. */
export function readId(value: unknown, field: string, row?: number): string {
  const text = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? String(value) : value
  if (typeof text !== 'string' || !ID.test(text))
    throw new Invalid(inRow(field, row), 'must be 1 to 64 letters, digits, dots, dashes or underscores')
  return text
}

/** A field's path. Put together for an error alone: a heartbeat has dozens of fields. */
const inRow = (field: string, row?: number): string => (row === undefined ? field : `scales/${row}/${field}`)

function unwrap(payload: unknown): unknown {
  if (typeof payload !== 'string') throw new Invalid('payload', 'must be the heartbeat as a JSON string')
  return readJson(payload, 'payload')
}

type Columns = { id: number; min: number; max: number; current: number; width: number }
const DEFAULT: Columns = { id: 0, min: 1, max: 2, current: 3, width: 4 }

function readHeaders(headers: unknown): Columns {
  if (headers === undefined || headers === null) return DEFAULT
  if (!Array.isArray(headers) || headers.length > 32 || headers.some((name) => typeof name !== 'string'))
    throw new Invalid('headers', 'must be a list of column names')
  const [id, min, max, current] = HEARTBEAT_HEADERS.map((name) => headers.indexOf(name)) as [number, number, number, number]
  if (id < 0) throw new Invalid('headers', 'must name the column scaleId')
  if (current < 0) throw new Invalid('headers', 'must name the column currentWeight')
  if (new Set(headers).size !== headers.length) throw new Invalid('headers', 'names a column twice')
  return { id, min, max, current, width: headers.length }
}

function readRows(scales: unknown, columns: Columns): ScaleReading[] {
  if (!Array.isArray(scales)) throw new Invalid('scales', 'must be a list of rows, one per scale')
  if (scales.length === 0 || scales.length > MAX_ROWS) throw new Invalid('scales', `must have 1 to ${MAX_ROWS} rows`)
  const seen = new Set<string>()
  return scales.map((row: unknown, n) => {
    if (!Array.isArray(row) || row.length !== columns.width)
      throw new Invalid(`scales/${n}`, `must be a row of ${columns.width} values`)
    const scaleId = readId(row[columns.id], 'scaleId', n)
    if (seen.has(scaleId)) throw new Invalid(inRow('scaleId', n), `scale ${scaleId} is there twice`)
    seen.add(scaleId)
    const min = columns.min < 0 ? null : readGrams(row[columns.min], 'minWeight', n)
    const max = columns.max < 0 ? null : readGrams(row[columns.max], 'maxWeight', n)
    const grams = readGrams(row[columns.current], 'currentWeight', n)
    return { scaleId, grams, swingGrams: min !== null && max !== null && min <= grams && grams <= max ? max - min : null }
  })
}

/** Kilograms as sent → whole grams. */
function readGrams(value: unknown, field: string, row: number): number {
  const kg =
    typeof value === 'number'
      ? value
      : typeof value === 'string' && value.length <= 32 && WEIGHT.test(value)
        ? Number(value)
        : Number.NaN
  if (!Number.isFinite(kg)) throw new Invalid(inRow(field, row), 'must be a weight in kilograms')
  if (Math.abs(kg) > MAX_WEIGHT_KG) throw new Invalid(inRow(field, row), `must lie within ±${MAX_WEIGHT_KG} kg`)
  return Math.round(kg * 1000)
}
