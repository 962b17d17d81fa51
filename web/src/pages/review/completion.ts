/** Completing a visit: each of its open tickets in order, each once however often it is asked; then the next visit. */
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { useNavigate } from 'react-router'
import type { TicketDetail } from '#contracts/api/tickets.ts'
import type { VisitDetail } from '#contracts/api/visits.ts'
import { ApiProblem, send, words } from '#web/api.ts'
import { useKeys } from '#web/keys.ts'
import { useToast } from '#web/ui/toast.tsx'
import { visitQuery } from './desk-page.tsx'
import { type Draft, forgetDraft, linesOf } from './draft.ts'
import type { Happening } from './evidence.ts'
import { nextVisit, useReviewer } from './queue.ts'

type Work = { visit: VisitDetail; events: Happening[]; draft: Draft; nameOf: (productId: string) => string }

export function useCompletion({ visit, events, draft, nameOf }: Work) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const toast = useToast()
  const me = useReviewer()
  const [problem, setProblem] = useState<string | null>(null)
  const isRunning = useRef(false)
  const keys = useKeys()
  const seen = useRef(versionsOf(visit))

  const next = async () => {
    const visitId = await nextVisit(client, { me, after: visit.id }).catch(() => null)
    navigate(visitId ? `/review/${visitId}` : '/review')
  }
  const { id, maySettleEscalated } = me
  // What comes next is read while this one is worked on, so that it is there at once.
  useEffect(() => {
    void nextVisit(client, { me: { id, maySettleEscalated }, after: visit.id })
      .then((visitId) => (visitId ? client.prefetchQuery(visitQuery(visitId)) : undefined))
      .catch(() => {})
  }, [client, id, maySettleEscalated, visit.id])

  const complete = async () => {
    for (const { id, version } of visit.tickets.filter(({ status }) => status !== 'REVIEW_COMPLETE')) {
      const { lines, others, problems } = linesOf(id, events, draft, nameOf)
      if (problems.length > 0 && visit.role === 'customer') throw new Error(`${problems.join('; ')}.`)
      const body = { lines, others, version, note: draft.note.trim() || null }
      await send<TicketDetail>('POST', `/tickets/${id}/complete`, { body, key: keys.of([id, body]) })
    }
  }
  const run = async () => {
    if (isRunning.current) return
    if (isNews(seen.current, visit)) {
      seen.current = versionsOf(visit)
      return setProblem(NEWS)
    }
    isRunning.current = true
    setProblem(null)
    try {
      await complete()
      forgetDraft(visit.id)
      toast(`${visit.tickets.length === 1 ? 'Ticket' : 'Visit'} complete`)
      void client.invalidateQueries({ queryKey: ['/tickets'] })
      await next()
    } catch (error) {
      const isStale = error instanceof ApiProblem && error.code === 'stale-version'
      await client.invalidateQueries({ queryKey: ['/visits'] }) // said once it is shown: what is pressed before would count for nothing
      seen.current = versionsOf(client.getQueryData<VisitDetail>(visitQuery(visit.id).queryKey) ?? visit)
      setProblem(isStale ? NEWS : words(error))
    } finally {
      isRunning.current = false
    }
  }
  /** Hands the visit on to an admin, with what makes it too hard. */
  const escalate = async (note: string) => {
    try {
      for (const ticket of visit.tickets.filter(({ status }) => status !== 'REVIEW_COMPLETE'))
        await send<TicketDetail>('POST', `/tickets/${ticket.id}/escalate`, { body: { note }, key: keys.of([ticket.id, note]) })
      toast('Escalated')
      void client.invalidateQueries({ queryKey: ['/tickets'] })
      await next()
    } catch (error) {
      setProblem(words(error))
    }
  }
  return { problem, run, escalate, skip: next }
}

const NEWS = 'New evidence came in meanwhile. It is shown now: look again, then complete.'
const versionsOf = ({ tickets }: VisitDetail) => new Map(tickets.map(({ id, version }) => [id, version]))
/** Has evidence changed since it was last looked at? Tickets that completed themselves are none of the reviewer’s business. */
const isNews = (seen: Map<string, number>, { tickets }: VisitDetail): boolean =>
  tickets.some(({ id, version, status }) => status !== 'REVIEW_COMPLETE' && seen.get(id) !== version)
