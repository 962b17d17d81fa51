/** What a form holds, and what of it is sent: text while it is typed, values when it goes to the API. */
import { fromStoreTime, minorPerMajor, toStoreTime } from '#web/format.ts'
import { type Field, type Resource, type Row, valueIn } from '#web/resources/types.ts'

export type Draft = Record<string, string | boolean | string[]>
const NUMBERS = new Set(['number', 'grams', 'milliseconds', 'bytes'])

export const inputsOf = (resource: Resource, on: 'create' | 'change'): Field[] =>
  resource.fields.filter(({ input }) => input && (input.on === on || input.on === 'both'))

export function draftOf(fields: Field[], row: Row | null): Draft {
  return Object.fromEntries(
    fields.map((field) => [field.name, asInput(field, row ? valueIn(row, field.name) : field.input!.initial)])
  )
}

function asInput({ kind }: Field, value: unknown): string | boolean | string[] {
  if (kind === 'boolean') return value === true
  if (kind === 'references' || kind === 'choices') return (value as string[] | undefined) ?? []
  if (value === null || value === undefined) return ''
  if (kind === 'money') return String(Number(value) / minorPerMajor())
  if (kind === 'time') return toStoreTime(String(value))
  return String(value)
}

/** The value that the API takes; undefined: it is left out. What is no number stays text, so that the server says what is wrong with it. */
function asValue({ kind, input }: Field, typed: string | boolean | string[], on: 'create' | 'change'): unknown {
  if (typeof typed !== 'string') return typed
  const text = kind === 'password' ? typed : typed.trim()
  if (text === '') return input!.required ? '' : on === 'create' || kind === 'password' ? undefined : null
  if (kind === 'money') return Number.isFinite(Number(text)) ? Math.round(Number(text) * minorPerMajor()) : text
  if (NUMBERS.has(kind)) return Number.isFinite(Number(text)) ? Number(text) : text
  if (kind === 'time') return fromStoreTime(text) ?? text
  return text
}

/** The body of a POST. */
export const created = (fields: Field[], draft: Draft): Row =>
  Object.fromEntries(
    fields.map((field) => [field.name, asValue(field, draft[field.name]!, 'create')]).filter(([, value]) => value !== undefined)
  )

/** The body of a PATCH: what differs from what the form began with. */
export function changed(fields: Field[], draft: Draft, began: Draft): Row {
  const differ = fields.filter(({ name }) => JSON.stringify(draft[name]) !== JSON.stringify(began[name]))
  return Object.fromEntries(
    differ.map((field) => [field.name, asValue(field, draft[field.name]!, 'change')]).filter(([, value]) => value !== undefined)
  )
}
