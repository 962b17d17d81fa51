/** The hold on a visit's tickets: taken when it is opened, kept alive while somebody works on it, given back when they go. */
import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import type { Ticket, TicketDetail } from '#contracts/api/tickets.ts'
import { ApiProblem, send } from '#web/api.ts'

const RENEW_MS = 60_000
const IDLE_MS = 5 * 60_000

export type Hold = { state: 'taking' | 'held' } | { state: 'refused'; why: string; takeOver: (() => Promise<void>) | null }

export function useClaims(tickets: Ticket[]): Hold {
  const client = useQueryClient()
  const [hold, setHold] = useState<Hold>({ state: 'taking' })
  const open = tickets.filter(({ status }) => status !== 'REVIEW_COMPLETE').map(({ id }) => id)
  const wanted = open.join(' ')

  const claim = useCallback(
    async (isForced = false): Promise<void> => {
      const ids = wanted.split(' ').filter(Boolean)
      try {
        for (const id of ids)
          await send<TicketDetail>('POST', `/tickets/${id}/claim`, isForced ? { body: { takeOver: true } } : {})
        setHold({ state: 'held' })
      } catch (error) {
        const isGone = error instanceof ApiProblem && error.code === 'already-complete'
        if (isGone) await client.invalidateQueries({ queryKey: ['/visits'] })
        else if (error instanceof ApiProblem && error.code === 'already-claimed')
          setHold({ state: 'refused', why: error.message, takeOver: () => claim(true) })
        else if (error instanceof ApiProblem && error.code === 'escalated')
          setHold({ state: 'refused', why: error.message, takeOver: null })
        else if (error instanceof ApiProblem && error.status > 0)
          setHold({ state: 'refused', why: error.message, takeOver: () => claim() })
      }
    },
    [wanted, client]
  )

  useEffect(() => {
    let lastMs = Date.now()
    const touch = () => {
      lastMs = Date.now()
    }
    void claim()
    const timer = setInterval(() => Date.now() - lastMs < IDLE_MS && void claim(), RENEW_MS)
    addEventListener('keydown', touch)
    addEventListener('pointerdown', touch)
    return () => {
      clearInterval(timer)
      removeEventListener('keydown', touch)
      removeEventListener('pointerdown', touch)
    }
  }, [claim])

  const current = useRef<string[]>([])
  current.current = open
  useEffect(
    () => () => {
      for (const id of current.current) void send('POST', `/tickets/${id}/release`).catch(() => {}) // complete by now, or somebody else’s: nothing is left to give back
    },
    []
  )
  return hold
}
