/** Who did what to a thing, when, and what was before and after. */
import { useInfiniteQuery } from '@tanstack/react-query'
import type { AuditEntry } from '#contracts/api/audit.ts'
import { get, type Page, words } from '#web/api.ts'
import { fullMoment } from '#web/format.ts'
import { Button } from '#web/ui/button.tsx'
import { Empty, Notice, Waiting } from '#web/ui/notice.tsx'

const PAGE = 20

export function History({ resource, id }: { resource: string; id: string }) {
  const entries = useInfiniteQuery({
    queryKey: ['/audit', 'history', resource, id],
    queryFn: ({ pageParam }) => get<Page<AuditEntry>>('/audit', { resource, resourceId: id, limit: PAGE, cursor: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    staleTime: 0
  })
  if (entries.isPending) return <Waiting />
  if (entries.isError) return <Notice tone="bad">{words(entries.error)}</Notice>
  const all = entries.data.pages.flatMap((page) => page.items)
  if (all.length === 0) return <Empty title="Nobody has changed it yet" />
  return (
    <ol className="history">
      {all.map((entry) => (
        <li key={entry.id}>
          <p>
            <strong>{entry.actorName}</strong> {entry.action.replace(/^.*\./, '').replaceAll('-', ' ')}{' '}
            <time className="soft num" dateTime={entry.at}>
              {fullMoment(entry.at)}
            </time>
          </p>
          <Difference before={entry.before} after={entry.after} />
        </li>
      ))}
      {entries.hasNextPage && (
        <li>
          <Button onPress={() => entries.fetchNextPage()}>Show older</Button>
        </li>
      )}
    </ol>
  )
}

type Facts = Record<string, unknown>
const asFacts = (value: unknown): Facts => (value && typeof value === 'object' ? (value as Facts) : {})
const shown = (value: unknown) =>
  value === undefined || value === null ? '–' : typeof value === 'object' ? JSON.stringify(value) : String(value)

/** The members that differ. */
export function Difference({ before, after }: { before: unknown; after: unknown }) {
  const [old, fresh] = [asFacts(before), asFacts(after)]
  const names = [...new Set([...Object.keys(old), ...Object.keys(fresh)])].filter(
    (name) => shown(old[name]) !== shown(fresh[name])
  )
  if (names.length === 0) return null
  return (
    <dl className="difference">
      {names.map((name) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {name in old && <del>{shown(old[name])}</del>} <ins>{shown(fresh[name])}</ins>
          </dd>
        </div>
      ))}
    </dl>
  )
}
