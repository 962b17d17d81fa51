/** Adds a product that no scale has told of. */
import { useState } from 'react'
import type { VisitDetail } from '#contracts/api/visits.ts'
import { grams, money } from '#web/format.ts'
import type { ShelfMap } from '#web/resources/shelf-map.ts'
import { Dialog } from '#web/ui/dialog.tsx'
import { Field } from '#web/ui/field.tsx'
import type { Happening } from './evidence.ts'
import type { DraftControl } from './use-draft.ts'

type Props = { visit: VisitDetail; shelves: ShelfMap; draft: DraftControl; event: Happening | null; onClose: () => void }
const MOST_SHOWN = 8

export function AddProduct({ visit, shelves, draft, event, onClose }: Props) {
  const open = visit.tickets.filter(({ status }) => status !== 'REVIEW_COMPLETE')
  const [text, setText] = useState('')
  const [ticketId, setTicketId] = useState(open.find(({ id }) => id === event?.ticketId)?.id ?? open[0]?.id ?? '')
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const found = [...shelves.products.values()]
    .filter(({ name, sku, barcode }) => words.every((word) => `${name} ${sku} ${barcode ?? ''}`.toLowerCase().includes(word)))
    .slice(0, MOST_SHOWN)
  const add = (productId: string | undefined) => {
    if (!productId || !ticketId) return
    draft.add({ ticketId, productId, quantity: 1 })
    onClose()
  }
  return (
    <Dialog title="Add what the scales missed" onClose={onClose}>
      <Field label="Product" help="Enter takes the first">
        {(wiring) => (
          <input
            {...wiring}
            className="input"
            autoFocus
            value={text}
            onChange={(change) => setText(change.target.value)}
            onKeyDown={(key) => key.key === 'Enter' && add(found[0]?.id)}
          />
        )}
      </Field>
      <Field label="From">
        {(wiring) => (
          <select {...wiring} className="input" value={ticketId} onChange={(change) => setTicketId(change.target.value)}>
            {open.map(({ id, machineId }) => (
              <option key={id} value={id}>
                {shelves.machineName(machineId)}
              </option>
            ))}
          </select>
        )}
      </Field>
      <ul className="candidates">
        {found.map((product) => (
          <li key={product.id}>
            <button type="button" onClick={() => add(product.id)}>
              <span className="grow">{product.name}</span>
              <span className="soft num small">
                {grams(product.weightGrams)} · {money(product.priceMinor)}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  )
}
