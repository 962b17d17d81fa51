/** The books of a machine session: what each scale opened and closed with, and what is not explained. */
import type { MachineSession } from '#contracts/api/machine-sessions.ts'
import { grams, signedGrams } from '#web/format.ts'
import type { Row } from '#web/resources/types.ts'
import { Empty, Pill } from '#web/ui/notice.tsx'

const weight = (value: number | null) => (value === null ? '–' : grams(value))

export function MachineSessionScales({ row }: { row: Row }) {
  const { scales } = row as unknown as MachineSession
  if (scales.length === 0) return <Empty title="No scale was read in it" />
  return (
    <table className="table">
      <thead>
        <tr>
          <th>Scale</th>
          <th className="end">Opening</th>
          <th className="end">Changes</th>
          <th className="end">Closing</th>
          <th className="end">Not explained</th>
          <th className="end">Tolerance</th>
          <th>Books</th>
        </tr>
      </thead>
      <tbody>
        {scales.map((scale) => (
          <tr key={scale.scaleId}>
            <td>{scale.scaleId}</td>
            <td className="end num">{weight(scale.openingGrams)}</td>
            <td className="end num">{scale.changesGrams === 0 ? '0 g' : signedGrams(scale.changesGrams)}</td>
            <td className="end num">{weight(scale.closingGrams)}</td>
            <td className="end num">{scale.residualGrams === null ? '–' : signedGrams(scale.residualGrams)}</td>
            <td className="end num">± {grams(scale.toleranceGrams)}</td>
            <td>
              {scale.isBalanced === null ? (
                <span className="soft">running</span>
              ) : scale.isBalanced ? (
                <Pill tone="good">Balanced</Pill>
              ) : (
                <Pill tone="bad">Out of balance</Pill>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
