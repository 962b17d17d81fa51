/** What can be done to the chosen rows: asked first, with what depends on them; then one by one, and what was refused is said. */
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { send, words } from '#web/api.ts'
import type { Action, Resource, Row } from '#web/resources/types.ts'
import { useSession } from '#web/session.tsx'
import { Button } from '#web/ui/button.tsx'
import { useConfirm } from '#web/ui/confirm.tsx'
import { useToast } from '#web/ui/toast.tsx'
import { Secret } from './secret.tsx'

const MOST_NAMED = 5
const MOST_ASKED = 10

type Props = { resource: Resource; rows: Row[]; onDone?: () => void }

/** The buttons of every action that at least one of the rows takes, and the role may do. */
export function Actions({ resource, rows, onDone }: Props) {
  const { may } = useSession()
  const confirm = useConfirm()
  const toast = useToast()
  const client = useQueryClient()
  const [secret, setSecret] = useState<{ title: string; value: unknown } | null>(null)

  const run = async (action: Action) => {
    const targets = rows.filter((row) => action.isFor?.(row) ?? true)
    const told = await confirm({
      title: `${action.label}: ${targets.length === 1 ? resource.title(targets[0]!) : `${targets.length} ${resource.plural.toLowerCase()}`}?`,
      body: <Meaning resource={resource} action={action} rows={targets} dependants={await dependantsOf(action, targets)} />,
      confirm: action.label,
      tone: action.tone === 'danger' ? 'danger primary' : 'primary',
      ...(action.ask && { ask: action.ask })
    })
    if (told === null) return
    const { done, failed, answer } = await carryOut(action, targets, told)
    await client.invalidateQueries({ queryKey: [resource.path] })
    if (action.secret && answer) setSecret({ title: resource.title(targets[0]!), value: (answer as Row)[action.secret] })
    if (failed.length > 0) toast(failed.map(({ row, why }) => `${resource.title(row)}: ${why}`).join(' · '), 'bad')
    else toast(`${action.label}: ${done === 1 ? resource.title(targets[0]!) : `${done} ${resource.plural.toLowerCase()}`}`)
    if (done > 0) onDone?.()
  }

  const offered = (resource.actions ?? []).filter(
    (action) => may(action.right) && rows.some((row) => action.isFor?.(row) ?? true) && !(action.secret && rows.length > 1)
  )
  return (
    <>
      {offered.map((action) => (
        <Button key={action.name} icon={action.icon} {...(action.tone && { tone: action.tone })} onPress={() => run(action)}>
          {action.label}
        </Button>
      ))}
      {secret && <Secret {...secret} onClose={() => setSecret(null)} />}
    </>
  )
}

async function dependantsOf({ dependants }: Action, rows: Row[]): Promise<string[]> {
  if (!dependants) return []
  const found = await Promise.all(rows.slice(0, MOST_ASKED).map((row) => dependants(row).catch(() => [])))
  return [...new Set(found.flat())]
}

async function carryOut(action: Action, rows: Row[], told: string) {
  const failed: { row: Row; why: string }[] = []
  let answer: unknown = null
  for (const row of rows) {
    const body = action.body?.(row, told)
    const key = action.method === 'POST' ? { key: crypto.randomUUID() } : {}
    try {
      answer = await send(action.method, action.path(row), { ...(body !== undefined && { body }), ...key })
    } catch (error) {
      failed.push({ row, why: words(error) })
    }
  }
  return { done: rows.length - failed.length, failed, answer }
}

function Meaning({
  resource,
  action,
  rows,
  dependants
}: {
  resource: Resource
  action: Action
  rows: Row[]
  dependants: string[]
}) {
  const names = rows.slice(0, MOST_NAMED).map(resource.title)
  return (
    <>
      <p className="soft">{action.warning}</p>
      {rows.length > 1 && (
        <p>{[...names, ...(rows.length > MOST_NAMED ? [`and ${rows.length - MOST_NAMED} more`] : [])].join(', ')}</p>
      )}
      {dependants.length > 0 && (
        <div>
          <h3>What depends on it</h3>
          <ul className="bullets">
            {dependants.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </div>
      )}
    </>
  )
}
