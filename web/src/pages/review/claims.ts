/** The hold on a visit's tickets: taken when it is opened, kept alive while somebody works on it, given back when they go. */
import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import type { Ticket, TicketDetail } from '#contracts/api/tickets.ts'
import { ApiProblem, send } from '#web/api.ts'
import { clock } from '#web/format.ts'
import { type LiveEvent, useLiveEvents } from '#web/live.ts'
import { useSession } from '#web/session.tsx'

const RENEW_MS = 60_000
const IDLE_MS = 5 * 60_000

/** What may be done about a refusal. */
type WayOut = { label: string; run: () => Promise<void> }
export type Hold = { state: 'taking' | 'held' } | { state: 'refused'; why: string; way: WayOut | null }

export function useClaims(tickets: Ticket[]): Hold {
  const client = useQueryClient()
  const { account, may } = useSession()
  const mayTakeOver = may('tickets:take-over')
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
          setHold({
            ...{ state: 'refused', why: heldBy(error) },
            way: mayTakeOver ? { label: 'Take it over', run: () => claim(true) } : null
          })
        else if (error instanceof ApiProblem && error.code === 'escalated')
          setHold({ state: 'refused', why: error.message, way: null })
        else if (error instanceof ApiProblem && error.status > 0)
          setHold({ state: 'refused', why: error.message, way: { label: 'Try again', run: () => claim() } })
      }
    },
    [wanted, client, mayTakeOver]
  )

  const lastMs = useRef(Date.now())
  const claimAtWork = useCallback(() => void (Date.now() - lastMs.current < IDLE_MS && claim()), [claim])
  /** Somebody let go of one of them, or has taken it over. */
  const hear = useCallback(
    (event: LiveEvent) => {
      const isTold = event.name === 'ticket.released' || (event.name === 'ticket.claimed' && event.claimedBy !== account.id)
      if (isTold && wanted.split(' ').includes(event.ticketId)) claimAtWork()
    },
    [wanted, claimAtWork, account.id]
  )
  useLiveEvents(hear)

  useEffect(() => {
    const touch = () => {
      lastMs.current = Date.now()
    }
    touch()
    void claim()
    const timer = setInterval(claimAtWork, RENEW_MS)
    addEventListener('keydown', touch)
    addEventListener('pointerdown', touch)
    return () => {
      clearInterval(timer)
      removeEventListener('keydown', touch)
      removeEventListener('pointerdown', touch)
    }
  }, [claim, claimAtWork])

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

function heldBy({ message, more }: ApiProblem): string {
  const { claimedBy, leaseExpiresAt } = more as { claimedBy?: { username: string | null }; leaseExpiresAt?: string }
  if (!claimedBy?.username || !leaseExpiresAt) return message
  return `${claimedBy.username} holds this visit until ${clock(leaseExpiresAt)}, longer while they work on it.`
}
