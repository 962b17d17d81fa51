/** The day so far, in a row of figures. */
import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import type { StoreDay } from '#contracts/api/store.ts'
import { get } from '#web/api.ts'
import { money, number } from '#web/format.ts'
import { useSession } from '#web/session.tsx'

type Figure = [label: string, value: string, to: string]
type Only = 'escalated' | 'contested'

export function Today() {
  const mayReview = useSession().may('tickets:review')
  const day = useQuery({ queryKey: ['today'], queryFn: () => get<StoreDay>('/store/today'), refetchInterval: 60_000 })
  if (!day.data) return <div className="figures" aria-hidden="true" />
  const { visits, inside, ticketsToReview, ticketsUnderReview, ticketsComplete, cartsSettled, totalMinor } = day.data
  const { ticketsEscalated, visitsContested } = day.data
  const waiting: [label: string, count: number, only: Only][] = [
    ['Escalated', ticketsEscalated, 'escalated'],
    ['Contested', visitsContested, 'contested']
  ]
  const figures: Figure[] = [
    ['Inside now', number(inside), '/visits?is.open=true'],
    ['Visits today', number(visits), '/visits'],
    ['To be reviewed', number(ticketsToReview), '/tickets?is.status=TO_BE_REVIEWED'],
    ['Under review', number(ticketsUnderReview), '/tickets?is.status=UNDER_REVIEW'],
    ...waiting
      .filter(([, count]) => count > 0)
      .map(
        ([label, count, only]): Figure => [label, number(count), mayReview ? `/review?only=${only}` : `/tickets?is.${only}=true`]
      ),
    ['Complete today', number(ticketsComplete), '/tickets?is.status=REVIEW_COMPLETE'],
    ['Carts settled', number(cartsSettled), '/carts?is.status=SETTLED'],
    ['Sold today', money(totalMinor), '/carts']
  ]
  return (
    <div className="figures">
      {figures.map(([label, value, to]) => (
        <Link key={label} to={to} className="figure card">
          <span className="soft small">{label}</span>
          <strong className="num">{value}</strong>
        </Link>
      ))}
    </div>
  )
}
