/** The visit as lanes of time: doors, other shoppers, each camera's footage, each scale with what left and came. A click goes there. */
import { useQueries } from '@tanstack/react-query'
import { type MouseEvent, type ReactNode, useEffect, useRef } from 'react'
import type { VisitDetail } from '#contracts/api/visits.ts'
import { clock as clockText, signedGrams } from '#web/format.ts'
import type { ShelfMap } from '#web/resources/shelf-map.ts'
import { visitQuery } from './desk-page.tsx'
import type { Happening } from './evidence.ts'
import type { Playback } from './use-playback.ts'

type Props = {
  visit: VisitDetail
  events: Happening[]
  at: number
  onSelect: (n: number) => void
  playback: Playback
  shelves: ShelfMap
}
const MOST_OTHERS = 4

export function Timeline({ visit, events, at, onSelect, playback, shelves }: Props) {
  const { clock } = playback
  const cursor = useRef<HTMLDivElement>(null)
  const share = (ms: number) => Math.min(1, Math.max(0, (ms - clock.fromMs) / (clock.toMs - clock.fromMs)))
  const place = (ms: number) => ({ left: `${share(ms) * 100}%` })
  const bar = (fromMs: number, toMs: number) => ({ ...place(fromMs), width: `${(share(toMs) - share(fromMs)) * 100}%` })
  // biome-ignore lint/correctness/useExhaustiveDependencies: share goes with the clock
  useEffect(
    () =>
      playback.onFrame((wallMs) => {
        if (cursor.current) cursor.current.style.left = `${share(wallMs) * 100}%`
      }),
    [clock]
  )
  const seek = (event: MouseEvent<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect()
    playback.jump(clock.fromMs + ((event.clientX - box.left) / box.width) * (clock.toMs - clock.fromMs))
  }
  const others = useOthers(visit)
  const places = [...Map.groupBy(events, ({ machineId, scaleIds }) => `${machineId} ${scaleIds.join(', ')}`).values()]
  return (
    <section className="card timeline" aria-label="Timeline">
      <div className="lanes">
        <Lane label="Doors">
          <span
            className="mark door"
            style={place(Date.parse(visit.enteredAt))}
            title={`Came in ${clockText(visit.enteredAt)}`}
          />
          <span
            className="mark door"
            style={place(Date.parse(visit.exitedAt!))}
            title={`Went out ${clockText(visit.exitedAt!)}`}
          />
        </Lane>
        {others.map(({ id, enteredAt, exitedAt }) => (
          <Lane key={id} label="Another visit">
            <span className="bar other" style={bar(Date.parse(enteredAt), exitedAt ? Date.parse(exitedAt) : clock.toMs)} />
          </Lane>
        ))}
        {playback.screens.map(({ camera }) => (
          <Lane key={camera.id} label={camera.name}>
            {footageOf(visit, camera.id).map(([fromMs, toMs]) => (
              <span key={fromMs} className="bar film" style={bar(fromMs, toMs ?? clock.toMs)} />
            ))}
          </Lane>
        ))}
        {places.map((own) => (
          <Lane key={own[0]!.id} label={shelves.machineName(own[0]!.machineId)} number={own[0]!.scaleIds.join(', ')}>
            {own.map((event) => {
              const n = events.indexOf(event)
              return (
                <button
                  key={event.id}
                  type="button"
                  tabIndex={-1}
                  className={`mark ${event.grams < 0 ? 'picked' : 'placed'} ${n === at ? 'chosen' : ''}`}
                  style={place(event.atMs)}
                  title={`${signedGrams(event.grams)} at ${clockText(new Date(event.atMs))}`}
                  onClick={(press) => {
                    press.stopPropagation()
                    onSelect(n)
                  }}
                >
                  {event.grams < 0 ? '−' : '+'}
                </button>
              )
            })}
          </Lane>
        ))}
        {/* biome-ignore lint/a11y/noStaticElementInteractions lint/a11y/useKeyWithClickEvents: arrow keys do the same */}
        <div className="over" onClick={seek}>
          <div ref={cursor} className="cursor" />
        </div>
      </div>
    </section>
  )
}

/** Where there is little room, a long name is cut, the number of a scale never. */
const Lane = ({ label, number, children }: { label: string; number?: string; children: ReactNode }) => (
  <div className="lane">
    <span className="lane-label" title={number ? `${label} · ${number}` : label}>
      <span>{label}</span>
      {number && <span>{` · ${number}`}</span>}
    </span>
    <div className="lane-track">{children}</div>
  </div>
)

/** When other people were inside. */
function useOthers({ tickets }: VisitDetail) {
  const ids = [...new Set(tickets.flatMap(({ otherVisits }) => otherVisits))].slice(0, MOST_OTHERS)
  return useQueries({ queries: ids.map((id) => ({ ...visitQuery(id), staleTime: 300_000 })) }).flatMap(({ data }) => data ?? [])
}

/** The stretches of time of which a camera has videos; null: still being recorded. */
function footageOf({ tickets }: VisitDetail, cameraId: string): [fromMs: number, toMs: number | null][] {
  const videos = new Map(tickets.flatMap((ticket) => ticket.videos.map((video) => [video.id, video] as const)))
  return [...videos.values()]
    .filter((video) => video.cameraId === cameraId && !video.isMissing)
    .map(({ startTime, endTime }) => [Date.parse(startTime), endTime ? Date.parse(endTime) : null])
}
