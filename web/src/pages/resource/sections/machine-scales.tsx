/** The scales of a machine, as they weigh now; each with its curve of the last day. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'react-router'
import type { Scale } from '#contracts/api/scales.ts'
import { get, type Page, send, words } from '#web/api.ts'
import { ago, grams } from '#web/format.ts'
import { useShelfMap } from '#web/resources/shelf-map.ts'
import type { Row } from '#web/resources/types.ts'
import { useSession } from '#web/session.tsx'
import { Button } from '#web/ui/button.tsx'
import { useConfirm } from '#web/ui/confirm.tsx'
import { Empty, Notice, Pill, Waiting } from '#web/ui/notice.tsx'
import { useToast } from '#web/ui/toast.tsx'
import { WeightCurve } from './weight-curve.tsx'

const OFTEN_MS = 2000
const weight = (value: number | null) => (value === null ? '–' : grams(value))

export function MachineScales({ row }: { row: Row }) {
  const machineId = String(row.machineId)
  const shelves = useShelfMap()
  const [shown, setShown] = useState<string | null>(null)
  const scales = useQuery({
    queryKey: ['/machines/scales', machineId],
    queryFn: () => get<Page<Scale>>(`/machines/${machineId}/scales`),
    refetchInterval: OFTEN_MS
  })
  if (scales.isPending) return <Waiting />
  if (scales.isError) return <Notice tone="bad">{words(scales.error)}</Notice>
  if (scales.data.items.length === 0)
    return <Empty title="No scale has been heard">scales are made by the first heartbeat that names them</Empty>
  return (
    <>
      <div className="body">
        <Link className="button" to={`/planograms/${machineId}`}>
          Planogram
        </Link>
      </div>
      <table className="table">
        <thead>
          <tr>
            <th>Scale</th>
            <th>Holds</th>
            <th className="end">Now</th>
            <th className="end">Settled</th>
            <th className="end">Noise (σ)</th>
            <th className="end">Counts from</th>
            <th>Last change</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {scales.data.items.map((scale) => (
            <tr key={scale.scaleId}>
              <td>
                {scale.scaleId} {scale.disabled && <Pill>out of use</Pill>}
              </td>
              <td>
                {shelves
                  .productsOn(machineId, scale.scaleId)
                  .map(({ name }) => name)
                  .join(', ') || <span className="soft">nothing</span>}
              </td>
              <td className="end num">{weight(scale.weightGrams)}</td>
              <td className="end num">{weight(scale.baselineGrams)}</td>
              <td className="end num">{scale.noiseGrams.toFixed(1)} g</td>
              <td className="end num">{grams(scale.thresholdGrams)}</td>
              <td className="num">{scale.lastChangeAt ? ago(scale.lastChangeAt) : <span className="soft">never</span>}</td>
              <td>
                <span className="row">
                  <Button
                    size="small"
                    aria-pressed={shown === scale.scaleId}
                    onPress={() => setShown(shown === scale.scaleId ? null : scale.scaleId)}
                  >
                    Curve
                  </Button>
                  <ScaleActions scale={scale} />
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {shown && (
        <div className="body">
          <WeightCurve machineId={machineId} scale={scales.data.items.find(({ scaleId }) => scaleId === shown)!} />
        </div>
      )}
    </>
  )
}

function ScaleActions({ scale: { machineId, scaleId, disabled } }: { scale: Scale }) {
  const { may } = useSession()
  const confirm = useConfirm()
  const toast = useToast()
  const client = useQueryClient()
  if (!may('scales:write')) return null
  const path = `/machines/${machineId}/scales/${scaleId}`
  const run = (work: () => Promise<unknown>, said: string) =>
    work().then(
      () => {
        toast(said)
        return client.invalidateQueries({ queryKey: ['/machines/scales'] })
      },
      (error) => toast(words(error), 'bad')
    )
  const tare = async () => {
    const sure = await confirm({
      title: `Zero scale ${scaleId}?`,
      body: 'Only when it is empty. The machine answers within 10 s.',
      confirm: 'Zero it'
    })
    if (sure !== null) await run(() => send('POST', `${path}/tare`), 'The machine was asked to zero it')
  }
  const toggle = async () => {
    const body = disabled
      ? 'Its weight changes count again.'
      : 'Nothing that happens on it is recorded until it is put back into use.'
    const confirmLabel = disabled ? 'Put back into use' : 'Take out of use'
    const sure = await confirm({ title: `${confirmLabel}: scale ${scaleId}?`, body, confirm: confirmLabel })
    if (sure !== null)
      await run(
        () => send('PATCH', path, { body: { disabled: !disabled } }),
        `Scale ${scaleId}: ${disabled ? 'in use' : 'out of use'}`
      )
  }
  return (
    <>
      <Button size="small" onPress={tare}>
        Zero
      </Button>
      <Button size="small" onPress={toggle}>
        {disabled ? 'Use' : 'Rest'}
      </Button>
    </>
  )
}
