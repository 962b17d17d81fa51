/** A machine's last 24 hours: which machine sessions it was heard in, where heartbeats are missing, where the books do not balance. */
import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import type { MachineSession } from '#contracts/api/machine-sessions.ts'
import { getAll } from '#web/api.ts'
import { clockMinute } from '#web/format.ts'
import type { Row } from '#web/resources/types.ts'
import { Empty, Waiting } from '#web/ui/notice.tsx'

const DAY_MS = 86_400_000

export function MachineDay({ row }: { row: Row }) {
  const machineId = String(row.machineId)
  const sessions = useQuery({
    queryKey: ['/machine-sessions', 'day', machineId],
    queryFn: () =>
      getAll<MachineSession>('/machine-sessions', { machineId, from: new Date(Date.now() - DAY_MS).toISOString() }, 2000)
  })
  if (sessions.isPending) return <Waiting />
  const all = sessions.data ?? []
  if (all.length === 0) return <Empty title="It was not heard in 24 hours" />
  const toMs = Date.now()
  const fromMs = toMs - DAY_MS
  const seen = all.reduce((sum, { heartbeatsSeen }) => sum + heartbeatsSeen, 0)
  const missed = all.reduce((sum, { heartbeatsMissed }) => sum + heartbeatsMissed, 0)
  const unbalanced = all.filter(({ isBalanced }) => isBalanced === false)
  const place = ({ startedAt, endedAt }: MachineSession) => {
    const start = Math.max(fromMs, Date.parse(startedAt))
    const end = endedAt ? Date.parse(endedAt) : toMs
    return { left: `${((start - fromMs) / DAY_MS) * 100}%`, width: `${Math.max(0.15, ((end - start) / DAY_MS) * 100)}%` }
  }
  return (
    <div className="body stack">
      <div
        className="day"
        role="img"
        aria-label={`${seen} heartbeats heard, ${missed} missing, ${unbalanced.length} machine sessions out of balance`}
      >
        {all.map((session) => (
          <span
            key={session.id}
            className={toneOf(session)}
            style={place(session)}
            title={`${clockMinute(session.startedAt)}: ${session.heartbeatsSeen} heard, ${session.heartbeatsMissed} missing`}
          />
        ))}
      </div>
      <div className="row small soft num">
        <span className="grow">{clockMinute(new Date(fromMs))}</span>
        <span>now</span>
      </div>
      <p>
        <span className="num">{seen}</span> heartbeats in 24 hours, <span className="num">{missed}</span> missing.{' '}
        {unbalanced.length > 0 && (
          <>
            The books of <Link to={`/machine-sessions/${unbalanced[0]!.id}`}>{unbalanced.length} machine sessions</Link> do not
            balance.
          </>
        )}
      </p>
    </div>
  )
}

const toneOf = ({ heartbeatsSeen, heartbeatsMissed, isBalanced }: MachineSession) =>
  isBalanced === false ? 'bad' : heartbeatsSeen === 0 ? 'none' : heartbeatsMissed > heartbeatsSeen * 0.05 ? 'fair' : 'good'
