/** Onboarding a machine: name it, give it its key, hear it, weigh something. */
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'react-router'
import type { Machine, NewMachine } from '#contracts/api/machines.ts'
import type { Scale } from '#contracts/api/scales.ts'
import { get, type Page as ListPage } from '#web/api.ts'
import { ago, clock } from '#web/format.ts'
import { MACHINE_KINDS } from '#web/resources/choices.ts'
import { ChoiceField, TextField } from '#web/ui/field.tsx'
import { Notice } from '#web/ui/notice.tsx'
import { Page } from '#web/ui/page.tsx'
import { DeviceKey, NewDevice } from './new-device.tsx'
import { Steps } from './steps.tsx'
import { WeighingTest } from './weighing-test.tsx'
import './start.css'

const OFTEN_MS = 1000

export function MachinePage() {
  const [made, setMade] = useState<NewMachine | null>(null)
  const [isKept, setKept] = useState(false)
  const machine = useQuery({
    queryKey: ['/machines', 'one', made?.machineId],
    queryFn: () => get<Machine>(`/machines/${made!.machineId}`),
    enabled: made !== null,
    refetchInterval: OFTEN_MS
  })
  const heardAt = machine.data?.lastHeartbeatAt ?? null
  return (
    <Page title="Onboard a machine" above={<Link to="/start">Onboarding</Link>}>
      <Steps
        steps={[
          {
            title: 'Name it',
            isDone: made !== null,
            says: made && `${made.displayName}, ${made.machineId}`,
            body: <Name onMade={setMade} />
          },
          {
            title: 'Give it its key',
            isDone: isKept || heardAt !== null,
            body: made && (
              <DeviceKey deviceKey={made.deviceKey} onKept={() => setKept(true)}>
                <p className="soft small">
                  Over HTTP it sends <code>Authorization: Bearer KEY</code> to <code>/api/machines/heartbeat</code>; over MQTT its
                  user name is <code>{made.machineId}</code> and the key its password.
                </p>
              </DeviceKey>
            )
          },
          {
            title: 'Hear it',
            isDone: heardAt !== null,
            says: heardAt && `First heartbeat at ${clock(heardAt)}`,
            body: (
              <div className="row">
                <span className="spinner" />
                Waiting for the first heartbeat…
              </div>
            )
          },
          { title: 'Weigh something', isDone: false, body: made && heardAt && <Scales machineId={made.machineId} /> }
        ]}
      />
    </Page>
  )
}

function Name({ onMade }: { onMade: (made: NewMachine) => void }) {
  const [machineId, setId] = useState('')
  const [displayName, setName] = useState('')
  const [kind, setKind] = useState('shelf')
  return (
    <NewDevice<NewMachine>
      path="/machines"
      keyPath={(made) => `/machines/${made.machineId}/device-key`}
      label="Onboard"
      body={() => ({ machineId: machineId.trim(), displayName: displayName.trim(), kind })}
      onMade={onMade}
    >
      {(wrong) => (
        <>
          <TextField
            label="Machine id"
            help="As printed on it."
            placeholder="1644496921479"
            value={machineId}
            error={wrong('machineId')}
            onChange={setId}
          />
          <TextField
            label="Name"
            help="What people call it."
            placeholder="Snack shelf"
            value={displayName}
            error={wrong('displayName')}
            onChange={setName}
          />
          <ChoiceField label="Kind" value={kind} choices={MACHINE_KINDS} onChange={setKind} />
        </>
      )}
    </NewDevice>
  )
}

/** Its scales as they come, with their live weights. */
function Scales({ machineId }: { machineId: string }) {
  const scales = useQuery({
    queryKey: ['/machines/scales', machineId],
    queryFn: () => get<ListPage<Scale>>(`/machines/${machineId}/scales`),
    refetchInterval: OFTEN_MS
  })
  const all = scales.data?.items ?? []
  if (all.length === 0) return <Notice>It has been heard, but has not named a scale yet.</Notice>
  const last = all
    .map(({ lastReadingAt }) => lastReadingAt ?? '')
    .sort()
    .at(-1)
  return (
    <div className="stack">
      <p className="soft">
        {all.length} scales, last reading {last ? ago(last) : 'never'}. Put a known weight on each.
      </p>
      <WeighingTest scales={all} />
      <div className="row wrap">
        <Link className="button primary" to={`/planograms/${machineId}`}>
          Place products on it
        </Link>
        <Link className="button" to={`/machines/${machineId}`}>
          To the machine
        </Link>
      </div>
    </div>
  )
}
