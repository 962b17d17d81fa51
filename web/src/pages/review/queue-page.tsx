/** What waits for review. */
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from 'react-router'
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
  const rows = queue.data ?? []
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
      <Card>
        {queue.isPending ? (
          <Waiting />
        ) : queue.isError ? (
          <Notice tone="bad">{words(queue.error)}</Notice>
        ) : rows.length === 0 ? (
          <Empty title="Nothing waits for review">new tickets appear here by themselves</Empty>
        ) : (
          <Queue rows={inTurn(rows, me)} me={me} />
        )}
      </Card>
    </Page>
  )
}

/** What waits for an admin comes first for those who may settle it, and last for the others. */
const inTurn = (rows: Row[], { maySettleEscalated }: Reviewer): Row[] =>
  maySettleEscalated
    ? rows
    : [...rows.filter(({ escalation }) => escalation === null), ...rows.filter(({ escalation }) => escalation !== null)]

function Queue({ rows, me }: { rows: Row[]; me: Reviewer }) {
  return (
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
        {rows.map(({ visitId, leftAt, tickets, changes, doubt, role, isReopened, heldBy, escalation }) => (
          <tr key={visitId}>
            <td>
              <Link to={`/review/${visitId}`}>{tickets.map(({ number }) => number).join(', ')}</Link>{' '}
              {role !== 'customer' && <Pill tone="info">{ROLES.find(({ value }) => value === role)?.label}</Pill>}{' '}
              {isReopened && <Pill tone="fair">Reopened</Pill>}
              {escalation && (
                <p className="small soft">
                  <Pill tone="bad">Escalated</Pill> {escalation.byName}: {escalation.note}
                </p>
              )}
            </td>
            <td className="num" title={moment(leftAt)}>
              {ago(leftAt)}
            </td>
            <td>
              <span className="row">
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
  )
}
