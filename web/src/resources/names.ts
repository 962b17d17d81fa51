/** What a reference is called: the titles of resources that are few enough to know them all. */
import { useQuery } from '@tanstack/react-query'
import { getAll, type Query } from '#web/api.ts'
import { useSession } from '#web/session.tsx'
import { resourceNamed } from './index.ts'
import type { Resource, Row } from './types.ts'

/** All rows of a resource of extent `whole`, retired ones too; with `query` those that the API finds by it. */
export const wholeOf = (resource: Resource, query: Query = {}) => ({
  queryKey: [resource.path, 'whole', ...(Object.keys(query).length > 0 ? [query] : [])],
  queryFn: () =>
    getAll<Row>(resource.path, { ...resource.always, ...(RETIRED.has(resource.name) && { retired: true }), ...query })
})
const RETIRED = new Set(['machines', 'scanners', 'cameras', 'webhooks'])

/** Id → title for references to `name`; empty where there are too many to know, or one may not read them. */
export function useNames(name: string | undefined): Map<string, string> {
  const { may } = useSession()
  const resource = resourceNamed(name)
  const isKnown = resource?.extent === 'whole' && may(resource.rights.read)
  const rows = useQuery({ ...wholeOf(resource ?? NOTHING), enabled: isKnown, staleTime: 60_000 })
  return rows.data ? titlesOf(resource!, rows.data) : NONE
}

/** Made once for all that name the same rows: a list asks for each of its cells. */
function titlesOf(resource: Resource, rows: Row[]): Map<string, string> {
  const known = titles.get(rows) ?? new Map(rows.map((row) => [String(row[resource.id]), resource.title(row)]))
  titles.set(rows, known)
  return known
}
const titles = new WeakMap<Row[], Map<string, string>>()
const NONE = new Map<string, string>()

const NOTHING = { path: 'nothing', name: '' } as Resource
/** The end of an id, enough to tell two apart by eye. */
export const shortId = (id: string): string => (id.length > 20 ? `…${id.slice(-6)}` : id)
