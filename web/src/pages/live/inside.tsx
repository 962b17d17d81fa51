/** Who is inside, since when, and what they have in their hands as inference sees it: review has the last word. */
import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import type { VisitCart } from '#contracts/api/carts.ts'
import type { UserDetail } from '#contracts/api/users.ts'
import type { Visit } from '#contracts/api/visits.ts'
import { get, type Page } from '#web/api.ts'
import { clockMinute, money, span } from '#web/format.ts'
import { ROLES } from '#web/resources/choices.ts'
import { shortId } from '#web/resources/names.ts'
import { useSession } from '#web/session.tsx'
import { Empty, Pill, Waiting } from '#web/ui/notice.tsx'
import { Card } from '#web/ui/page.tsx'
import { useNow } from './ticking.ts'

const SURE = 0.9
const JUST_NOW_MS = 5000

export function Inside() {
  const visits = useQuery({
    queryKey: ['/visits', 'open'],
    queryFn: () => get<Page<Visit>>('/visits', { open: true, limit: 200 })
  })
  const inside = visits.data?.items ?? []
  return (
    <Card title="Inside now" beside={<span className="soft num">{inside.length}</span>}>
      {visits.isPending ? (
        <Waiting />
      ) : inside.length === 0 ? (
        <Empty title="Nobody is inside" />
      ) : (
        <ul className="inside">
          {inside.map((visit) => (
            <Person key={visit.id} visit={visit} />
          ))}
        </ul>
      )}
    </Card>
  )
}

function Person({ visit }: { visit: Visit }) {
  const now = useNow()
  const cart = useQuery({ queryKey: ['cart', visit.id], queryFn: () => get<VisitCart>(`/visits/${visit.id}/cart`) })
  const sinceMs = Math.max(0, now - Date.parse(visit.enteredAt))
  const { may } = useSession()
  const user = useQuery({
    queryKey: ['/users', 'one', visit.userId],
    queryFn: () => get<UserDetail>(`/users/${visit.userId}`),
    enabled: may('users:read')
  })
  const role = ROLES.find(({ value }) => value === visit.role)!
  const { proposedLines = [], proposedTotalMinor = 0 } = cart.data ?? {}
  return (
    <li>
      <div className="row">
        <Link to={`/visits/${visit.id}`} className="grow">
          {user.data?.phoneNumber ?? shortId(visit.userId)}
        </Link>
        <Pill tone={role.tone ?? 'quiet'}>{role.label}</Pill>
        <span className="soft num" title={`since ${clockMinute(visit.enteredAt)}`}>
          {sinceMs < JUST_NOW_MS ? 'just now' : span(sinceMs)}
        </span>
      </div>
      <ul className="basket">
        {proposedLines.map(({ productId, name, quantity, confidence }) => (
          <li key={productId} className={confidence < SURE ? 'soft' : ''}>
            <span className="num">{quantity} ×</span> {name}
            {confidence < SURE && <span className="num small"> · {Math.round(confidence * 100)} %</span>}
          </li>
        ))}
      </ul>
      {proposedTotalMinor > 0 && <p className="soft small num">{money(proposedTotalMinor)} so far</p>}
    </li>
  )
}
