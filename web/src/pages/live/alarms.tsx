/** What needs a hand now. */
import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import type { Alarm } from '#contracts/api/machines.ts'
import { get, type Page } from '#web/api.ts'
import { ago } from '#web/format.ts'
import { Notice } from '#web/ui/notice.tsx'
import { useNow } from './ticking.ts'

const MOST_SHOWN = 4

export function Alarms() {
  const alarms = useQuery({
    queryKey: ['/alarms', 'open'],
    queryFn: () => get<Page<Alarm>>('/alarms', { open: true, limit: 50 })
  })
  const now = useNow(10_000)
  const open = alarms.data?.items ?? []
  if (open.length === 0) return null
  return (
    <Notice tone="bad">
      <ul className="alarms">
        {open.slice(0, MOST_SHOWN).map(({ id, message, startedAt }) => (
          <li key={id}>
            {message} <span className="num">({ago(startedAt, now)})</span>
          </li>
        ))}
      </ul>
      {open.length > MOST_SHOWN && <Link to="/alarms?is.open=true">and {open.length - MOST_SHOWN} more</Link>}
    </Notice>
  )
}
