/** The counter of a store without one: who is inside, what the shelves tell, what the cameras see, what needs a hand. */

import { useLiveState } from '#web/live.ts'
import { useSession, useStore } from '#web/session.tsx'
import { Pill } from '#web/ui/notice.tsx'
import { Page } from '#web/ui/page.tsx'
import { Alarms } from './alarms.tsx'
import { CameraWall } from './camera-wall.tsx'
import { Inside } from './inside.tsx'
import { Machines } from './machines.tsx'
import { ModeSwitch } from './mode-switch.tsx'
import { Refill } from './refill.tsx'
import { Ticker } from './ticker.tsx'
import { Today } from './today.tsx'
import './live.css'

export function LivePage() {
  const { may } = useSession()
  const store = useStore()
  const state = useLiveState()
  return (
    <Page
      title="Live"
      wide
      beside={<Pill tone={state === 'live' ? 'good' : 'bad'}>{state === 'live' ? 'as it happens' : 'not connected'}</Pill>}
      actions={store.data && may('store-mode:write') && <ModeSwitch store={store.data} />}
    >
      {may('alarms:read') && <Alarms />}
      <Today />
      <div className="live-grid">
        <div className="stack">
          <Inside />
          {may('stock:read') && <Refill />}
        </div>
        <div className="stack">
          <Machines />
          {may('cameras:read') && <CameraWall />}
        </div>
        <Ticker />
      </div>
    </Page>
  )
}
