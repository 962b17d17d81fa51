/** What a webhook was told, and is to be, with each attempt; a test, and telling it again. */
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { Fragment, useState } from 'react'
import type { Webhook, WebhookAttempt, WebhookDelivery } from '#contracts/api/webhooks.ts'
import { get, type Page, send, words } from '#web/api.ts'
import { fullMoment, moment } from '#web/format.ts'
import type { Choice, Row } from '#web/resources/types.ts'
import { useSession } from '#web/session.tsx'
import { Button } from '#web/ui/button.tsx'
import { Empty, Notice, Pill, Waiting } from '#web/ui/notice.tsx'
import { useToast } from '#web/ui/toast.tsx'
import { countOf, WebhookReplay } from './webhook-replay.tsx'

const PAGE = 30
const OFTEN_MS = 5000
const STATES: Choice[] = [
  { value: 'pending', label: 'Waits', tone: 'fair' },
  { value: 'delivered', label: 'Accepted', tone: 'good' },
  { value: 'failed', label: 'Given up', tone: 'bad' }
]

export function WebhookDeliveries({ row }: { row: Row }) {
  const webhook = row as unknown as Webhook
  const [state, setState] = useState('')
  const deliveries = useInfiniteQuery({
    queryKey: ['/webhooks', 'deliveries', webhook.id, state],
    queryFn: ({ pageParam }) =>
      get<Page<WebhookDelivery>>(`/webhooks/${webhook.id}/deliveries`, { limit: PAGE, cursor: pageParam, state }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    refetchInterval: OFTEN_MS
  })
  const all = deliveries.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <>
      <div className="row wrap body">
        <select
          className="input small"
          aria-label="Which deliveries"
          value={state}
          onChange={(event) => setState(event.target.value)}
        >
          <option value="">All</option>
          {STATES.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
        <span className="grow" />
        <Telling webhook={webhook} />
      </div>
      {deliveries.isPending && <Waiting />}
      {deliveries.isError && <Notice tone="bad">{words(deliveries.error)}</Notice>}
      {deliveries.isSuccess && all.length === 0 && <Empty title="It was told nothing yet" />}
      {all.length > 0 && <Deliveries deliveries={all} webhook={webhook} />}
      {deliveries.hasNextPage && (
        <div className="more">
          <Button onPress={() => deliveries.fetchNextPage()}>Show older</Button>
        </div>
      )}
    </>
  )
}

/** Sends something, says what came of it, and shows it. */
function useTold() {
  const client = useQueryClient()
  const toast = useToast()
  return async <T,>(work: () => Promise<T>, said: (answer: T) => string, isGood: (answer: T) => boolean = () => true) => {
    try {
      const answer = await work()
      toast(said(answer), isGood(answer) ? undefined : 'bad')
    } catch (error) {
      toast(words(error), 'bad')
    }
    await client.invalidateQueries({ queryKey: ['/webhooks'] })
  }
}

function Telling({ webhook: { id, enabled, failed, retiredAt } }: { webhook: Webhook }) {
  const { may } = useSession()
  const told = useTold()
  const [isAsking, setAsking] = useState(false)
  if (!may('webhooks:write') || retiredAt) return null
  const test = () =>
    told(
      () => send<WebhookDelivery>('POST', `/webhooks/${id}/test`),
      ({ attempts }) => outcomeOf(attempts.at(-1)),
      ({ state }) => state === 'delivered'
    )
  const replay = () =>
    told(
      () => send<{ replayed: number }>('POST', `/webhooks/${id}/replay`, { body: {}, key: crypto.randomUUID() }),
      ({ replayed }) => countOf(replayed)
    )
  return (
    <>
      {enabled && failed > 0 && (
        <Button icon="redo" onPress={replay}>
          Send what was given up
        </Button>
      )}
      {enabled && (
        <Button icon="redo" onPress={() => setAsking(true)}>
          Send a span again
        </Button>
      )}
      <Button icon="play" onPress={test}>
        Send a test
      </Button>
      {isAsking && (
        <WebhookReplay
          webhookId={id}
          onClose={() => setAsking(false)}
          onReplayed={(said) => {
            setAsking(false)
            void told(async () => said, String)
          }}
        />
      )}
    </>
  )
}

function Deliveries({ deliveries, webhook }: { deliveries: WebhookDelivery[]; webhook: Webhook }) {
  const [open, setOpen] = useState<string | null>(null)
  return (
    <table className="table">
      <thead>
        <tr>
          <th>Event</th>
          <th>Happened</th>
          <th>State</th>
          <th>Last answer</th>
          <th className="end">Attempts</th>
        </tr>
      </thead>
      <tbody>
        {deliveries.map((delivery) => {
          const state = STATES.find(({ value }) => value === delivery.state)!
          const isOpen = open === delivery.id
          return (
            <Fragment key={delivery.id}>
              <tr>
                <td>
                  <Button size="small" tone="plain" aria-expanded={isOpen} onPress={() => setOpen(isOpen ? null : delivery.id)}>
                    {delivery.name}
                  </Button>
                </td>
                <td className="num">{moment(delivery.at)}</td>
                <td>
                  <Pill tone={state.tone ?? 'quiet'}>{state.label}</Pill>
                </td>
                <td>{delivery.attempts.length > 0 ? outcomeOf(delivery.attempts.at(-1)) : '–'}</td>
                <td className="end num">{delivery.attemptCount}</td>
              </tr>
              {isOpen && (
                <tr>
                  <td colSpan={5}>
                    <Details delivery={delivery} webhook={webhook} />
                  </td>
                </tr>
              )}
            </Fragment>
          )
        })}
      </tbody>
    </table>
  )
}

function Details({ delivery, webhook }: { delivery: WebhookDelivery; webhook: Webhook }) {
  const { may } = useSession()
  const told = useTold()
  const replay = () =>
    told(
      () => send('POST', `/webhooks/${webhook.id}/deliveries/${delivery.id}/replay`, { key: crypto.randomUUID() }),
      () => 'It waits again'
    )
  return (
    <div className="stack">
      <ol className="history">
        {delivery.attempts.map((attempt) => (
          <li key={attempt.at}>
            <time className="num" dateTime={attempt.at}>
              {fullMoment(attempt.at)}
            </time>{' '}
            {outcomeOf(attempt)} <span className="soft num">{attempt.durationMs} ms</span>
            {attempt.answer && <pre className="facts-json">{attempt.answer}</pre>}
          </li>
        ))}
      </ol>
      {delivery.nextAttemptAt && <p className="soft">Next attempt {fullMoment(delivery.nextAttemptAt)}</p>}
      <pre className="facts-json">{JSON.stringify(delivery.data, null, 2)}</pre>
      {may('webhooks:write') && webhook.enabled && !webhook.retiredAt && (
        <div className="row">
          <Button icon="redo" onPress={replay}>
            Send it again
          </Button>
          <span className="soft mono small">{delivery.id}</span>
        </div>
      )}
    </div>
  )
}

const outcomeOf = (attempt: WebhookAttempt | undefined): string =>
  !attempt ? 'not tried yet' : (attempt.error ?? `accepted (${attempt.status})`)
