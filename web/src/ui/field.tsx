/** One form field: label, what it is for, what is wrong with it; the control gets the ids that tie them together. */
import { type ReactNode, useId } from 'react'

type Wiring = { id: string; 'aria-describedby'?: string; 'aria-invalid'?: boolean }
type Props = {
  label: string
  help?: ReactNode
  error?: string | null | undefined
  required?: boolean | undefined
  children: (wiring: Wiring) => ReactNode
}

export function Field({ label, help, error, required, children }: Props) {
  const id = useId()
  const notes = [help && `${id}-help`, error && `${id}-error`].filter(Boolean).join(' ')
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}
        {required === false && <span className="soft small"> · optional</span>}
      </label>
      {children({ id, ...(notes && { 'aria-describedby': notes }), ...(error && { 'aria-invalid': true }) })}
      {help && (
        <p className="help" id={`${id}-help`}>
          {help}
        </p>
      )}
      {error && (
        <p className="error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  )
}
