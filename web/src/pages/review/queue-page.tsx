/** What waits for review. */
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearchParams } from 'react-router'
import { words } from '#web/api.ts'
import { ago, moment } from '#web/format.ts'
import { ROLES } from '#web/resources/choices.ts'
import { Reference } from '#web/resources/value.tsx'
import { Button } from '#web/ui/button.tsx'
import { Empty, Notice, Pill, Waiting } from '#web/ui/notice.tsx'
import { Card, Page } from '#web/ui/page.tsx'
import { useKeys } from './keys.ts'
import { isFor, queueQuery, type Reviewer, type Waiting as Row, useReviewer } from './queue.ts'
import './review.css'

export function QueuePage() {
  const me = useReviewer()
  const navigate = useNavigate()
  const queue = useQuery(queueQuery)
  const [only, setOnly] = useOnly()
  const all = queue.data ?? []
  const rows = all.filter(SIEVES[only].isIn)
  const next = rows.find((row) => isFor(row, me))
  const begin = () => (next ? navigate(`/review/${next.visitId}`) : undefined)
  useKeys([{ keys: ['Enter', 'n'], label: 'Begin', run: begin }])
  return (
    <Page
      title="Review"
      beside={<span className="soft num">{queue.data ? `${rows.length} ${rows.length === 1 ? 'visit' : 'visits'}` : ''}</span>}
      actions={
        <Button tone="primary" icon="play" disabled={!next} onPress={begin}>
          Begin with the first
        </Button>
      }
    >
      <p className="soft about">
        What is escalated first, then the most doubtful, then the oldest. What is certain, or empty, is not here.
      </p>
      <Sieve rows={all} only={only} onChoose={setOnly} />
      <Card>
        {queue.isPending ? (
          <Waiting />
        ) : queue.isError ? (
          <Notice tone="bad">{words(queue.error)}</Notice>
        ) : rows.length === 0 ? (
          <Empty title={SIEVES[only].none}>new tickets appear here by themselves</Empty>
        ) : (
          <Queue rows={inTurn(rows, me)} me={me} />
        )}
      </Card>
    </Page>
  )
}

/** Which of the visits are shown; the address keeps it. */
type Only = 'all' | 'escalated' | 'contested'
const SIEVES: Record<Only, { label: string; none: string; isIn: (row: Row) => boolean }> = {
  all: { label: 'All', none: 'Nothing waits for review', isIn: () => true },
  escalated: { label: 'Escalated', none: 'Nothing is escalated', isIn: ({ escalation }) => escalation !== null },
  contested: { label: 'Contested', none: 'Nothing is contested', isIn: ({ isContested }) => isContested }
}
const ONLY = Object.keys(SIEVES) as Only[]

function useOnly(): [Only, (only: Only) => void] {
  const [params, setParams] = useSearchParams()
  const only = ONLY.find((name) => name === params.get('only')) ?? 'all'
  return [only, (next) => setParams(next === 'all' ? {} : { only: next }, { replace: true })]
}

const Sieve = ({ rows, only, onChoose }: { rows: Row[]; only: Only; onChoose: (only: Only) => void }) => (
  // biome-ignore lint/a11y/useSemanticElements: a fieldset would want a legend for eyes too
  <div className="row wrap" role="group" aria-label="Which visits">
    {ONLY.map((name) => (
      <Button key={name} size="small" aria-pressed={name === only} onPress={() => onChoose(name)}>
        {SIEVES[name].label} <span className="num soft">{rows.filter(SIEVES[name].isIn).length}</span>
      </Button>
    ))}
  </div>
)

/** What waits for an admin comes first for those who may settle it, and last for the others. */
const inTurn = (rows: Row[], { maySettleEscalated }: Reviewer): Row[] =>
  maySettleEscalated
    ? rows
    : [...rows.filter(({ escalation }) => escalation === null), ...rows.filter(({ escalation }) => escalation !== null)]

function Queue({ rows, me }: { rows: Row[]; me: Reviewer }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what is scrolled sideways must be reachable by keyboard
    <section className="table-scroll" aria-label="Visits" tabIndex={0}>
      <table className="table">
        <thead>
          <tr>
            <th>Visit</th>
            <th>Left</th>
            <th>Machines</th>
            <th className="end">Changes</th>
            <th>Doubt</th>
            <th>Held by</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ visitId, leftAt, tickets, changes, doubt, role, isReopened, isContested, heldBy, escalation }) => (
            <tr key={visitId}>
              <td>
                <Link to={`/review/${visitId}`}>{tickets.map(({ number }) => number).join(', ')}</Link>{' '}
                {role !== 'customer' && <Pill tone="info">{ROLES.find(({ value }) => value === role)?.label}</Pill>}{' '}
                {isContested ? <Pill tone="bad">Contested</Pill> : isReopened && <Pill tone="fair">Reopened</Pill>}
                {escalation && (
                  <p className="small soft">
                    <Pill tone="bad">Escalated</Pill> {escalation.byName}: {escalation.note}
                  </p>
                )}
              </td>
              <td className="num" title={moment(leftAt)}>
                {ago(leftAt)}
              </td>
              <td className="machines">
                <span className="row wrap">
                  {tickets.map(({ id, machineId }) => (
                    <Reference key={id} to="machines" id={machineId} />
                  ))}
                </span>
              </td>
              <td className="end num">{changes}</td>
              <td>
                <meter className="doubt" min={0} max={1} value={doubt} aria-label={`Doubt: ${Math.round(doubt * 100)} of 100`} />
              </td>
              <td>{heldBy === null ? <span className="soft">nobody</span> : heldBy.id === me.id ? 'you' : heldBy.name}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
