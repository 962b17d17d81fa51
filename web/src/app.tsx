/** The app: what every page stands on, from the cache of answers to the sign-in. */
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from 'react-router/dom'
import { SignIn } from './pages/sign-in/sign-in.tsx'
import { client } from './queries.ts'
import { router } from './router.tsx'
import { askForSession, SessionProvider } from './session.tsx'
import { Button } from './ui/button.tsx'
import { ConfirmProvider } from './ui/confirm.tsx'
import { Empty, Waiting } from './ui/notice.tsx'
import { ToastProvider } from './ui/toast.tsx'

askForSession()

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
