/** One row of a resource: by itself where the API gives it so, else out of the whole list. */
import { useQuery } from '@tanstack/react-query'
import { ApiProblem, get, getAll } from '#web/api.ts'
import type { Resource, Row } from '#web/resources/types.ts'

const oneOf = (resource: Resource, id: string) => ({
  queryKey: [resource.path, 'one', id],
  queryFn: () => readOne(resource, id)
})
export const useOne = (resource: Resource, id: string) => useQuery(oneOf(resource, id))

export async function readOne(resource: Resource, id: string): Promise<Row> {
  if (resource.hasOne) return get<Row>(`${resource.path}/${encodeURIComponent(id)}`)
  const all = await getAll<Row>(resource.path, { ...resource.always })
  const found = all.find((row) => String(row[resource.id]) === id)
  if (!found) throw new ApiProblem(404, { code: 'not-found', detail: `there is no ${resource.label.toLowerCase()} ${id}` })
  return found
}
