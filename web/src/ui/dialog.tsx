/** Dialogs on the browser's own modal: focus stays inside, Escape closes. */
import { type ReactNode, useEffect, useId, useRef } from 'react'

type Props = { title: string; onClose: () => void; children: ReactNode; footer?: ReactNode; wide?: boolean }

/** Open as long as it is rendered. */
export function Dialog({ title, onClose, children, footer, wide }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useId()
  useEffect(() => {
    dialog.current?.showModal()
  }, [])
  return (
    <dialog ref={dialog} className={wide ? 'wide' : ''} aria-labelledby={heading} onClose={onClose} onCancel={onClose}>
      <header>
        <h2 id={heading}>{title}</h2>
      </header>
      <div className="body">{children}</div>
      {footer && <footer>{footer}</footer>}
    </dialog>
  )
}
