/** What the visit comes to by what is decided so far, and whether the books of its machines balance. */
import type { VisitDetail } from '#contracts/api/visits.ts'
import { money } from '#web/format.ts'
import { Photo } from '#web/resources/product-photos.tsx'
import type { ShelfMap } from '#web/resources/shelf-map.ts'
import { Button } from '#web/ui/button.tsx'
import { Notice, Pill } from '#web/ui/notice.tsx'
import { Card } from '#web/ui/page.tsx'
import { linesOf } from './draft.ts'
import type { Happening } from './evidence.ts'
import type { DraftControl } from './use-draft.ts'
import { usePrices } from './use-prices.ts'

type Props = {
  visit: VisitDetail
  events: Happening[]
  draft: DraftControl
  shelves: ShelfMap
  isMine: boolean
  onAdd: () => void
}

export function CartView({ visit, events, draft, shelves, isMine, onAdd }: Props) {
  const open = visit.tickets.filter(({ status }) => status !== 'REVIEW_COMPLETE')
  const done = visit.tickets.filter(({ status }) => status === 'REVIEW_COMPLETE').flatMap(({ lines }) => lines)
  const outcomes = open.map(({ id }) => linesOf(id, events, draft.now, shelves.productName))
  const priceOf = usePrices(
    visit.id,
    open.map(({ id, version }, n) => ({ id, version, lines: outcomes[n]!.lines }))
  )
  const lines = [
    ...done.map(({ productId, quantity, unitPriceMinor }) => ({ productId, quantity, each: unitPriceMinor })),
    ...outcomes.flatMap((outcome, n) =>
      outcome.lines.map(({ productId, quantity }) => ({ productId, quantity, each: priceOf(open[n]!.id, productId) }))
    )
  ]
  const isPriced = lines.every(({ each }) => each !== null)
  const total = lines.reduce((sum, { quantity, each }) => sum + quantity * (each ?? 0), 0)
  const unbalanced = visit.tickets.filter(({ balance }) => balance.isBalanced === false)
  return (
    <Card
      title="Cart"
      beside={
        unbalanced.length > 0 ? (
          <Pill tone="bad">books do not balance</Pill>
        ) : (
          <span className="soft small">{visit.tickets.length} tickets</span>
        )
      }
    >
      <div className="body stack">
        {unbalanced.map(({ id, machineId, balance }) => (
          <Notice key={id} tone="fair">
            {shelves.machineName(machineId)}: {balance.residualGrams} g are not explained by what happened. Something may be
            missing here.
          </Notice>
        ))}
        {outcomes
          .flatMap(({ problems }) => (visit.role === 'customer' ? problems : []))
          .map((problem) => (
            <Notice key={problem} tone="bad">
              {problem}.
            </Notice>
          ))}
        <table className="table cart-lines">
          <tbody>
            {lines.map(({ productId, quantity, each }, n) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: lines have no id, and the same product may stand on two tickets
              <tr key={`${n} ${productId}`}>
                <td className="num">{quantity} ×</td>
                <td>
                  <span className="row">
                    <Photo productId={productId} />
                    {shelves.productName(productId)}
                  </span>
                </td>
                <td className="end num">{each === null ? '…' : money(quantity * each)}</td>
              </tr>
            ))}
            {lines.length === 0 && (
              <tr>
                <td colSpan={3} className="soft">
                  Nothing to pay so far
                </td>
              </tr>
            )}
          </tbody>
          <tfoot>
            <tr>
              <td colSpan={2}>Total</td>
              <td className="end num">
                <strong>{isPriced ? money(total) : '…'}</strong>
              </td>
            </tr>
          </tfoot>
        </table>
        {draft.now.extras.map((extra) => (
          <div key={extra.id} className="row small">
            <span className="grow">
              Added by hand: {extra.quantity} × {shelves.productName(extra.productId)}
            </span>
            <Button size="small" icon="close" aria-label="Take it out again" onPress={() => draft.drop(extra.id)} />
          </div>
        ))}
        {isMine && (
          <>
            <div>
              <Button icon="onboard" onPress={onAdd}>
                Add what the scales missed <kbd>A</kbd>
              </Button>
            </div>
            <label className="field">
              <span className="label">Note</span>
              <textarea
                className="input"
                rows={2}
                maxLength={2000}
                value={draft.now.note}
                onChange={(event) => draft.note(event.target.value)}
              />
            </label>
          </>
        )}
      </div>
    </Card>
  )
}
