/** The rows of a list: sort by a click on a head, choose some, open one. */
import { useNavigate } from 'react-router'
import type { Field, Resource, Row } from '#web/resources/types.ts'
import { isNumber, Value } from '#web/resources/value.tsx'
import { Icon } from '#web/ui/icon.tsx'

type Props = {
  resource: Resource
  fields: Field[]
  rows: Row[]
  sort: string
  onSort: ((sort: string) => void) | null
  chosen: Set<string>
  onChoose: ((chosen: Set<string>) => void) | null
  onOpen: (row: Row) => string | null
}

export function RowsTable({ resource, fields, rows, sort, onSort, chosen, onChoose, onOpen }: Props) {
  const navigate = useNavigate()
  const idOf = (row: Row) => String(row[resource.id])
  const isAll = rows.length > 0 && rows.every((row) => chosen.has(idOf(row)))
  const toggle = (id: string) => {
    const next = new Set(chosen)
    if (!next.delete(id)) next.add(id)
    onChoose?.(next)
  }
  const open = (row: Row, target: EventTarget) => {
    const to = onOpen(row)
    const isOnControl = target instanceof Element && target.closest('a, button, input, label')
    if (to && !isOnControl && !getSelection()?.toString()) navigate(to)
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what is scrolled sideways must be reachable by keyboard
    <section className="table-scroll" aria-label="Rows" tabIndex={0}>
      <table className="table">
        <thead>
          <tr>
            {onChoose && (
              <th className="tick">
                <input
                  type="checkbox"
                  aria-label="Choose all shown"
                  checked={isAll}
                  onChange={() => onChoose(isAll ? new Set() : new Set(rows.map(idOf)))}
                />
              </th>
            )}
            {fields.map((field) => (
              <Head key={field.name} field={field} sort={sort} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const id = idOf(row)
            const to = onOpen(row)
            return (
              <tr
                key={id}
                className={to ? 'link' : ''}
                aria-selected={chosen.has(id)}
                onClick={(event) => open(row, event.target)}
              >
                {onChoose && (
                  <td className="tick">
                    <input
                      type="checkbox"
                      aria-label={`Choose ${resource.title(row)}`}
                      checked={chosen.has(id)}
                      onChange={() => toggle(id)}
                    />
                  </td>
                )}
                {fields.map((field, n) => (
                  <td key={field.name} className={isNumber(field) ? 'end' : ''}>
                    {n === 0 && to && field.kind !== 'reference' ? (
                      <a
                        href={`/admin${to}`}
                        onClick={(event) => {
                          if (event.metaKey || event.ctrlKey) return
                          event.preventDefault()
                          navigate(to)
                        }}
                      >
                        <Value field={field} row={row} />
                      </a>
                    ) : (
                      <Value field={field} row={row} />
                    )}
                  </td>
                ))}
              </tr>
            )
          })}
        </tbody>
      </table>
    </section>
  )
}

function Head({ field, sort, onSort }: { field: Field; sort: string; onSort: Props['onSort'] }) {
  const isUp = sort === field.name
  const isDown = sort === `-${field.name}`
  const side = isNumber(field) ? 'end' : ''
  if (!onSort) return <th className={side}>{field.label}</th>
  return (
    <th className={side} aria-sort={isUp ? 'ascending' : isDown ? 'descending' : 'none'}>
      <button type="button" onClick={() => onSort(isUp ? `-${field.name}` : isDown ? '' : field.name)}>
        {field.label}
        {(isUp || isDown) && <Icon name={isUp ? 'up' : 'down'} />}
      </button>
    </th>
  )
}
