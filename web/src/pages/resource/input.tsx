/** The control of a form field, by its kind. */
import { currentLocale } from '#web/format.ts'
import { useNames } from '#web/resources/names.ts'
import type { Field as Described } from '#web/resources/types.ts'
import { Field } from '#web/ui/field.tsx'

type Value = string | boolean | string[]
type Props = { field: Described; value: Value; error: string | null; isNew: boolean; onChange: (value: Value) => void }

export function Input({ field, value, error, isNew, onChange }: Props) {
  const { kind, label, help, input, choices } = field
  const required = input!.required === true || (kind === 'password' && isNew)
  if (kind === 'boolean')
    return (
      <div className="field">
        <label className="check">
          <input type="checkbox" checked={value === true} onChange={(event) => onChange(event.target.checked)} />
          {field.name === 'active' ? 'Active' : label}
        </label>
        {help && <p className="help">{help}</p>}
        {error && <p className="error">{error}</p>}
      </div>
    )
  if (kind === 'references' || kind === 'choices')
    return <Several field={field} value={value as string[]} error={error} onChange={onChange} />
  return (
    <Field label={label} help={help} error={error} required={required}>
      {(wiring) => {
        const own = { ...wiring, className: 'input', required, value: String(value) }
        if (choices)
          return (
            <select {...own} onChange={(event) => onChange(event.target.value)}>
              {choices.map((choice) => (
                <option key={choice.value} value={choice.value}>
                  {choice.label}
                </option>
              ))}
            </select>
          )
        const type = kind === 'password' ? 'password' : kind === 'time' ? 'datetime-local' : 'text'
        const isNumber = ['number', 'grams', 'money'].includes(kind)
        return (
          <div className="row">
            {kind === 'money' && <span className="soft">{currentLocale().currency}</span>}
            <input
              {...own}
              type={type}
              {...(isNumber && { inputMode: 'decimal' as const })}
              {...(kind === 'password' && { autoComplete: 'new-password' })}
              placeholder={input!.placeholder}
              onChange={(event) => onChange(event.target.value)}
            />
            {kind === 'grams' && <span className="soft">g</span>}
          </div>
        )
      }}
    </Field>
  )
}

function Several({
  field,
  value,
  error,
  onChange
}: {
  field: Described
  value: string[]
  error: string | null
  onChange: (value: Value) => void
}) {
  const known = useNames(field.to)
  const names = field.choices ? new Map(field.choices.map(({ value: id, label }) => [id, label])) : known
  const toggle = (id: string) => onChange(value.includes(id) ? value.filter((one) => one !== id) : [...value, id])
  return (
    <fieldset className="field several">
      <legend>{field.label}</legend>
      <div className="choices">
        {[...names].map(([id, label]) => (
          <label key={id} className="check">
            <input type="checkbox" checked={value.includes(id)} onChange={() => toggle(id)} />
            {label}
          </label>
        ))}
        {names.size === 0 && <span className="soft">There is none yet.</span>}
      </div>
      {field.help && <p className="help">{field.help}</p>}
      {error && <p className="error">{error}</p>}
    </fieldset>
  )
}
