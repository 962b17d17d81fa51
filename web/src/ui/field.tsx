/** One form field: label, what it is for, what is wrong with it; the control gets the ids that tie them together. */
import { type InputHTMLAttributes, type ReactNode, useId } from 'react'

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

type Labelled = Pick<Props, 'label' | 'help' | 'error'> & { value: string }
type TextProps = Labelled & { onChange: (value: string) => void } & Omit<
    InputHTMLAttributes<HTMLInputElement>,
    'value' | 'onChange'
  >

/** One line of text that must be given, or with `type="password"` a secret. */
export const TextField = ({ label, help, error, onChange, ...input }: TextProps) => (
  <Field label={label} help={help} error={error}>
    {(wiring) => <input {...wiring} className="input" required {...input} onChange={(event) => onChange(event.target.value)} />}
  </Field>
)

type ChoiceProps = Labelled & { choices: readonly { value: string; label: string }[]; onChange: (value: string) => void }

/** One of few. */
export const ChoiceField = ({ label, help, error, value, choices, onChange }: ChoiceProps) => (
  <Field label={label} help={help} error={error}>
    {(wiring) => (
      <select {...wiring} className="input" value={value} onChange={(event) => onChange(event.target.value)}>
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.label}
          </option>
        ))}
      </select>
    )}
  </Field>
)
