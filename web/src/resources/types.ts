/** What the panel knows of a resource: one description makes its list, its page, its form and its export. */
import type { IconName } from '#web/ui/icon.tsx'
import type { Tone } from '#web/ui/notice.tsx'

/** A row as the API gives it. */
export type Row = Record<string, unknown>
export type Choice = { value: string; label: string; tone?: Tone }
export type Kind =
  | 'text'
  | 'number'
  | 'share'
  | 'grams'
  | 'milliseconds'
  | 'bytes'
  | 'money'
  | 'time'
  | 'boolean'
  | 'choice'
  | 'choices'
  | 'words'
  | 'reference'
  | 'references'
  | 'password'
  | 'facts'

export type Input = {
  on: 'create' | 'change' | 'both'
  required?: boolean
  placeholder?: string
  /** What a new one starts with. */
  initial?: unknown
}
export type Field = {
  /** Where it is in a row: `health.gaps24h` is a member of a member. */
  name: string
  label: string
  kind: Kind
  help?: string
  choices?: Choice[]
  /** Of choices: what none of them is called. */
  none?: string
  /** Of a boolean: what true and false are called, and how they look. */
  either?: [yes: Choice, no: Choice]
  /** Of a reference: the resource it leads to. */
  to?: string
  /** A column of the list: shown at first, or only when chosen. */
  column?: 'shown' | 'more'
  /** Can the list be narrowed by it? `query` names the API's parameter: in lists that come in pages always, in others where only the API knows. */
  filter?: true
  query?: string
  input?: Input
  /** Of which rows it says something; in others it stands empty. */
  isFor?: (row: Row) => boolean
  /** Not on the page: the title has it, or nothing is to be read there. */
  hidden?: true
}

/** Something done to one or several rows at once. */
export type Action = {
  name: string
  label: string
  icon: IconName
  tone?: 'danger'
  right: string
  method: 'POST' | 'PATCH' | 'DELETE'
  path: (row: Row) => string
  body?: (row: Row, words: string) => unknown
  isFor?: (row: Row) => boolean
  /** What it means, before it is done. */
  warning: string
  /** Asks for a reason. */
  ask?: { label: string; required?: boolean }
  /** The secret in the answer, shown this once. */
  secret?: string
  /** What depends on the rows, asked of the API before it is confirmed: each a sentence. */
  dependants?: (row: Row) => Promise<string[]>
}

export type Resource = {
  /** In the address: /admin/{name}. */
  name: string
  /** Below /api/v1. */
  path: string
  label: string
  plural: string
  icon: IconName
  group: 'Visits' | 'Shelves' | 'Doors and cameras' | 'House'
  rights: { read: string; write?: string }
  id: string
  title: (row: Row) => string
  fields: Field[]
  /** whole: few enough to load, search and sort here; pages: as many as there are, in the order of time, narrowed by the API. */
  extent: 'whole' | 'pages'
  /** Of a list in pages: the time that `from` and `to` are held against, and by which it is newest or oldest first. */
  period?: string
  /** Sent with every list request. */
  always?: Record<string, string | boolean>
  /** One can be read by itself. */
  hasOne: boolean
  can: { create?: boolean; change?: boolean }
  /** The secret in the answer to its creation, shown this once. */
  secret?: string
  actions?: Action[]
  /** What somebody should know who looks at this one; null: nothing. */
  notice?: (row: Row) => string | null
  /** Its name in the audit trail. */
  audit?: string
  /** One sentence below the title of the list. */
  about: string
}

/** A value inside a row; null for what is not there. */
export function valueIn(row: Row, name: string): unknown {
  let value: unknown = row
  for (const part of name.split('.')) value = (value as Row | null | undefined)?.[part] ?? null
  return value
}
