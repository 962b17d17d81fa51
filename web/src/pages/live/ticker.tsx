/** What happens, line by line, as it happens. */
import { useCallback, useState } from 'react'
import { Link } from 'react-router'
import { clock, money, signedGrams } from '#web/format.ts'
import { type LiveEvent, useLiveEvents } from '#web/live.ts'
import { MODES } from '#web/resources/choices.ts'
import { shortId } from '#web/resources/names.ts'
import { type ShelfMap, useShelfMap } from '#web/resources/shelf-map.ts'
import { Empty } from '#web/ui/notice.tsx'
import { Card } from '#web/ui/page.tsx'

const MOST = 60
type Line = { key: number; at: string; text: string; to: string | null; tone: string }
let last = 0

export function Ticker() {
  const shelves = useShelfMap()
  const [events, setEvents] = useState<(LiveEvent & { key: number })[]>([])
  const hear = useCallback((event: LiveEvent) => setEvents((all) => [{ ...event, key: ++last }, ...all].slice(0, MOST)), [])
  useLiveEvents(hear)
  const lines = events.flatMap((event) => lineOf(event, shelves) ?? [])
  return (
    <Card title="What happens">
      {lines.length === 0 ? (
        <Empty title="Quiet so far">what happens from now on is shown here</Empty>
      ) : (
        <ol className="ticker" aria-live="off">
          {lines.map(({ key, at, text, to, tone }) => (
            <li key={key} className={tone}>
              <time className="soft num">{clock(at)}</time>
              {to ? <Link to={to}>{text}</Link> : <span>{text}</span>}
            </li>
          ))}
        </ol>
      )}
    </Card>
  )
}

function lineOf(event: LiveEvent & { key: number }, shelves: ShelfMap): Line | null {
  const line = (text: string, to: string | null = null, tone = '') => ({ key: event.key, at: event.at, text, to, tone })
  switch (event.name) {
    case 'visit.opened':
      return line(`Somebody came in (${event.role})`, `/visits/${event.visitId}`, 'good')
    case 'visit.closed':
      return line(`Visit ${shortId(event.visitId)} ended`, `/visits/${event.visitId}`)
    case 'visit.settled':
      return line(`Cart settled: ${money(event.totalMinor)}`, `/visits/${event.visitId}`, 'good')
    case 'visit.corrected':
      return line(`Cart corrected: ${money(event.totalMinor)}`, `/visits/${event.visitId}`)
    case 'weight-change.recorded':
      return line(
        `${signedGrams(event.status === 'PICKED' ? -event.grams : event.grams)} · ${shelves.machineName(event.machineId)}, scale ${event.scaleId}`
      )
    case 'ticket.escalated':
      return line(`${event.number} escalated: ${event.note}`, `/tickets/${event.ticketId}`, 'fair')
    case 'ticket.completed':
      return line(`${event.number} complete`, `/tickets/${event.ticketId}`)
    case 'ticket.reopened':
      return line(`${event.number} reopened: ${event.reason}`, `/tickets/${event.ticketId}`, 'fair')
    case 'machine.offline':
      return line(`${shelves.machineName(event.machineId)} is silent`, `/machines/${event.machineId}`, 'bad')
    case 'machine.online':
      return line(`${shelves.machineName(event.machineId)} is heard again`, `/machines/${event.machineId}`, 'good')
    case 'alarm.started':
      return line(event.message, '/alarms', 'bad')
    case 'store-mode.changed':
      return line(`Store mode: ${MODES.find(({ value }) => value === event.to)?.label ?? event.to}`)
    default:
      return null
  }
}
