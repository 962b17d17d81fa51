/** What narrows a list: words, choices, a span of days. It all stands in the address, so that a view can be kept and sent on. */
import { useSearchParams } from 'react-router'
import { fromStoreTime, toStoreTime } from '#web/format.ts'
import type { Asked } from '#web/resources/asked.ts'
import { useNames } from '#web/resources/names.ts'
import type { Field, Resource } from '#web/resources/types.ts'
import { Button } from '#web/ui/button.tsx'
import { Icon } from '#web/ui/icon.tsx'

export function Filters({ resource, asked }: { resource: Resource; asked: Asked }) {
  const [, setParams] = useSearchParams()
  const set = (name: string, value: string | null) =>
    setParams(
      (params) => {
        if (value) params.set(name, value)
        else params.delete(name)
        return params
      },
      { replace: true }
    )
  const isNarrowed = asked.text || asked.from || asked.to || Object.keys(asked.filters).length > 0
  const hasRetired = resource.fields.some(({ name }) => name === 'retiredAt')
  return (
    <div className="filters">
      <label className="search">
        <Icon name="search" />
        <span className="visually-hidden">Search</span>
        <input
          className="input"
          type="search"
          placeholder={resource.extent === 'whole' ? 'Search' : 'Search what is loaded'}
          value={asked.text}
          onChange={(event) => set('q', event.target.value)}
        />
      </label>
      {resource.fields
        .filter((field) => field.filter || field.query)
        .map((field) => (
          <Narrow
            key={field.name}
            field={field}
            value={asked.filters[field.name] ?? ''}
            onChange={(value) => set(`is.${field.name}`, value)}
          />
        ))}
      {resource.period && (
        <>
          <Moment label="From" value={asked.from} onChange={(value) => set('from', value)} />
          <Moment label="To" value={asked.to} onChange={(value) => set('to', value)} />
        </>
      )}
      {hasRetired && (
        <label className="check">
          <input
            type="checkbox"
            checked={asked.retired}
            onChange={(event) => set('retired', event.target.checked ? 'yes' : null)}
          />
          Retired too
        </label>
      )}
      {isNarrowed && (
        <Button tone="plain" onPress={() => setParams({}, { replace: true })}>
          Clear
        </Button>
      )}
    </div>
  )
}

type NarrowProps = { field: Field; value: string; onChange: (value: string) => void }

function Narrow({ field, value, onChange }: NarrowProps) {
  const names = useNames(field.kind === 'reference' || field.kind === 'references' ? field.to : undefined)
  const known = [...names].map(([id, label]) => ({ value: id, label }))
  const choices = field.choices ?? field.either ?? (known.length > 0 ? known : null)
  if (!choices)
    return (
      <input
        className="input small"
        aria-label={field.label}
        placeholder={field.label}
        size={14}
        defaultValue={value}
        key={value}
        onKeyDown={(event) => event.key === 'Enter' && onChange(event.currentTarget.value.trim())}
        onBlur={(event) => event.currentTarget.value.trim() !== value && onChange(event.currentTarget.value.trim())}
      />
    )
  return (
    <select className="input small" aria-label={field.label} value={value} onChange={(event) => onChange(event.target.value)}>
      <option value="">{field.label}: all</option>
      {choices.map((choice) => (
        <option key={choice.value} value={choice.value}>
          {choice.label}
        </option>
      ))}
    </select>
  )
}

const Moment = ({ label, value, onChange }: { label: string; value: string; onChange: (value: string) => void }) => (
  <label className="row small soft">
    {label}
    <input
      className="input small"
      type="datetime-local"
      value={value ? toStoreTime(value).slice(0, 16) : ''}
      onChange={(event) => onChange(fromStoreTime(event.target.value) ?? '')}
    />
  </label>
)
