/** Every screen there is, one line each. Pages load when they are first opened. */
import { createBrowserRouter, type LoaderFunctionArgs } from 'react-router'
import { askForRows, readAsked } from './resources/asked.ts'
import { resourceNamed } from './resources/index.ts'
import { Home } from './shell/home.tsx'
import { Shell } from './shell/shell.tsx'
import { Trouble } from './shell/trouble.tsx'

const page =
  <M extends Record<N, () => React.ReactNode>, N extends string>(load: () => Promise<M>, name: N) =>
  async () => ({ Component: (await load())[name] })

/** A list's rows are on their way before its page is. */
function rowsOf({ params, request }: LoaderFunctionArgs): null {
  const resource = resourceNamed(params.resource)
  if (resource) askForRows(resource, readAsked(new URL(request.url).searchParams))
  return null
}

export const router = createBrowserRouter(
  [
    {
      Component: Shell,
      ErrorBoundary: Trouble,
      HydrateFallback: () => null,
      children: [
        { index: true, Component: Home },
        { path: 'live', lazy: page(() => import('./pages/live/live-page.tsx'), 'LivePage') },
        { path: 'review', lazy: page(() => import('./pages/review/queue-page.tsx'), 'QueuePage') },
        { path: 'review/:visitId', lazy: page(() => import('./pages/review/desk-page.tsx'), 'DeskPage') },
        { path: 'refill', lazy: page(() => import('./pages/refill/refill-page.tsx'), 'RefillPage') },
        { path: 'start', lazy: page(() => import('./pages/start/start-page.tsx'), 'StartPage') },
        { path: 'start/machine', lazy: page(() => import('./pages/start/machine-page.tsx'), 'MachinePage') },
        { path: 'start/scanner', lazy: page(() => import('./pages/start/scanner-page.tsx'), 'ScannerPage') },
        { path: 'start/camera', lazy: page(() => import('./pages/start/camera-page.tsx'), 'CameraPage') },
        { path: 'planograms/:machineId', lazy: page(() => import('./pages/planogram/planogram-page.tsx'), 'PlanogramPage') },
        { path: 'account', lazy: page(() => import('./pages/account/account.tsx'), 'Account') },
        { path: ':resource', loader: rowsOf, lazy: page(() => import('./pages/resource/list-page.tsx'), 'ListPage') },
        { path: ':resource/new', lazy: page(() => import('./pages/resource/form-page.tsx'), 'FormPage') },
        { path: ':resource/:id', lazy: page(() => import('./pages/resource/detail-page.tsx'), 'DetailPage') },
        { path: ':resource/:id/edit', lazy: page(() => import('./pages/resource/form-page.tsx'), 'FormPage') }
      ].map((screen) => ({ ...screen, ErrorBoundary: Trouble }))
    }
  ],
  { basename: '/admin' }
)
