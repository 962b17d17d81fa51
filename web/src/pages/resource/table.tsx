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
  onSort: (sort: string) => void
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
              <Head key={field.name} {...{ resource, field, sort, onSort }} />
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

type HeadProps = Pick<Props, 'resource' | 'sort' | 'onSort'> & { field: Field }

/** A list that is loaded whole is sorted by any column; one in pages only by its time, newest or oldest first. */
function Head({ resource, field, sort, onSort }: HeadProps) {
  const isWhole = resource.extent === 'whole'
  const isUp = sort === field.name
  const isDown = isWhole ? sort === `-${field.name}` : !isUp
  const side = isNumber(field) ? 'end' : ''
  if (!isWhole && field.name !== resource.period) return <th className={side}>{field.label}</th>
  const next = isWhole && isUp ? `-${field.name}` : isUp || (isWhole && isDown) ? '' : field.name
  return (
    <th className={side} aria-sort={isUp ? 'ascending' : isDown ? 'descending' : 'none'}>
      <button type="button" onClick={() => onSort(next)}>
        {field.label}
        {(isUp || isDown) && <Icon name={isUp ? 'up' : 'down'} />}
      </button>
    </th>
  )
}
