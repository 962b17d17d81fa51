/** The films of a visit and the clock they follow; where to jump, and what to leave out. */
import { useQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useRef, useState } from 'react'
import type { CameraView } from '#contracts/api/cameras.ts'
import type { VisitDetail } from '#contracts/api/visits.ts'
import { get, withQuery } from '#web/api.ts'
import type { Happening } from './evidence.ts'
import { type Film, WallClock } from './film.ts'

const MARGIN_MS = 5000
export const BEFORE_MS = 3000
const AFTER_MS = 2500
export const SPEEDS = [0.5, 1, 2, 4, 8]

export type Screen = { camera: CameraView; playlistUrl: string }
export type Playback = {
  clock: WallClock
  screens: Screen[]
  isPlaying: boolean
  speed: number
  eventsOnly: boolean
  toggle: () => void
  setSpeed: (speed: number) => void
  jump: (wallMs: number) => void
  showEvent: (event: Happening) => void
  setEventsOnly: (only: boolean) => void
  join: (film: Film) => () => void
  /** Called for each frame of the screen with the time that is shown. */
  onFrame: (listener: (wallMs: number) => void) => () => void
}

export function usePlayback(visit: VisitDetail, events: Happening[]): Playback {
  const fromMs = Date.parse(visit.enteredAt) - MARGIN_MS
  const toMs = Date.parse(visit.exitedAt!) + MARGIN_MS
  const clock = useMemo(() => new WallClock(fromMs, toMs), [fromMs, toMs])
  const films = useRef(new Set<Film>())
  const listeners = useRef(new Set<(wallMs: number) => void>())
  const [isPlaying, setPlaying] = useState(false)
  const [speed, setSpeedShown] = useState(1)
  const [eventsOnly, setEventsOnly] = useState(false)
  const wanted = useRef({ events, eventsOnly })
  wanted.current = { events, eventsOnly }

  useEffect(() => {
    let frame = 0
    const draw = () => {
      if (clock.isPlaying && wanted.current.eventsOnly) leaveOut(clock, wanted.current.events)
      if (clock.isPlaying && clock.now() >= clock.toMs) clock.pause()
      setPlaying(clock.isPlaying)
      for (const film of films.current) film.follow(clock)
      for (const listener of listeners.current) listener(clock.now())
      frame = requestAnimationFrame(draw)
    }
    frame = requestAnimationFrame(draw)
    return () => cancelAnimationFrame(frame)
  }, [clock])

  const views = useQuery({
    queryKey: ['/cameras', 'views'],
    queryFn: () => get<{ items: CameraView[] }>('/camera-views'),
    staleTime: 300_000
  })
  const screens = useMemo(() => screensOf(visit, views.data?.items ?? [], { fromMs, toMs }), [visit, views.data, fromMs, toMs])
  return {
    ...{ clock, screens, isPlaying, speed, eventsOnly, setEventsOnly },
    toggle: () => (clock.isPlaying ? clock.pause() : clock.play()),
    setSpeed: (to) => {
      clock.setSpeed(to)
      setSpeedShown(to)
    },
    jump: (wallMs) => clock.jump(wallMs),
    showEvent: (event) => clock.jump(event.atMs - BEFORE_MS),
    join: (film) => {
      films.current.add(film)
      return () => void films.current.delete(film)
    },
    onFrame: (listener) => {
      listeners.current.add(listener)
      return () => void listeners.current.delete(listener)
    }
  }
}

/** Between events it jumps to the next one; after the last it stands still. */
function leaveOut(clock: WallClock, events: Happening[]): void {
  const now = clock.now()
  if (events.some(({ atMs }) => now >= atMs - BEFORE_MS - 100 && now <= atMs + AFTER_MS)) return
  const next = events.find(({ atMs }) => atMs - BEFORE_MS > now)
  if (next) clock.jump(next.atMs - BEFORE_MS)
  else clock.pause()
}

const ORDER = ['IN_STORE', 'ENTRY', 'EXIT', 'OUT_OF_STORE']

/** The cameras that have videos of the visit: those on its machines first, then the doors. */
function screensOf({ tickets }: VisitDetail, views: CameraView[], { fromMs, toMs }: { fromMs: number; toMs: number }): Screen[] {
  const seen = new Set(tickets.flatMap(({ videos }) => videos.map(({ cameraId }) => cameraId)))
  const busy = new Set(tickets.filter(({ weightChanges }) => weightChanges.length > 0).map(({ machineId }) => machineId))
  const rank = (view: CameraView) => (view.machineIds.some((id) => busy.has(id)) ? 0 : 1 + ORDER.indexOf(view.tag))
  const window = { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() }
  return views
    .filter(({ id }) => seen.has(id))
    .sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name))
    .map((camera) => ({ camera, playlistUrl: withQuery(`/api/v1/cameras/${camera.id}/playlist.m3u8`, window) }))
}
