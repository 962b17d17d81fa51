/** Onboarding a scanner: name it, give it its key, scan a code. */
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'react-router'
import type { NewScanner, Scanner } from '#contracts/api/scanners.ts'
import { get } from '#web/api.ts'
import { clock } from '#web/format.ts'
import { DOOR_TAGS } from '#web/resources/choices.ts'
import { ChoiceField, TextField } from '#web/ui/field.tsx'
import { Notice } from '#web/ui/notice.tsx'
import { Page } from '#web/ui/page.tsx'
import { DeviceKey, NewDevice } from './new-device.tsx'
import { Steps } from './steps.tsx'
import './start.css'

const OFTEN_MS = 1000

export function ScannerPage() {
  const [made, setMade] = useState<NewScanner | null>(null)
  const [isKept, setKept] = useState(false)
  const scanner = useQuery({
    queryKey: ['/scanners', 'one', made?.id],
    queryFn: () => get<Scanner>(`/scanners/${made!.id}`),
    enabled: made !== null,
    refetchInterval: OFTEN_MS
  })
  const { lastScanAt = null, lastScanMs = null, lastRefusal = null } = scanner.data ?? {}
  const hasScanned = lastScanAt !== null || lastRefusal !== null
  return (
    <Page title="Onboard a scanner" above={<Link to="/start">Onboarding</Link>}>
      <Steps
        steps={[
          {
            title: 'Name it',
            isDone: made !== null,
            says: made && `${made.name}, ${made.tag.toLowerCase()}`,
            body: <Name onMade={setMade} />
          },
          {
            title: 'Give it its key',
            isDone: isKept || hasScanned,
            body: made && (
              <DeviceKey deviceKey={made.deviceKey} onKept={() => setKept(true)}>
                <p className="soft small">
                  Over HTTP it posts the code to <code>{made.tag === 'ENTRY' ? '/entry-control/' : '/exit-control/'}</code>; over
                  MQTT its user name is <code>{made.id}</code>.
                </p>
              </DeviceKey>
            )
          },
          {
            title: 'Scan a code now',
            isDone: hasScanned,
            body: hasScanned ? (
              <Result {...{ lastScanAt, lastScanMs, lastRefusal }} />
            ) : (
              <div className="row">
                <span className="spinner" />
                Waiting for a code: any will do, also one that is not valid…
              </div>
            )
          }
        ]}
      />
    </Page>
  )
}

/** What arrived, how fast it was answered, and what the box made of it. */
function Result({ lastScanAt, lastScanMs, lastRefusal }: Pick<Scanner, 'lastScanAt' | 'lastScanMs' | 'lastRefusal'>) {
  const isRefused = lastRefusal !== null && (lastScanAt === null || lastRefusal.at >= lastScanAt)
  return (
    <div className="stack">
      {isRefused ? (
        <Notice tone="fair">
          A code arrived at {clock(lastRefusal.at)} and was refused: {lastRefusal.reason.replaceAll('-', ' ')}. The scanner works.
        </Notice>
      ) : (
        <Notice tone="good">A valid code arrived at {clock(lastScanAt!)}. The scanner works.</Notice>
      )}
      {lastScanMs !== null && <p className="soft">The box answered it within {Math.max(1, lastScanMs)} ms.</p>}
      <div>
        <Link className="button primary" to="/start">
          Back to the list
        </Link>
      </div>
    </div>
  )
}

function Name({ onMade }: { onMade: (made: NewScanner) => void }) {
  const [name, setName] = useState('')
  const [tag, setTag] = useState('ENTRY')
  return (
    <NewDevice<NewScanner>
      path="/scanners"
      keyPath={({ id }) => `/scanners/${id}/device-key`}
      label="Onboard"
      body={() => ({ name: name.trim(), tag })}
      onMade={onMade}
    >
      {(wrong) => (
        <>
          <TextField
            label="Name"
            help="Where it is."
            placeholder="Front door"
            value={name}
            error={wrong('name')}
            onChange={setName}
          />
          <ChoiceField
            label="Opens"
            help="A scanner lets people in or out, never both."
            value={tag}
            choices={DOOR_TAGS}
            onChange={setTag}
          />
        </>
      )}
    </NewDevice>
  )
}
