/** One thing of any resource: its facts, what belongs to it, its history. */
import { Link, useNavigate, useParams } from 'react-router'
import { words } from '#web/api.ts'
import { resourceNamed } from '#web/resources/index.ts'
import type { Resource, Row } from '#web/resources/types.ts'
import { Value } from '#web/resources/value.tsx'
import { useSession } from '#web/session.tsx'
import { Icon } from '#web/ui/icon.tsx'
import { Empty, Notice, Pill, Waiting } from '#web/ui/notice.tsx'
import { Card, Page } from '#web/ui/page.tsx'
import { Tabs } from '#web/ui/tabs.tsx'
import { Actions } from './actions.tsx'
import { History } from './history.tsx'
import { useOne } from './one.ts'
import { SECTIONS } from './sections/index.ts'
import './resource.css'

export function DetailPage() {
  const { resource: name, id } = useParams()
  const resource = resourceNamed(name)
  const { may } = useSession()
  if (!resource?.hasOne || !id) return <Empty title="There is no such page" />
  if (!may(resource.rights.read)) return <Empty title="Your role does not see this" />
  return <Detail key={`${name} ${id}`} resource={resource} id={id} />
}

function Detail({ resource, id }: { resource: Resource; id: string }) {
  const { may } = useSession()
  const navigate = useNavigate()
  const one = useOne(resource, id)
  const crumb = <Link to={`/${resource.name}`}>{resource.plural}</Link>
  if (one.isPending) return <Waiting />
  if (one.isError)
    return (
      <Page title={resource.label} above={crumb}>
        <Empty title="It cannot be shown">{words(one.error)}</Empty>
      </Page>
    )
  const row = one.data
  const notice = resource.notice?.(row)
  const mayChange = resource.can.change && resource.rights.write && may(resource.rights.write) && !row.retiredAt
  return (
    <Page
      title={resource.title(row)}
      above={crumb}
      beside={<Marks resource={resource} row={row} />}
      actions={
        <>
          <Actions
            resource={resource}
            rows={[row]}
            onDone={() => void one.refetch().then((now) => now.isError && navigate(`/${resource.name}`))}
          />
          {mayChange && (
            <Link className="button primary" to={`/${resource.name}/${encodeURIComponent(id)}/edit`}>
              <Icon name="edit" />
              Change
            </Link>
          )}
        </>
      }
    >
      {notice && <Notice tone="fair">{notice}</Notice>}
      <Card>
        <dl className="facts body">
          {resource.fields
            .filter(({ hidden, kind }) => !hidden && kind !== 'password' && kind !== 'facts')
            .map((field) => (
              <div key={field.name}>
                <dt title={field.help}>{field.label}</dt>
                <dd>
                  <Value field={field} row={row} full />
                </dd>
              </div>
            ))}
        </dl>
      </Card>
      <More resource={resource} row={row} id={id} />
    </Page>
  )
}

function Marks({ resource, row }: { resource: Resource; row: Row }) {
  const field = resource.fields.find(
    ({ kind, name }) => (kind === 'boolean' && name === 'online') || (kind === 'choice' && /^(state|status)$/.test(name))
  )
  if (row.retiredAt) return <Pill>Retired</Pill>
  return field ? <Value field={field} row={row} /> : null
}

function More({ resource, row, id }: { resource: Resource; row: Row; id: string }) {
  const { may } = useSession()
  const sections = (SECTIONS[resource.name] ?? []).filter(({ right }) => !right || may(right))
  const tabs = sections.map(({ label, Component }) => ({ label, content: () => <Component row={row} /> }))
  const { audit } = resource
  if (audit && may('audit:read')) tabs.push({ label: 'History', content: () => <History resource={audit} id={id} /> })
  return tabs.length > 0 ? (
    <Card>
      <Tabs tabs={tabs} />
    </Card>
  ) : null
}
