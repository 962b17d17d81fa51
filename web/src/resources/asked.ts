/** What is asked of a list, as the address of its page has it; and what the API is asked for then. */
import { infiniteQueryOptions } from '@tanstack/react-query'
import { get, type Page, type Query } from '#web/api.ts'
import { askEarly, client } from '#web/queries.ts'
import { wholeOf } from './names.ts'
import type { Resource, Row } from './types.ts'

const PAGE = 50

/** What is asked for: as the address has it. */
export type Asked = { text: string; filters: Record<string, string>; sort: string; from: string; to: string; retired: boolean }

export function readAsked(params: URLSearchParams): Asked {
  const filters = Object.fromEntries(
    [...params].filter(([name]) => name.startsWith('is.')).map(([name, value]) => [name.slice(3), value])
  )
  const one = (name: string) => params.get(name) ?? ''
  return { text: one('q'), filters, sort: one('sort'), from: one('from'), to: one('to'), retired: params.has('retired') }
}

/** What the API is asked for. */
export function listQuery(resource: Resource, { filters, from, to, sort }: Asked): Query {
  const query: Query = { ...resource.always, ...foundBy(resource, filters) }
  if (!resource.period) return query
  return { ...query, from, to, order: sort === resource.period ? 'asc' : null }
}

/** The filters that the API itself knows. */
function foundBy({ fields }: Resource, filters: Asked['filters']): Query {
  const query: Query = {}
  for (const { name, query: parameter } of fields) if (parameter && filters[name]) query[parameter] = filters[name]
  return query
}

/** A list that is loaded whole, as it is asked for. */
export const wholeAsked = (resource: Resource, { filters }: Asked) => wholeOf(resource, foundBy(resource, filters))

/** A list in pages, as it is asked for. */
export const pagesOf = (resource: Resource, asked: Asked) =>
  infiniteQueryOptions({
    queryKey: [resource.path, 'pages', listQuery(resource, asked)],
    queryFn: ({ pageParam, signal }) =>
      get<Page<Row>>(resource.path, { ...listQuery(resource, asked), limit: PAGE, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor
  })

/** Asks for the rows of a list while its page is still on its way. */
export function askForRows(resource: Resource, asked: Asked): void {
  const [pages, whole] = [pagesOf(resource, asked), wholeAsked(resource, asked)]
  if (resource.extent === 'pages') askEarly(pages.queryKey, client.prefetchInfiniteQuery(pages))
  else askEarly(whole.queryKey, client.prefetchQuery(whole))
}
