/** The review queue: the visits with tickets to review, what is escalated first, then the most doubtful, then the oldest. */
import type { QueryClient } from '@tanstack/react-query'
import type { Ticket } from '#contracts/api/tickets.ts'
import { getAll } from '#web/api.ts'
import { useSession } from '#web/session.tsx'

export type Waiting = {
  visitId: string
  role: Ticket['role']
  leftAt: string
  tickets: Ticket[]
  changes: number
  /** 0: all clear, 1: nobody can tell. */
  doubt: number
  isReopened: boolean
  isContested: boolean
  heldBy: { id: string; name: string } | null
  escalation: Ticket['escalation']
}
/** Who is asking, and may they settle what others have escalated? */
export type Reviewer = { id: string; maySettleEscalated: boolean }

export function useReviewer(): Reviewer {
  const { account, may } = useSession()
  return { id: account.id, maySettleEscalated: may('tickets:escalated') }
}

const MOST = 1000

export const queueQuery = {
  queryKey: ['/tickets', 'queue'],
  queryFn: async () => {
    const [waiting, held] = await Promise.all([
      getAll<Ticket>('/tickets', { status: 'TO_BE_REVIEWED' }, MOST),
      getAll<Ticket>('/tickets', { status: 'UNDER_REVIEW' }, MOST)
    ])
    return queueOf([...waiting, ...held])
  }
}

export function queueOf(tickets: Ticket[]): Waiting[] {
  const visits = [...Map.groupBy(tickets, ({ visitId }) => visitId)].map(([visitId, own]) => {
    const first = own[0]!
    const held = own.find(({ claimedBy }) => claimedBy !== null)
    return {
      visitId,
      role: first.role,
      leftAt: first.endTime,
      tickets: own.sort((a, b) => (a.number < b.number ? -1 : 1)),
      changes: own.reduce((sum, { weightChanges }) => sum + weightChanges.length, 0),
      doubt: Math.max(...own.map(doubtOf)),
      isReopened: own.some(({ reopenReason }) => reopenReason !== null),
      isContested: own.some(({ contested }) => contested),
      escalation: own.find(({ escalation }) => escalation !== null)?.escalation ?? null,
      heldBy: held ? { id: held.claimedBy!, name: held.claimedByName ?? 'somebody' } : null
    }
  })
  const isEscalated = (visit: Waiting) => Number(visit.escalation !== null)
  return visits.sort((a, b) => isEscalated(b) - isEscalated(a) || b.doubt - a.doubt || (a.leftAt < b.leftAt ? -1 : 1))
}

/** How little is known: by the least certain movement, books that do not balance, others who were inside. */
function doubtOf({ movements, weightChanges, balance, otherVisits }: Ticket): number {
  const unsure =
    movements.length > 0 ? 1 - Math.min(...movements.map(({ confidence }) => confidence)) : weightChanges.length > 0 ? 0.5 : 0
  const books = balance.isBalanced === false ? 0.3 : 0
  const others = otherVisits.length > 0 && weightChanges.length > 0 ? 0.2 : 0
  return Math.min(1, unsure + books + others)
}

/** May this reviewer take it: nobody else is at it, and it does not wait for an admin? */
export const isFor = ({ heldBy, escalation }: Waiting, { id, maySettleEscalated }: Reviewer): boolean =>
  (heldBy === null || heldBy.id === id) && (escalation === null || maySettleEscalated)

/** The next visit for this reviewer; null when there is none. */
export async function nextVisit(
  client: QueryClient,
  { me, after }: { me: Reviewer; after: string | null }
): Promise<string | null> {
  const queue = await client.fetchQuery({ ...queueQuery, staleTime: 0 })
  return queue.find((visit) => visit.visitId !== after && isFor(visit, me))?.visitId ?? null
}
