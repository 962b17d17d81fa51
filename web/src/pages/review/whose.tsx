/** Gives an event to another shopper who was inside: they are named as far as one’s role may know them. */
import { useQueries } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import type { UserDetail } from '#contracts/api/users.ts'
import { get } from '#web/api.ts'
import { clock as clockText } from '#web/format.ts'
import { ROLES } from '#web/resources/choices.ts'
import { shortId } from '#web/resources/names.ts'
import { useSession } from '#web/session.tsx'
import { Dialog } from '#web/ui/dialog.tsx'
import { visitQuery } from './desk-page.tsx'
import type { Happening } from './evidence.ts'
import type { DraftControl } from './use-draft.ts'

type Props = { event: Happening; draft: DraftControl; onClose: () => void }
const MOST_SHOWN = 9

export function Whose({ event, draft, onClose }: Props) {
  const shoppers = useShoppers(event.otherVisitIds.slice(0, MOST_SHOWN))
  const give = (n: number) => {
    const shopper = shoppers[n]
    if (!shopper) return
    draft.decide(event.id, { kind: 'other', visitId: shopper.visitId })
    onClose()
  }
  const press = useRef(give)
  press.current = give
  useEffect(() => {
    const hear = ({ key }: KeyboardEvent) => press.current(Number(key) - 1)
    addEventListener('keydown', hear)
    return () => removeEventListener('keydown', hear)
  }, [])
  return (
    <Dialog title="Who did it?" onClose={onClose}>
      <p className="soft">It is asked on their ticket then. A completed one is looked at again.</p>
      <ul className="candidates">
        {shoppers.map(({ visitId, name, says }, n) => (
          <li key={visitId}>
            <button type="button" onClick={() => give(n)}>
              <kbd>{n + 1}</kbd>
              <span className="grow">{name}</span>
              <span className="soft num small">{says}</span>
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  )
}

function useShoppers(visitIds: string[]) {
  const { may } = useSession()
  const visits = useQueries({ queries: visitIds.map((id) => ({ ...visitQuery(id), staleTime: 300_000 })) })
  const userIds = [...new Set(visits.flatMap(({ data }) => data?.userId ?? []))]
  const users = useQueries({
    queries: userIds.map((id) => ({
      queryKey: ['/users', 'one', id],
      queryFn: () => get<UserDetail>(`/users/${id}`),
      enabled: may('users:read'),
      staleTime: 300_000
    }))
  })
  const phones = new Map(users.flatMap(({ data }) => (data ? [[data.id, data.phoneNumber] as const] : [])))
  return visitIds.map((visitId, n) => {
    const visit = visits[n]?.data
    const role = ROLES.find(({ value }) => value === visit?.role)?.label ?? 'Shopper'
    return {
      visitId,
      name: visit ? `${role} ${phones.get(visit.userId) ?? shortId(visit.userId)}` : `Visit ${shortId(visitId)}`,
      says: visit ? `inside ${clockText(visit.enteredAt)} to ${visit.exitedAt ? clockText(visit.exitedAt) : 'now'}` : ''
    }
  })
}
