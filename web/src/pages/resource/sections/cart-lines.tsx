/** What a visit comes to; printed, it is the receipt. */
import type { VisitDetail } from '#contracts/api/visits.ts'
import { fullMoment, money } from '#web/format.ts'
import { CART_STATES } from '#web/resources/choices.ts'
import { Photo } from '#web/resources/product-photos.tsx'
import type { Row } from '#web/resources/types.ts'
import { useStore } from '#web/session.tsx'
import { Button } from '#web/ui/button.tsx'
import { Empty, Pill } from '#web/ui/notice.tsx'

export function CartLines({ row }: { row: Row }) {
  const { cart, enteredAt, exitedAt } = row as unknown as VisitDetail
  const store = useStore()
  if (!cart) return <Empty title="The cart is made when the visit ends" />
  const state = CART_STATES.find(({ value }) => value === cart.status)!
  return (
    <div className="body receipt">
      <div className="row">
        <div className="grow">
          <h2>{store.data?.name}</h2>
          <p className="soft num">
            {fullMoment(enteredAt)} to {exitedAt ? fullMoment(exitedAt) : 'now'}
          </p>
        </div>
        <Pill tone={state.tone ?? 'quiet'}>{state.label}</Pill>
        <Button icon="print" className="no-print" onPress={() => window.print()}>
          Print
        </Button>
      </div>
      <table className="table">
        <thead>
          <tr>
            <th>Product</th>
            <th className="end">Pieces</th>
            <th className="end">Each</th>
            <th className="end">Sum</th>
          </tr>
        </thead>
        <tbody>
          {cart.lines.map((line) => (
            <tr key={`${line.productId} ${line.unitPriceMinor}`}>
              <td>
                <span className="row">
                  <Photo productId={line.productId} />
                  {line.name}
                </span>
              </td>
              <td className="end num">{line.quantity}</td>
              <td className="end num">{money(line.unitPriceMinor)}</td>
              <td className="end num">{money(line.totalMinor)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <td colSpan={3}>
              {cart.lines.length > 0 ? 'Total' : cart.firstSettledAt ? 'Nothing was taken' : 'Nothing is decided yet'}
            </td>
            <td className="end num">
              <strong>{cart.firstSettledAt ? money(cart.totalMinor) : '–'}</strong>
            </td>
          </tr>
        </tfoot>
      </table>
      {cart.status !== 'SETTLED' && <p className="soft">It is settled when all tickets of the visit are complete.</p>}
    </div>
  )
}
