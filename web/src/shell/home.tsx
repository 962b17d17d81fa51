/** Where one begins: in an empty store with what is to be onboarded, else with what happens in it. */
import { Navigate } from 'react-router'
import { useSession, useStore } from '#web/session.tsx'

export function Home() {
  const { may } = useSession()
  const isToBeFilled = useStore().data?.isEmpty && may('machines:write')
  return <Navigate to={isToBeFilled ? '/start' : '/live'} replace />
}
