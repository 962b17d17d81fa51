/** The tickets of a visit. */
import { Link } from 'react-router'
import type { VisitDetail } from '#contracts/api/visits.ts'
import { TICKET_STATES } from '#web/resources/choices.ts'
import type { Row } from '#web/resources/types.ts'
import { Reference } from '#web/resources/value.tsx'
import { useSession } from '#web/session.tsx'
import { Empty, Pill } from '#web/ui/notice.tsx'

export function VisitTickets({ row }: { row: Row }) {
  const { tickets } = row as unknown as VisitDetail
  const { may } = useSession()
  if (tickets.length === 0) return <Empty title="Tickets are made when the visit ends" />
  return (
    <>
      <table className="table">
        <thead>
          <tr>
            <th>Ticket</th>
            <th>Machine</th>
            <th>State</th>
            <th className="end">Weight changes</th>
            <th className="end">Lines</th>
          </tr>
        </thead>
        <tbody>
          {tickets.map((ticket) => {
            const state = TICKET_STATES.find(({ value }) => value === ticket.status)!
            return (
              <tr key={ticket.id}>
                <td>
                  <Link to={`/tickets/${ticket.id}`}>{ticket.number}</Link>
                </td>
                <td>
                  <Reference to="machines" id={ticket.machineId} />
                </td>
                <td>
                  <Pill tone={state.tone ?? 'quiet'}>{state.label}</Pill>
                </td>
                <td className="end num">{ticket.weightChanges.length}</td>
                <td className="end num">{ticket.lines.length}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
      {may('tickets:review') && (
        <div className="body">
          <Link className="button" to={`/review/${row.id}`}>
            Open in the review desk
          </Link>
        </div>
      )}
    </>
  )
}
