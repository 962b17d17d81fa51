/** The last visits of a user. */
import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import type { Visit } from '#contracts/api/visits.ts'
import { get, type Page } from '#web/api.ts'
import { fullMoment, span } from '#web/format.ts'
import type { Row } from '#web/resources/types.ts'
import { Empty, Waiting } from '#web/ui/notice.tsx'

export function UserVisits({ row }: { row: Row }) {
  const userId = String(row.id)
  const visits = useQuery({
    queryKey: ['/visits', 'of', userId],
    queryFn: () => get<Page<Visit>>('/visits', { userId, limit: 20 })
  })
  if (!visits.data) return <Waiting />
  if (visits.data.items.length === 0) return <Empty title="No visit yet" />
  return (
    <table className="table">
      <thead>
        <tr>
          <th>Came in</th>
          <th>Stayed</th>
        </tr>
      </thead>
      <tbody>
        {visits.data.items.map(({ id, enteredAt, exitedAt }) => (
          <tr key={id}>
            <td className="num">
              <Link to={`/visits/${id}`}>{fullMoment(enteredAt)}</Link>
            </td>
            <td className="num">{exitedAt ? span(Date.parse(exitedAt) - Date.parse(enteredAt)) : 'is inside'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
