/** The form that makes a device, and the key it gets: shown once. */
import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useState } from 'react'
import { ApiProblem, isDecided, send, words } from '#web/api.ts'
import { useKeys } from '#web/keys.ts'
import { Button } from '#web/ui/button.tsx'
import { Notice } from '#web/ui/notice.tsx'
import { QrCode } from '#web/ui/qr.tsx'
import { useToast } from '#web/ui/toast.tsx'

type FormProps<T> = {
  path: string
  /** Where a device that has a key gets another one: the box tells a key once, and that answer may have been lost. */
  keyPath?: (made: T) => string
  body: () => unknown
  onMade: (made: T) => void
  children: (wrong: (field: string) => string | null) => ReactNode
  label: string
}

/** `children` draws the fields; `wrong` is what the server says of one of them. */
export function NewDevice<T>({ path, keyPath, body, onMade, children, label }: FormProps<T>) {
  const client = useQueryClient()
  const [problem, setProblem] = useState<Error | null>(null)
  const [busy, setBusy] = useState(false)
  const keys = useKeys()
  const field = problem instanceof ApiProblem ? problem.field : null
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setProblem(null)
    const what = body()
    try {
      const told = await send<T & { deviceKey?: string }>('POST', path, { body: what, key: keys.of(what) })
      const made = keyPath && !told.deviceKey ? { ...told, ...(await send<{ deviceKey: string }>('POST', keyPath(told))) } : told
      await client.invalidateQueries({ queryKey: [path] })
      onMade(made)
    } catch (error) {
      if (isDecided(error)) keys.forget(what)
      setProblem(error as Error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <form className="stack form" onSubmit={submit}>
      {problem && !field && <Notice tone="bad">{words(problem)}</Notice>}
      {children((name) => (field === name ? words(problem) : null))}
      <div>
        <Button type="submit" tone="primary" disabled={busy}>
          {label}
        </Button>
      </div>
    </form>
  )
}

export function DeviceKey({ deviceKey, onKept, children }: { deviceKey: string; onKept: () => void; children?: ReactNode }) {
  const toast = useToast()
  const copy = () =>
    navigator.clipboard.writeText(deviceKey).then(
      () => toast('Copied'),
      () => toast('This browser does not let the page copy: select it by hand', 'fair')
    )
  return (
    <div className="stack">
      <Notice tone="fair">It is shown this once. Lost, it can only be replaced by a new one.</Notice>
      <div className="key-box">
        <QrCode text={deviceKey} label="The key as a QR code" />
        <div className="stack">
          <code className="secret">{deviceKey}</code>
          <div className="row wrap">
            <Button icon="copy" onPress={copy}>
              Copy
            </Button>
            <Button tone="primary" onPress={onKept}>
              It is set on the device
            </Button>
          </div>
          {children}
        </div>
      </div>
    </div>
  )
}
