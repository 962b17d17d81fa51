/** The products one can place. */
import { useState } from 'react'
import { grams } from '#web/format.ts'
import type { ShelfMap } from '#web/resources/shelf-map.ts'
import { Card } from '#web/ui/page.tsx'

const MOST_SHOWN = 30
type Props = { shelves: ShelfMap; isReady: boolean; onPlace: (productId: string) => void }

export function Palette({ shelves, isReady, onPlace }: Props) {
  const [text, setText] = useState('')
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const found = [...shelves.products.values()]
    .filter(({ active }) => active)
    .filter(({ name, sku }) => words.every((word) => `${name} ${sku}`.toLowerCase().includes(word)))
    .sort((a, b) => a.name.localeCompare(b.name))
    .slice(0, MOST_SHOWN)
  return (
    <Card title="Products">
      <div className="body stack">
        <input
          className="input"
          type="search"
          aria-label="Search products"
          placeholder="Search"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what is scrolled must be reachable by keyboard, also while nothing can be placed */}
        <ul className="palette" aria-label="Products to place" tabIndex={0}>
          {found.map((product) => (
            <li key={product.id}>
              <button type="button" disabled={!isReady} onClick={() => onPlace(product.id)}>
                <span className="grow">{product.name}</span>
                <span className="soft num small">{grams(product.weightGrams)}</span>
              </button>
            </li>
          ))}
        </ul>
      </div>
    </Card>
  )
}
