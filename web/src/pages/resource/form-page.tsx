/** Adding or changing one thing of any resource: the server's word stands at the field it is about. */
import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'
import { ApiProblem, isDecided, send, words } from '#web/api.ts'
import { useKeys } from '#web/keys.ts'
import { resourceNamed } from '#web/resources/index.ts'
import type { Resource, Row } from '#web/resources/types.ts'
import { useSession } from '#web/session.tsx'
import { Button } from '#web/ui/button.tsx'
import { Empty, Notice, Waiting } from '#web/ui/notice.tsx'
import { Card, Page } from '#web/ui/page.tsx'
import { useToast } from '#web/ui/toast.tsx'
import { Conflict } from './conflict.tsx'
import { changed, created, type Draft, draftOf, inputsOf } from './draft.ts'
import { Input } from './input.tsx'
import { readOne, useOne } from './one.ts'
import { Secret } from './secret.tsx'
import './resource.css'

export function FormPage() {
  const { resource: name, id } = useParams()
  const resource = resourceNamed(name)
  const { may } = useSession()
  if (!resource || !(id ? resource.can.change : resource.can.create)) return <Empty title="There is no such page" />
  if (!may(resource.rights.write ?? '')) return <Empty title="Your role does not change this" />
  return id ? <Change key={`${name} ${id}`} resource={resource} id={id} /> : <Form key={name} resource={resource} row={null} />
}

function Change({ resource, id }: { resource: Resource; id: string }) {
  const one = useOne(resource, id)
  if (one.isPending) return <Waiting />
  if (one.isError) return <Empty title="It cannot be changed">{words(one.error)}</Empty>
  return <Form resource={resource} row={one.data} />
}

function Form({ resource, row: first }: { resource: Resource; row: Row | null }) {
  const on = first ? 'change' : 'create'
  const fields = inputsOf(resource, on)
  const [row, setRow] = useState(first) // what others do meanwhile must not change what is being typed
  const [began, setBegan] = useState<Draft>(() => draftOf(fields, first))
  const [draft, setDraft] = useState<Draft>(began)
  const [problem, setProblem] = useState<Error | null>(null)
  const [theirs, setTheirs] = useState<Row | null>(null)
  const [secret, setSecret] = useState<{ title: string; value: unknown; next: string } | null>(null)
  const keys = useKeys()
  const navigate = useNavigate()
  const toast = useToast()
  const client = useQueryClient()
  const form = useRef<HTMLFormElement>(null)
  const field = problem instanceof ApiProblem && problem.field ? problem.field.split('/')[0] : null
  const isNamed = fields.some(({ name }) => name === field)
  useEffect(() => {
    if (problem) form.current?.querySelector<HTMLElement>('[aria-invalid]')?.focus()
  }, [problem])

  const save = async () => {
    const body = row ? changed(fields, draft, began) : created(fields, draft)
    if (row && Object.keys(body).length === 0) return leave(row)
    const path = row ? `${resource.path}/${encodeURIComponent(String(row[resource.id]))}` : resource.path
    const version = typeof row?.version === 'number' ? { version: row.version } : {}
    const saved = await send<Row>(row ? 'PATCH' : 'POST', path, {
      body: { ...body, ...version },
      ...(!row && { key: keys.of(body) })
    }).catch((error) => {
      if (isDecided(error)) keys.forget(body)
      throw error
    })
    await client.invalidateQueries({ queryKey: [resource.path] })
    toast(`${resource.title(saved)}: saved`)
    const value = row ? null : resource.secret && saved[resource.secret]
    if (value) setSecret({ title: resource.title(saved), value, next: whereTo(resource, saved) })
    else leave(saved)
  }
  const leave = (saved: Row) => navigate(whereTo(resource, saved))
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setProblem(null)
    await save().catch(async (error) => {
      if (row && error instanceof ApiProblem && error.code === 'stale-version')
        setTheirs(await readOne(resource, String(row[resource.id])))
      else setProblem(error)
    })
  }
  const startOver = (fresh: Row, keep: boolean) => {
    const base = draftOf(fields, fresh)
    const mine = fields.filter(({ name }) => JSON.stringify(draft[name]) !== JSON.stringify(began[name]))
    setRow(fresh)
    setBegan(base)
    setDraft(keep ? { ...base, ...Object.fromEntries(mine.map(({ name }) => [name, draft[name]!])) } : base)
    setTheirs(null)
  }
  const back = row ? whereTo(resource, row) : `/${resource.name}`
  return (
    <Page
      title={row ? `Change ${resource.title(row)}` : `Add ${resource.label.toLowerCase()}`}
      above={<Link to={`/${resource.name}`}>{resource.plural}</Link>}
    >
      <Card>
        <form ref={form} className="body form" onSubmit={submit} noValidate={false}>
          {theirs && (
            <Conflict
              {...{ fields, theirs, began, draft }}
              onTakeTheirs={() => startOver(theirs, false)}
              onKeepMine={() => startOver(theirs, true)}
            />
          )}
          {problem && !isNamed && <Notice tone="bad">{words(problem)}</Notice>}
          {fields.map((one) => (
            <Input
              key={one.name}
              field={one}
              isNew={!row}
              value={draft[one.name]!}
              error={field === one.name ? words(problem) : null}
              onChange={(value) => setDraft((now) => ({ ...now, [one.name]: value }))}
            />
          ))}
          <div className="row">
            <Button type="submit" tone="primary" disabled={theirs !== null}>
              {row ? 'Save' : 'Add'}
            </Button>
            <Link className="button" to={back}>
              Cancel
            </Link>
          </div>
        </form>
      </Card>
      {secret && <Secret title={secret.title} value={secret.value} onClose={() => navigate(secret.next)} />}
    </Page>
  )
}

const whereTo = (resource: Resource, row: Row) =>
  resource.hasOne ? `/${resource.name}/${encodeURIComponent(String(row[resource.id]))}` : `/${resource.name}`
