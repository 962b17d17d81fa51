/** The list of any resource, made from its description. */
import { useState } from 'react'
import { Link, useParams, useSearchParams } from 'react-router'
import { words } from '#web/api.ts'
import { dayKey } from '#web/format.ts'
import { readAsked } from '#web/resources/asked.ts'
import { resourceNamed } from '#web/resources/index.ts'
import type { Resource, Row } from '#web/resources/types.ts'
import { useSession } from '#web/session.tsx'
import { Button } from '#web/ui/button.tsx'
import { Icon } from '#web/ui/icon.tsx'
import { Menu } from '#web/ui/menu.tsx'
import { Empty, Notice, Waiting } from '#web/ui/notice.tsx'
import { Page } from '#web/ui/page.tsx'
import { useToast } from '#web/ui/toast.tsx'
import { Actions } from './actions.tsx'
import { useColumns } from './columns.ts'
import { download, everyRow, toCsv } from './csv.ts'
import { Filters } from './filters.tsx'
import { useRows } from './rows.ts'
import { RowsTable } from './table.tsx'
import './resource.css'

export function ListPage() {
  const resource = resourceNamed(useParams().resource)
  const { may } = useSession()
  if (!resource) return <Empty title="There is no such page" />
  if (!may(resource.rights.read)) return <Empty title="Your role does not see this" />
  return <List key={resource.name} resource={resource} />
}

function List({ resource }: { resource: Resource }) {
  const { may } = useSession()
  const [params, setParams] = useSearchParams()
  const asked = readAsked(params)
  const { rows, isPending, error, more, refetch } = useRows(resource, asked)
  const columns = useColumns(resource)
  const [chosen, setChosen] = useState<Set<string>>(new Set())
  const chosenRows = rows.filter((row) => chosen.has(String(row[resource.id])))
  const mayWrite = resource.rights.write !== undefined && may(resource.rights.write)
  const canChoose = (resource.actions ?? []).some(({ right }) => may(right))
  const onSort = (sort: string) => {
    const next = new URLSearchParams(params)
    if (sort) next.set('sort', sort)
    else next.delete('sort')
    setParams(next, { replace: true })
  }
  const onOpen = (row: Row) => {
    const id = encodeURIComponent(String(row[resource.id]))
    if (resource.hasOne) return `/${resource.name}/${id}`
    if (resource.name === 'carts') return `/visits/${row.visitId}`
    return resource.can.change && mayWrite ? `/${resource.name}/${id}/edit` : null
  }
  return (
    <Page
      title={resource.plural}
      beside={<span className="soft num">{isPending ? '' : `${rows.length}${more ? '+' : ''}`}</span>}
      wide
      actions={
        <>
          <Columns {...columns} />
          <Export resource={resource} asked={asked} rows={rows} fields={columns.shown} />
          {resource.can.create && mayWrite && (
            <Link className="button primary" to={`/${resource.name}/new`}>
              <Icon name="onboard" />
              Add {resource.label.toLowerCase().replace(/^(api|qr) /, (start) => start.toUpperCase())}
            </Link>
          )}
        </>
      }
    >
      <p className="soft about">{resource.about}</p>
      <section className="card" aria-label={resource.plural}>
        <Filters resource={resource} asked={asked} />
        {chosenRows.length > 0 && (
          <div className="bulk">
            <strong className="num">{chosenRows.length} chosen</strong>
            <Actions resource={resource} rows={chosenRows} onDone={() => setChosen(new Set())} />
            <span className="grow" />
            <Button tone="plain" onPress={() => setChosen(new Set())}>
              Choose none
            </Button>
          </div>
        )}
        {error ? (
          <div className="body">
            <Notice tone="bad">
              {words(error)}{' '}
              <Button size="small" onPress={refetch}>
                Try again
              </Button>
            </Notice>
          </div>
        ) : isPending ? (
          <Waiting />
        ) : rows.length === 0 ? (
          <Empty title={params.size > 0 ? 'Nothing fits' : `No ${resource.plural.toLowerCase()} yet`}>
            {params.size > 0 && <Button onPress={() => setParams({}, { replace: true })}>Clear the filters</Button>}
          </Empty>
        ) : (
          <RowsTable
            {...{ resource, rows, chosen, onOpen }}
            fields={columns.shown}
            sort={asked.sort}
            onSort={onSort}
            onChoose={canChoose ? setChosen : null}
          />
        )}
        {more && (
          <div className="more">
            <Button onPress={more}>Show more</Button>
          </div>
        )}
      </section>
    </Page>
  )
}

const Columns = ({ all, isShown, toggle }: ReturnType<typeof useColumns>) => (
  <Menu label="Columns" icon="columns">
    {all.map((field) => (
      <label key={field.name} className="check">
        <input type="checkbox" checked={isShown(field)} onChange={() => toggle(field)} />
        {field.label}
      </label>
    ))}
  </Menu>
)

type ExportProps = {
  resource: Resource
  asked: ReturnType<typeof readAsked>
  rows: Row[]
  fields: ReturnType<typeof useColumns>['shown']
}

function Export({ resource, asked, rows, fields }: ExportProps) {
  const toast = useToast()
  const [count, setCount] = useState<number | null>(null)
  const run = async () => {
    try {
      const all = resource.extent === 'whole' ? rows : await everyRow(resource, asked, setCount)
      download(`${resource.name}-${dayKey(new Date())}.csv`, toCsv(fields, all))
    } catch (error) {
      toast(words(error), 'bad')
    } finally {
      setCount(null)
    }
  }
  return (
    <Button icon="download" onPress={run}>
      {count === null ? 'CSV' : `${count} rows`}
    </Button>
  )
}
