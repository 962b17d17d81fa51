/** Who is inside, since when, and what left the shelves while they were: a guess until review has settled it. */
import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import type { Visit } from '#contracts/api/visits.ts'
import type { WeightChange } from '#contracts/api/weight-changes.ts'
import { get, getAll, type Page } from '#web/api.ts'
import { clockMinute, grams, span } from '#web/format.ts'
import { ROLES } from '#web/resources/choices.ts'
import { guesses, isClear, type ShelfMap, useShelfMap } from '#web/resources/shelf-map.ts'
import { Reference } from '#web/resources/value.tsx'
import { Empty, Pill, Waiting } from '#web/ui/notice.tsx'
import { Card } from '#web/ui/page.tsx'
import { useNow } from './ticking.ts'

export function Inside() {
  const visits = useQuery({
    queryKey: ['/visits', 'open'],
    queryFn: () => get<Page<Visit>>('/visits', { open: true, limit: 200 })
  })
  const shelves = useShelfMap()
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
            <Person key={visit.id} visit={visit} shelves={shelves} isAlone={inside.length === 1} />
          ))}
        </ul>
      )}
    </Card>
  )
}

function Person({ visit, shelves, isAlone }: { visit: Visit; shelves: ShelfMap; isAlone: boolean }) {
  const now = useNow()
  const changes = useQuery({
    queryKey: ['/weight-changes', 'visit', visit.id],
    queryFn: () => getAll<WeightChange>('/weight-changes', { visitId: visit.id }, 400)
  })
  const role = ROLES.find(({ value }) => value === visit.role)!
  const isShared = (changes.data ?? []).some(({ visitIds }) => visitIds.length > 1)
  return (
    <li>
      <div className="row">
        <Link to={`/visits/${visit.id}`} className="grow">
          <Reference to="users" id={visit.userId} />
        </Link>
        <Pill tone={role.tone ?? 'quiet'}>{role.label}</Pill>
        <span className="soft num" title={`since ${clockMinute(visit.enteredAt)}`}>
          {span(now - Date.parse(visit.enteredAt))}
        </span>
      </div>
      <ul className="basket">
        {basketOf(changes.data ?? [], shelves).map(({ label, count, isSure }) => (
          <li key={label} className={isSure ? '' : 'soft'}>
            <span className="num">{count}</span> {label}
          </li>
        ))}
      </ul>
      {isShared && !isAlone && <p className="soft small">Somebody else was inside too: review says who took what.</p>}
    </li>
  )
}

type Item = { label: string; count: string; isSure: boolean }

/** What the weights amount to by product; what fits none is shown by its weight. */
function basketOf(changes: WeightChange[], shelves: ShelfMap): Item[] {
  const pieces = new Map<string, number>()
  const odd = new Map<string, number>()
  for (const { machineId, scaleId, status, grams: weight } of changes) {
    const sign = status === 'PICKED' ? 1 : -1
    const best = guesses(weight, shelves.productsOn(machineId, scaleId))[0]
    if (best && isClear(best, shelves.products))
      pieces.set(best.productId, (pieces.get(best.productId) ?? 0) + sign * best.quantity)
    else {
      const place = `${shelves.machineName(machineId)}, scale ${scaleId}`
      odd.set(place, (odd.get(place) ?? 0) + sign * weight)
    }
  }
  const sure = [...pieces]
    .filter(([, count]) => count !== 0)
    .map(([id, count]) => ({ label: shelves.productName(id), count: `${count} ×`, isSure: true }))
  const unsure = [...odd]
    .filter(([, weight]) => weight !== 0)
    .map(([label, weight]) => ({ label, count: grams(weight), isSure: false }))
  return [...sure, ...unsure]
}
