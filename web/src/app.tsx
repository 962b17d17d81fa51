/** The app: what every page stands on, from the cache of answers to the sign-in. */
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from 'react-router/dom'
import { ApiProblem } from './api.ts'
import { SignIn } from './pages/sign-in/sign-in.tsx'
import { router } from './router.tsx'
import { SessionProvider } from './session.tsx'
import { Button } from './ui/button.tsx'
import { ConfirmProvider } from './ui/confirm.tsx'
import { Empty, Waiting } from './ui/notice.tsx'
import { ToastProvider } from './ui/toast.tsx'

/** What was refused is not asked again; what could not be reached is, a few times. */
const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (failures, error) => failures < 3 && error instanceof ApiProblem && (error.status === 0 || error.status >= 500)
    }
  }
})

const unreachable = (retry: () => void) => (
  <main>
    <Empty title="The box does not answer">
      <p>It may be starting, or the network is away.</p>
      <Button onPress={retry}>Try again</Button>
    </Empty>
  </main>
)

export const App = () => (
  <QueryClientProvider client={client}>
    <ToastProvider>
      <ConfirmProvider>
        <SessionProvider signedOut={<SignIn />} waiting={<Waiting />} unreachable={unreachable}>
          <RouterProvider router={router} />
        </SessionProvider>
      </ConfirmProvider>
    </ToastProvider>
  </QueryClientProvider>
)
