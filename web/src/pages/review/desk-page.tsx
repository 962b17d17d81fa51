/** One visit at the review desk. */
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from 'react-router'
import type { VisitDetail } from '#contracts/api/visits.ts'
import { get, words } from '#web/api.ts'
import { useShelfMap } from '#web/resources/shelf-map.ts'
import { Empty, Waiting } from '#web/ui/notice.tsx'
import { Desk } from './desk.tsx'
import './review.css'

export const visitQuery = (visitId: string) => ({
  queryKey: ['/visits', 'one', visitId],
  queryFn: () => get<VisitDetail>(`/visits/${visitId}`)
})

export function DeskPage() {
  const { visitId = '' } = useParams()
  const visit = useQuery(visitQuery(visitId))
  const shelves = useShelfMap()
  if (visit.isError)
    return (
      <Empty title="This visit cannot be shown">
        <p>{words(visit.error)}</p>
        <Link to="/review">Back to the queue</Link>
      </Empty>
    )
  if (visit.isPending || !shelves.isReady) return <Waiting />
  if (visit.data.exitedAt === null)
    return (
      <Empty title="This visit is not over">
        <p>Its tickets are made when the shopper leaves.</p>
        <Link to="/review">Back to the queue</Link>
      </Empty>
    )
  return <Desk key={visitId} visit={visit.data} shelves={shelves} />
}
