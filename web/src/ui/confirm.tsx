/** Asking before what cannot be taken back: `useConfirm()` gives a function that resolves to what was answered. */
import { createContext, type ReactNode, use, useState } from 'react'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'

export type Question = {
  title: string
  body?: ReactNode
  confirm: string
  tone?: 'primary' | 'danger primary'
  /** Asks for words: the answer is the text instead of true. */
  ask?: { label: string; required?: boolean }
}
type Open = Question & { answer: (given: string | null) => void }
const Asking = createContext<(question: Question) => Promise<string | null>>(async () => null)

/** Null when it was cancelled; the text that was asked for, or ''. */
export const useConfirm = () => use(Asking)

export function ConfirmProvider({ children }: { children: ReactNode }) {
  const [open, setOpen] = useState<Open | null>(null)
  const ask = (question: Question) =>
    new Promise<string | null>((resolve) => {
      const answer = (given: string | null) => {
        setOpen(null)
        resolve(given)
      }
      setOpen({ ...question, answer })
    })
  return (
    <Asking value={ask}>
      {children}
      {open && <Asked key={open.title} {...open} />}
    </Asking>
  )
}

function Asked({ title, body, confirm, tone = 'primary', ask, answer }: Open) {
  const [text, setText] = useState('')
  const isMissing = ask?.required === true && text.trim() === ''
  const footer = (
    <>
      <Button onPress={() => answer(null)}>Cancel</Button>
      <Button tone={tone} disabled={isMissing} onPress={() => answer(text.trim())}>
        {confirm}
      </Button>
    </>
  )
  return (
    <Dialog title={title} onClose={() => answer(null)} footer={footer}>
      {typeof body === 'string' ? <p className="soft">{body}</p> : body}
      {ask && (
        <label className="field">
          <span className="label">{ask.label}</span>
          <textarea className="input" rows={3} maxLength={500} value={text} onChange={(event) => setText(event.target.value)} />
        </label>
      )}
    </Dialog>
  )
}
