/** Onboarding a camera: test its stream, see the picture, say what it sees; then wait until it records. */
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { Link } from 'react-router'
import type { Camera, StreamTest } from '#contracts/api/cameras.ts'
import { get, send, words } from '#web/api.ts'
import { CAMERA_TAGS } from '#web/resources/choices.ts'
import { useShelfMap } from '#web/resources/shelf-map.ts'
import { Button } from '#web/ui/button.tsx'
import { ChoiceField, TextField } from '#web/ui/field.tsx'
import { Notice } from '#web/ui/notice.tsx'
import { Page } from '#web/ui/page.tsx'
import { NewDevice } from './new-device.tsx'
import { Steps } from './steps.tsx'
import { StreamFacts } from './stream-facts.tsx'
import './start.css'

const OFTEN_MS = 1500

export function CameraPage() {
  const [tested, setTested] = useState<{ url: string; result: StreamTest } | null>(null)
  const [made, setMade] = useState<Camera | null>(null)
  const camera = useQuery({
    queryKey: ['/cameras', 'one', made?.id],
    queryFn: () => get<Camera>(`/cameras/${made!.id}`),
    enabled: made !== null,
    refetchInterval: OFTEN_MS
  })
  const isRecording = camera.data?.state === 'recording'
  return (
    <Page title="Onboard a camera" above={<Link to="/start">Onboarding</Link>}>
      <Steps
        steps={[
          {
            title: 'Test its stream',
            isDone: tested !== null,
            says: tested && `${tested.result.width} × ${tested.result.height}, ${tested.result.codec}`,
            body: <Test onTested={(url, result) => setTested({ url, result })} />
          },
          {
            title: 'Say what it sees',
            isDone: made !== null,
            says: made?.name,
            body: tested && (
              <div className="stack">
                <StreamFacts test={tested.result} />
                <Describe streamUrl={tested.url} onMade={setMade} />
              </div>
            )
          },
          {
            title: 'Record',
            isDone: isRecording,
            body: isRecording ? (
              <div className="stack">
                <Notice tone="good">It is being recorded.</Notice>
                <img className="snapshot" src={`/api/v1/cameras/${made!.id}/snapshot`} alt={`What ${made!.name} sees now`} />
                <div>
                  <Link className="button primary" to="/start">
                    Back to the list
                  </Link>
                </div>
              </div>
            ) : (
              <div className="row">
                <span className="spinner" />
                {camera.data?.stateReason ?? 'Connecting…'}
              </div>
            )
          }
        ]}
      />
    </Page>
  )
}

function Test({ onTested }: { onTested: (url: string, result: StreamTest) => void }) {
  const [url, setUrl] = useState('')
  const [problem, setProblem] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setProblem(null)
    try {
      onTested(url.trim(), await send<StreamTest>('POST', '/cameras/test', { body: { streamUrl: url.trim() } }))
    } catch (error) {
      setProblem(words(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <form className="stack form" onSubmit={submit}>
      <TextField
        label="Stream"
        help="rtsp:// or rtmp://, with user and password where the camera wants them; test:// is a test picture."
        placeholder="rtsp://user:password@192.168.1.20/stream1"
        value={url}
        error={problem}
        onChange={setUrl}
      />
      <div>
        <Button type="submit" tone="primary" disabled={busy}>
          {busy ? 'Looking for some seconds…' : 'Test'}
        </Button>
      </div>
    </form>
  )
}

function Describe({ streamUrl, onMade }: { streamUrl: string; onMade: (made: Camera) => void }) {
  const shelves = useShelfMap()
  const [name, setName] = useState('')
  const [tag, setTag] = useState('IN_STORE')
  const [machineIds, setMachines] = useState<string[]>([])
  const toggle = (id: string) => setMachines((now) => (now.includes(id) ? now.filter((one) => one !== id) : [...now, id]))
  return (
    <NewDevice<Camera>
      path="/cameras"
      label="Save and record"
      body={() => ({ name: name.trim(), tag, streamUrl, machineIds })}
      onMade={onMade}
    >
      {(wrong) => (
        <>
          <TextField label="Name" placeholder="First aisle" value={name} error={wrong('name')} onChange={setName} />
          <ChoiceField label="Place" value={tag} choices={CAMERA_TAGS} onChange={setTag} />
          <fieldset className="field several">
            <legend>Machines it sees</legend>
            <div className="row wrap">
              {shelves.machines
                .filter(({ retiredAt }) => !retiredAt)
                .map(({ machineId, displayName }) => (
                  <label key={machineId} className="check">
                    <input type="checkbox" checked={machineIds.includes(machineId)} onChange={() => toggle(machineId)} />
                    {displayName}
                  </label>
                ))}
            </div>
          </fieldset>
        </>
      )}
    </NewDevice>
  )
}
