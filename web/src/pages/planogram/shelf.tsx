/** The scales side by side, as they stand; each with what is on it. */
import type { Facing } from '#contracts/api/planograms.ts'
import type { Scale } from '#contracts/api/scales.ts'
import { grams } from '#web/format.ts'
import type { ShelfMap } from '#web/resources/shelf-map.ts'
import { Button } from '#web/ui/button.tsx'

type Props = {
  scales: Scale[]
  facings: Facing[]
  shelves: ShelfMap
  chosen: string[]
  mayWrite: boolean
  onToggle: (scaleId: string) => void
  onRemove: (facing: Facing) => void
}

export function Shelf({ scales, facings, shelves, chosen, mayWrite, onToggle, onRemove }: Props) {
  return (
    <ul className="shelf">
      {scales.map(({ scaleId, weightGrams, disabled }) => (
        <li key={scaleId} className={chosen.includes(scaleId) ? 'chosen' : ''}>
          <button
            type="button"
            className="plate"
            disabled={!mayWrite}
            aria-pressed={chosen.includes(scaleId)}
            onClick={() => onToggle(scaleId)}
          >
            <strong>{scaleId}</strong>
            <span className="soft num small">
              {disabled ? 'out of use' : weightGrams === null ? 'not read' : grams(weightGrams)}
            </span>
          </button>
          <ul>
            {facings
              .filter(({ scaleIds }) => scaleIds.includes(scaleId))
              .map((facing) => (
                <li key={`${facing.productId} ${facing.scaleIds.join(' ')}`} className="row">
                  <span className="grow">
                    {shelves.productName(facing.productId)}
                    <span className="soft small plate-weight">
                      {' '}
                      {grams(shelves.products.get(facing.productId)?.weightGrams ?? 0)}
                    </span>
                    {facing.scaleIds.length > 1 && <span className="soft small"> · on {facing.scaleIds.join(', ')}</span>}
                  </span>
                  {mayWrite && (
                    <Button
                      icon="close"
                      tone="plain"
                      size="small"
                      aria-label={`Take ${shelves.productName(facing.productId)} off`}
                      onPress={() => onRemove(facing)}
                    />
                  )}
                </li>
              ))}
          </ul>
        </li>
      ))}
    </ul>
  )
}
