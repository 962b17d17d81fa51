/** What to refill: what is missing to full, by the weight on the shelves. */
import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import type { Stock } from '#contracts/api/stock.ts'
import { getAll } from '#web/api.ts'
import { number } from '#web/format.ts'
import { useNames } from '#web/resources/names.ts'
import { Empty } from '#web/ui/notice.tsx'
import { Card } from '#web/ui/page.tsx'

export function Refill() {
  const machineNames = useNames('machines')
  const stock = useQuery({ queryKey: ['/stock'], queryFn: () => getAll<Stock>('/stock'), refetchInterval: 30_000 })
  const rows = (stock.data ?? []).filter(({ missing }) => missing !== null && missing > 0)
  rows.sort((a, b) => b.missing! - a.missing!)
  return (
    <Card
      title="To refill"
      beside={
        <Link className="small" to="/refill">
          All
        </Link>
      }
    >
      {rows.length === 0 ? (
        <Empty title="Nothing is missing" />
      ) : (
        <ol className="refill">
          {rows.map(({ productId, machineId, scaleIds, name, missing }) => (
            <li key={`${machineId} ${productId} ${scaleIds.join()}`}>
              <span className="num">{number(missing!)} ×</span>
              <span className="grow">{name}</span>
              <span className="soft">{machineNames.get(machineId) ?? machineId}</span>
            </li>
          ))}
        </ol>
      )}
    </Card>
  )
}
