/** What to refill: what left the shelves since the last refill, by product. */
import { useQuery } from '@tanstack/react-query'
import type { StoreModeChange } from '#contracts/api/store.ts'
import type { WeightChange } from '#contracts/api/weight-changes.ts'
import { get, getAll, type Page } from '#web/api.ts'
import { moment } from '#web/format.ts'
import { guesses, isClear } from '#web/resources/guesses.ts'
import { type ShelfMap, useShelfMap } from '#web/resources/shelf-map.ts'
import { Empty } from '#web/ui/notice.tsx'
import { Card } from '#web/ui/page.tsx'

const MOST_CHANGES = 5000
const DAY_MS = 86_400_000

export function Refill() {
  const shelves = useShelfMap()
  const taken = useQuery({ queryKey: ['/weight-changes', 'refill'], queryFn: readTaken, staleTime: 30_000 })
  const list = taken.data ? missing(taken.data.changes, shelves) : []
  return (
    <Card
      title="To refill"
      beside={
        taken.data && (
          <span className="soft small num">{taken.data.since ? `since ${moment(taken.data.since)}` : 'taken in 24 h'}</span>
        )
      }
    >
      {list.length === 0 ? (
        <Empty title="Nothing is missing" />
      ) : (
        <ol className="refill">
          {list.map(({ productId, machineId, count }) => (
            <li key={`${machineId} ${productId}`}>
              <span className="num">{count} ×</span>
              <span className="grow">{shelves.productName(productId)}</span>
              <span className="soft">{shelves.machineName(machineId)}</span>
            </li>
          ))}
        </ol>
      )}
    </Card>
  )
}

/** The weight changes since the last refill ended, or of the last day. */
async function readTaken(): Promise<{ since: string | null; changes: WeightChange[] }> {
  const { items } = await get<Page<StoreModeChange>>('/store/mode-changes', { limit: 50 })
  const since = items.find(({ fromMode }) => fromMode === 'REFILLMENT_MODE')?.at ?? null
  const from = since ?? new Date(Date.now() - DAY_MS).toISOString()
  return { since, changes: await getAll<WeightChange>('/weight-changes', { from }, MOST_CHANGES) }
}

type Missing = { productId: string; machineId: string; count: number }

function missing(changes: WeightChange[], shelves: ShelfMap): Missing[] {
  const counts = new Map<string, Missing>()
  for (const { machineId, scaleId, status, grams } of changes) {
    const best = guesses(grams, shelves.productsOn(machineId, scaleId))[0]
    if (!best || !isClear(best, shelves.products)) continue
    const key = `${machineId} ${best.productId}`
    const row = counts.get(key) ?? { productId: best.productId, machineId, count: 0 }
    row.count += status === 'PICKED' ? best.quantity : -best.quantity
    counts.set(key, row)
  }
  return [...counts.values()].filter(({ count }) => count > 0).sort((a, b) => b.count - a.count)
}
