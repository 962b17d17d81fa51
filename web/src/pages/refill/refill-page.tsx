/** What to bring and where to, by the weight on the shelves; printed, it is the list one carries. */
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Stock } from '#contracts/api/stock.ts'
import { getAll, words } from '#web/api.ts'
import { number } from '#web/format.ts'
import { useNames } from '#web/resources/names.ts'
import { Button } from '#web/ui/button.tsx'
import { Empty, Pill, Waiting } from '#web/ui/notice.tsx'
import { Card, Page } from '#web/ui/page.tsx'
import './refill.css'

export function RefillPage() {
  const [isLowOnly, setLowOnly] = useState(false)
  const machineNames = useNames('machines')
  const stock = useQuery({ queryKey: ['/stock'], queryFn: () => getAll<Stock>('/stock'), refetchInterval: 30_000 })
  const rows = (stock.data ?? []).filter((row) => (isLowOnly ? row.low : row.low || row.missing !== 0))
  return (
    <Page
      title="Refill"
      beside={stock.data && <span className="soft num">{number(stock.data.filter(({ low }) => low).length)} low</span>}
      actions={
        <>
          <label className="check">
            <input type="checkbox" checked={isLowOnly} onChange={(event) => setLowOnly(event.target.checked)} />
            <span>Only what is low</span>
          </label>
          <Button icon="print" onPress={() => window.print()}>
            Print
          </Button>
        </>
      }
    >
      <div className="stack refill-list">
        {stock.isPending && <Waiting />}
        {stock.isError && <Empty title="The stock cannot be shown">{words(stock.error)}</Empty>}
        {stock.data?.length === 0 && (
          <Empty title="No product stands anywhere yet">the planogram of a machine says what stands on its scales</Empty>
        )}
        {stock.data && stock.data.length > 0 && rows.length === 0 && <Empty title="Nothing is missing" />}
        {rows.length > 0 && <Bring rows={rows} />}
        {[...Map.groupBy(rows, ({ machineId }) => machineId)].map(([machineId, own]) => (
          <Machine key={machineId} name={machineNames.get(machineId) ?? machineId} rows={own} />
        ))}
      </div>
    </Page>
  )
}

/** What to take along, whichever machine it is for. */
function Bring({ rows }: { rows: Stock[] }) {
  const products = [...Map.groupBy(rows, ({ productId }) => productId).values()]
    .map((own) => ({ ...own[0]!, count: own.reduce((sum, { missing }) => sum + (missing ?? 0), 0) }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count)
  if (products.length === 0) return null
  return (
    <Card title="To bring">
      <table className="table">
        <tbody>
          {products.map(({ productId, name, sku, count }) => (
            <tr key={productId}>
              <td className="num count">{number(count)} ×</td>
              <td>{name}</td>
              <td className="soft">{sku}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  )
}

function Machine({ name, rows }: { name: string; rows: Stock[] }) {
  return (
    <Card title={name}>
      <table className="table">
        <thead>
          <tr>
            <th>Product</th>
            <th>Scales</th>
            <th className="end">On hand</th>
            <th className="end">Missing</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.productId} ${row.scaleIds.join(' ')}`}>
              <td>
                {row.name} {row.low && <Pill tone="fair">low</Pill>}
              </td>
              <td className="num">{row.scaleIds.join(', ')}</td>
              <td className="end num">
                {row.onHand === null ? '?' : number(row.onHand)}
                {row.full !== null && <span className="soft"> of {number(row.full)}</span>}
                {row.doubts.length > 0 && <div className="soft small">{row.doubts.map((doubt) => DOUBTS[doubt]).join(', ')}</div>}
              </td>
              <td className="end num">{row.missing === null ? '?' : number(row.missing)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  )
}

const DOUBTS: Record<Stock['doubts'][number], string> = {
  'no-reading': 'not weighed yet',
  'scale-disabled': 'out of use',
  'shared-scale': 'several products on a scale',
  'below-empty': 'lighter than empty',
  'not-whole': 'no whole number by weight',
  'unit-too-light': 'about: each weighs little',
  'machine-offline': 'the machine is silent'
}
