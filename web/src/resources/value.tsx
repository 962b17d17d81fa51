/** A value of a row as people read it, by the kind its field has. */
import { Link } from 'react-router'
import { bytes, fullMoment, grams, milliseconds, moment, money, number } from '#web/format.ts'
import { useSession } from '#web/session.tsx'
import { Pill } from '#web/ui/notice.tsx'
import { resourceNamed } from './index.ts'
import { shortId, useNames } from './names.ts'
import { type Field, type Row, valueIn } from './types.ts'

const MOST_SHOWN = 3

/** `full`: on the thing's own page, where there is room. */
export function Value({ field, row, full = false }: { field: Field; row: Row; full?: boolean }) {
  const value = field.isFor?.(row) === false ? null : valueIn(row, field.name)
  if (value === null || value === undefined || value === '') return <span className="soft">–</span>
  if (field.kind === 'choice' || field.kind === 'boolean') return <Chosen field={field} value={value} />
  if (field.kind === 'time')
    return (
      <time className="num" dateTime={String(value)} title={fullMoment(String(value))}>
        {full ? fullMoment(String(value)) : moment(String(value))}
      </time>
    )
  if (field.kind === 'reference') return <Reference to={field.to!} id={String(value)} />
  if (field.kind === 'references') return <References to={field.to!} ids={value as string[]} most={full ? 50 : MOST_SHOWN} />
  if (field.kind === 'facts')
    return full ? <Facts value={value} /> : <span className="mono small soft">{JSON.stringify(value)}</span>
  return <span className={isNumber(field) ? 'num' : undefined}>{asText(field, value)}</span>
}

const NUMBERS = new Set(['number', 'share', 'grams', 'milliseconds', 'bytes', 'money'])
/** Does it stand at the right edge of its column? */
export const isNumber = ({ kind }: Field): boolean => NUMBERS.has(kind)

/** As plain text: for search, sorting and tool tips. */
export function asText({ kind, choices, either, none }: Field, value: unknown): string {
  if (value === null || value === undefined) return ''
  if (kind === 'choices') return (value as string[]).join(', ') || (none ?? '')
  if (kind === 'words') return (value as string[]).map((code) => code.replaceAll('-', ' ')).join(', ')
  const known = [...(choices ?? []), ...(either ?? [])].find((choice) => choice.value === String(value))
  if (known) return known.label
  if (kind === 'share') return `${Math.floor(Number(value) * 100)} %`
  if (kind === 'grams') return grams(Number(value))
  if (kind === 'money') return money(Number(value))
  if (kind === 'bytes') return bytes(Number(value))
  if (kind === 'milliseconds') return milliseconds(Number(value))
  if (kind === 'number') return number(Number(value))
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function Chosen({ field, value }: { field: Field; value: unknown }) {
  const choice = [...(field.choices ?? []), ...(field.either ?? [])].find((one) => one.value === String(value))
  return choice?.tone ? <Pill tone={choice.tone}>{choice.label}</Pill> : (choice?.label ?? String(value))
}

export function Reference({ to, id }: { to: string; id: string }) {
  const { may } = useSession()
  const name = useNames(to).get(id) ?? shortId(id)
  const resource = resourceNamed(to)
  if (!resource?.hasOne || !may(resource.rights.read)) return <span title={id}>{name}</span>
  return (
    <Link to={`/${to}/${encodeURIComponent(id)}`} title={id}>
      {name}
    </Link>
  )
}

function References({ to, ids, most }: { to: string; ids: string[]; most: number }) {
  if (ids.length === 0) return <span className="soft">–</span>
  return (
    <span className="row wrap">
      {ids.slice(0, most).map((id) => (
        <Reference key={id} to={to} id={id} />
      ))}
      {ids.length > most && <span className="soft">and {ids.length - most} more</span>}
    </span>
  )
}

const Facts = ({ value }: { value: unknown }) => <pre className="facts-json">{JSON.stringify(value, null, 2)}</pre>
