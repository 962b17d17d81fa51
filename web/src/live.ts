/** What happens in the store, as it happens: one stream for the whole app; each event makes what shows it load anew. */
import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { EventName, Events } from '#contracts/events.ts'
import { streamIsOpen } from './queries.ts'

/** Event → the lists and pages it changes (first parts of query keys). */
const CHANGES: Partial<Record<EventName, string[]>> = {
  'weight-change.recorded': ['/weight-changes', '/machines/scales'],
  'weight-change.corrected': ['/weight-changes', '/machines/scales'],
  'weight-change.withdrawn': ['/weight-changes', '/machines/scales'],
  'movements.inferred': ['/movements'],
  'cart.proposed': ['cart'],
  'machine.onboarded': ['/machines', 'store'],
  'machine.retired': ['/machines'],
  'machine.online': ['/machines'],
  'machine.offline': ['/machines'],
  'camera.onboarded': ['/cameras', 'store'],
  'camera.changed': ['/cameras'],
  'camera.retired': ['/cameras'],
  'camera.online': ['/cameras'],
  'camera.offline': ['/cameras'],
  'video.opened': ['/videos'],
  'video.closed': ['/videos'],
  'planogram.changed': ['/machines/planogram'],
  'machine-session.closed': ['/machine-sessions'],
  'command.answered': ['/commands', '/machines'],
  'alarm.started': ['/alarms'],
  'alarm.ended': ['/alarms'],
  'store-mode.changed': ['store', '/store/mode-changes', '/machine-sessions'],
  'visit.opened': ['today', '/visits', 'store', '/scanners', '/user-sessions', '/users'],
  'visit.closed': ['today', '/visits', 'store', '/scanners', '/user-sessions', '/carts'],
  'ticket.opened': ['today', '/tickets'],
  'ticket.claimed': ['today', '/tickets'],
  'ticket.released': ['today', '/tickets'],
  'ticket.escalated': ['today', '/tickets', '/visits'],
  'ticket.completed': ['today', '/tickets', '/visits'],
  'ticket.reopened': ['today', '/tickets', '/visits'],
  'ticket.changed': ['/tickets', '/visits'],
  'visit.settled': ['today', '/carts', '/visits'],
  'visit.corrected': ['today', '/carts', '/visits'],
  'stock.low': ['/stock'],
  'stock.recovered': ['/stock'],
  'stock.refilled': ['/stock'],
  'visit.contested': ['today', '/tickets', '/visits'],
  'visit.contest-ended': ['today', '/tickets', '/visits']
}
export type LiveEvent = { [N in EventName]: { name: N; at: string } & Events[N] }[EventName]
export type LiveState = 'connecting' | 'live' | 'lost'

const NAMES = Object.keys(CHANGES) as EventName[]
const RETRY_MS = 3000
const GATHER_MS = 250
const listeners = new Set<(event: LiveEvent) => void>()
const watchers = new Set<(state: LiveState) => void>()
let state: LiveState = 'connecting'

function setState(next: LiveState): void {
  state = next
  for (const watcher of watchers) watcher(next)
}

/** Opens the stream; the function it returns closes it. The browser itself resumes it at the last event; a stream that was refused is asked for again. */
function openStream(client: QueryClient): () => void {
  let source: EventSource
  let again: ReturnType<typeof setTimeout> | undefined
  let lastEventId = ''
  const stale = new Set<string>()
  let gather: ReturnType<typeof setTimeout> | undefined
  const refresh = () => {
    gather = undefined
    const wanted = [...stale]
    stale.clear()
    void client.invalidateQueries({ predicate: ({ queryKey }) => wanted.includes(String(queryKey[0])) })
  }
  const hear = (message: MessageEvent<string>) => {
    lastEventId = message.lastEventId
    const name = message.type as EventName
    for (const key of CHANGES[name] ?? []) stale.add(key)
    gather ??= setTimeout(refresh, GATHER_MS) // a burst loads once
    const event = { ...JSON.parse(message.data), name } as LiveEvent
    for (const listener of listeners) listener(event)
  }
  const open = () => {
    source = new EventSource(
      `/api/v1/live?names=${NAMES.join(',')}${lastEventId && `&lastEventId=${encodeURIComponent(lastEventId)}`}`
    )
    source.onopen = () => {
      const wasLost = state === 'lost'
      setState('live')
      streamIsOpen()
      if (wasLost) void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'me' })
    }
    source.onerror = () => {
      setState('lost')
      if (source.readyState !== EventSource.CLOSED) return
      again = setTimeout(open, RETRY_MS)
    }
    source.addEventListener('reset', () => void client.invalidateQueries())
    for (const name of NAMES) source.addEventListener(name, hear as EventListener)
  }
  open()
  return () => {
    source.close()
    clearTimeout(again)
    clearTimeout(gather)
    setState('connecting')
  }
}

/** Keeps the stream open as long as the component that calls it is shown. Once in the app. */
export function useLiveStream(): void {
  const client = useQueryClient()
  useEffect(() => openStream(client), [client])
}

export function useLiveState(): LiveState {
  const [current, setCurrent] = useState(state)
  useEffect(() => {
    setCurrent(state)
    watchers.add(setCurrent)
    return () => void watchers.delete(setCurrent)
  }, [])
  return current
}

/** Calls `listener` with each event; it must not change from render to render. */
export function useLiveEvents(listener: (event: LiveEvent) => void): void {
  useEffect(() => {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }, [listener])
}
