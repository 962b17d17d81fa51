/** Short notes at the edge of the screen; bad ones stay until they are read. */
import { createContext, type ReactNode, use, useCallback, useState } from 'react'
import { Button } from './button.tsx'
import { Notice, type Tone } from './notice.tsx'

type Toast = { id: number; tone: Tone; text: string }
const Telling = createContext<(text: string, tone?: Tone) => void>(() => {})
const STAYS_MS = 5000
let last = 0

export const useToast = () => use(Telling)

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([])
  const close = useCallback((id: number) => setToasts((all) => all.filter((toast) => toast.id !== id)), [])
  const tell = useCallback(
    (text: string, tone: Tone = 'good') => {
      const id = ++last
      setToasts((all) => [...all.slice(-3), { id, tone, text }])
      if (tone !== 'bad') setTimeout(() => close(id), STAYS_MS)
    },
    [close]
  )
  return (
    <Telling value={tell}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {toasts.map(({ id, tone, text }) => (
          <Notice key={id} tone={tone}>
            <div className="row">
              <span className="grow">{text}</span>
              <Button icon="close" tone="plain" size="small" aria-label="Close" onPress={() => close(id)} />
            </div>
          </Notice>
        ))}
      </div>
    </Telling>
  )
}
