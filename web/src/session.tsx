/** Who is signed in, and what the role may do: what one may not do is not shown. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, use, useEffect } from 'react'
import type { OwnAccount } from '#contracts/api/auth.ts'
import type { StoreInfo } from '#contracts/api/store.ts'
import { ApiProblem, get, send, whenSignedOut } from './api.ts'
import { askEarly, client } from './queries.ts'

export type Session = { account: OwnAccount; may: (right: string) => boolean }
const Current = createContext<Session | null>(null)

/** The signed-in account. Only below `SessionProvider`'s signed-in children. */
export function useSession(): Session {
  const session = use(Current)
  if (!session) throw new Error('nobody is signed in here')
  return session
}

type Props = { children: ReactNode; signedOut: ReactNode; waiting: ReactNode; unreachable: (retry: () => void) => ReactNode }

/** Shows `children` to who is signed in, `signedOut` to everybody else. */
export function SessionProvider({ children, signedOut, waiting, unreachable }: Props) {
  const client = useQueryClient()
  const me = useQuery(meQuery)
  useEffect(() => whenSignedOut(() => client.setQueryData(['me'], null)), [client])
  if (me.isPending) return waiting
  if (me.isError) return unreachable(() => void me.refetch())
  if (!me.data) return signedOut
  const account = me.data
  return <Current value={{ account, may: (right) => account.rights.includes(right) }}>{children}</Current>
}

function askWhoIAm(): Promise<OwnAccount | null> {
  return get<OwnAccount>('/auth/me').catch((error: unknown) => {
    if (error instanceof ApiProblem && error.status === 401) return null
    throw error
  })
}

const meQuery = { queryKey: ['me'], queryFn: askWhoIAm, staleTime: Number.POSITIVE_INFINITY, retry: false }
const storeQuery = { queryKey: ['store'], queryFn: () => get<StoreInfo>('/store'), staleTime: 30_000 }

/** Asks who is signed in, and where, before anything is drawn. */
export function askForSession(): void {
  void client.prefetchQuery(meQuery)
  askEarly(storeQuery.queryKey, client.prefetchQuery(storeQuery))
}

export function useSignIn() {
  const client = useQueryClient()
  return async (username: string, password: string) => {
    const account = await send<OwnAccount>('POST', '/auth/login', { body: { username, password } })
    client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'me' })
    client.setQueryData(['me'], account)
  }
}

export function useSignOut() {
  const client = useQueryClient()
  return async () => {
    await send('POST', '/auth/logout').catch(() => {})
    client.setQueryData(['me'], null)
    client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'me' })
  }
}

/** The store's own facts: its name, mode, time zone, currency. */
export const useStore = () => useQuery(storeQuery)
