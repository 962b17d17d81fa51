/** The rows of a list: all of a small resource, or page after page of a large one. */
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { type Asked, pagesOf, wholeAsked } from '#web/resources/asked.ts'
import { type Resource, type Row, valueIn } from '#web/resources/types.ts'
import { asText } from '#web/resources/value.tsx'

export type Rows = {
  rows: Row[]
  isPending: boolean
  error: Error | null
  more: (() => Promise<unknown>) | null
  refetch: () => Promise<unknown>
}

export function useRows(resource: Resource, asked: Asked): Rows {
  const isWhole = resource.extent === 'whole'
  const whole = useQuery({ ...wholeAsked(resource, asked), enabled: isWhole, placeholderData: keepPreviousData })
  const pages = useInfiniteQuery({ ...pagesOf(resource, asked), enabled: !isWhole, placeholderData: keepPreviousData })
  if (isWhole) return { ...stateOf(whole), rows: narrow(resource, whole.data ?? [], asked), more: null, refetch: whole.refetch }
  const rows = pages.data?.pages.flatMap((page) => page.items) ?? []
  return {
    ...stateOf(pages),
    rows: search(resource, rows, asked.text),
    more: pages.hasNextPage ? pages.fetchNextPage : null,
    refetch: pages.refetch
  }
}

const stateOf = ({ isPending, error }: { isPending: boolean; error: Error | null }) => ({ isPending, error })

/** Search, filters and order of a resource that is loaded whole. */
export function narrow(resource: Resource, rows: Row[], asked: Asked): Row[] {
  const byApi = new Set(resource.fields.filter(({ query }) => query).map(({ name }) => name))
  const filters = Object.entries(asked.filters).filter(([name]) => !byApi.has(name))
  const filtered = rows.filter((row) => {
    if (!asked.retired && row.retiredAt) return false
    return filters.every(([name, wanted]) => String(valueIn(row, name)) === wanted)
  })
  return sorted(resource, search(resource, filtered, asked.text), asked.sort)
}

/** Rows in which every word stands somewhere. */
function search(resource: Resource, rows: Row[], text: string): Row[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return rows
  return rows.filter((row) => {
    const all = resource.fields
      .map((field) => asText(field, field.isFor?.(row) === false ? null : valueIn(row, field.name)))
      .join(' ')
      .toLowerCase()
    return words.every((word) => all.includes(word))
  })
}

/** By one field, up or (with a minus) down; empty values last either way. */
export function sorted(resource: Resource, rows: Row[], sort: string): Row[] {
  const field = resource.fields.find(({ name }) => name === sort.replace(/^-/, ''))
  if (!field) return rows
  const sign = sort.startsWith('-') ? -1 : 1
  const keyed = rows.map((row) => ({ row, key: valueIn(row, field.name) }))
  keyed.sort((a, b) => {
    if (a.key === null || b.key === null) return Number(a.key === null) - Number(b.key === null)
    return sign * compare(a.key, b.key)
  })
  return keyed.map(({ row }) => row)
}

const compare = (a: unknown, b: unknown) =>
  typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), 'en', { numeric: true })
