/** What a ticket rests on, and what was made of it: weight changes and lines. */
import { Link } from 'react-router'
import type { Ticket } from '#contracts/api/tickets.ts'
import { clock, money, signedGrams } from '#web/format.ts'
import type { Row } from '#web/resources/types.ts'
import { Reference } from '#web/resources/value.tsx'
import { useSession } from '#web/session.tsx'
import { Empty, Pill } from '#web/ui/notice.tsx'

export function TicketEvidence({ row }: { row: Row }) {
  const { visitId, weightChanges, lines, status } = row as unknown as Ticket
  const { may } = useSession()
  return (
    <>
      {weightChanges.length === 0 ? (
        <Empty title="Nothing happened on this machine meanwhile" />
      ) : (
        <Changes {...{ weightChanges }} />
      )}
      {status === 'REVIEW_COMPLETE' && weightChanges.length > 0 && <Lines lines={lines} />}
      {may('tickets:review') && (
        <div className="body">
          <Link className="button" to={`/review/${visitId}`}>
            Open in the review desk
          </Link>
        </div>
      )}
    </>
  )
}

const Changes = ({ weightChanges }: Pick<Ticket, 'weightChanges'>) => (
  <table className="table">
    <thead>
      <tr>
        <th>When</th>
        <th>Scale</th>
        <th className="end">Weight</th>
        <th>Remarks</th>
      </tr>
    </thead>
    <tbody>
      {weightChanges.map(({ id, occurredAt, scaleId, status, grams, foundLate, visitIds }) => (
        <tr key={id}>
          <td className="num">{clock(occurredAt)}</td>
          <td className="num">{scaleId}</td>
          <td className="end num">{signedGrams(status === 'PICKED' ? -grams : grams)}</td>
          <td>
            <span className="row wrap">
              {foundLate && <Pill tone="fair">found late</Pill>}
              {visitIds.length > 1 && <Pill>others were inside</Pill>}
            </span>
          </td>
        </tr>
      ))}
    </tbody>
  </table>
)

const Lines = ({ lines }: Pick<Ticket, 'lines'>) => (
  <table className="table">
    <thead>
      <tr>
        <th>Billed</th>
        <th className="end">Pieces</th>
        <th className="end">Each</th>
        <th className="end">Sum</th>
      </tr>
    </thead>
    <tbody>
      {lines.map(({ productId, quantity, unitPriceMinor }, n) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no id, and the same product may stand on two
        <tr key={`${n} ${productId}`}>
          <td>
            <Reference to="products" id={productId} />
          </td>
          <td className="end num">{quantity}</td>
          <td className="end num">{money(unitPriceMinor)}</td>
          <td className="end num">{money(quantity * unitPriceMinor)}</td>
        </tr>
      ))}
      {lines.length === 0 && (
        <tr>
          <td colSpan={4} className="soft">
            Nothing
          </td>
        </tr>
      )}
    </tbody>
  </table>
)
