/** What a device was refused lately: the first place to look when it is mounted and nothing comes. */
import { useQuery } from '@tanstack/react-query'
import type { DeviceRefusals } from '#contracts/api/device-refusals.ts'
import { get, words } from '#web/api.ts'
import { fullMoment } from '#web/format.ts'
import type { Row } from '#web/resources/types.ts'
import { Empty, Notice, Waiting } from '#web/ui/notice.tsx'

const OFTEN_MS = 5000

export const MachineRefusals = ({ row }: { row: Row }) => <Refused of={`/machines/${row.machineId}`} />
export const ScannerRefusals = ({ row }: { row: Row }) => <Refused of={`/scanners/${row.id}`} />

function Refused({ of }: { of: string }) {
  const told = useQuery({
    queryKey: ['refusals', of],
    queryFn: () => get<DeviceRefusals>(`${of}/refusals`),
    refetchInterval: OFTEN_MS
  })
  if (told.isError) return <Notice tone="bad">{words(told.error)}</Notice>
  if (!told.data) return <Waiting />
  const { items, since } = told.data
  if (items.length === 0) return <Empty title="Nothing was refused">since the server was started, {fullMoment(since)}</Empty>
  return (
    <table className="table">
      <thead>
        <tr>
          <th>Last</th>
          <th>Came as</th>
          <th>Refused for</th>
          <th>What was wrong</th>
          <th className="end">Times</th>
        </tr>
      </thead>
      <tbody>
        {items.map(({ at, over, reason, detail, count }) => (
          <tr key={`${at} ${reason} ${detail}`}>
            <td className="num">{fullMoment(at)}</td>
            <td>{over ?? 'a code'}</td>
            <td>{reason.replaceAll('-', ' ')}</td>
            <td>{detail}</td>
            <td className="end num">{count}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
