/** The weight of a scale over the last day: from change to change, with the cuts of its machine sessions. */
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { MachineSession } from '#contracts/api/machine-sessions.ts'
import type { Scale } from '#contracts/api/scales.ts'
import type { WeightChange } from '#contracts/api/weight-changes.ts'
import { getAll } from '#web/api.ts'
import { clockMinute } from '#web/format.ts'
import { type Curve, StepChart } from '#web/ui/chart.tsx'
import { Empty, Waiting } from '#web/ui/notice.tsx'

const DAY_MS = 86_400_000
const MOST = 5000
const timeOf = (seconds: number) => clockMinute(new Date(seconds * 1000))

export function WeightCurve({ machineId, scale }: { machineId: string; scale: Scale }) {
  const { scaleId, weightGrams } = scale
  const read = useQuery({
    queryKey: ['/weight-changes', 'curve', machineId, scaleId],
    queryFn: async () => {
      const from = new Date(Date.now() - DAY_MS).toISOString()
      const [changes, sessions] = await Promise.all([
        getAll<WeightChange>('/weight-changes', { machineId, scaleId, from }, MOST),
        getAll<MachineSession>('/machine-sessions', { machineId, from }, MOST)
      ])
      return { curve: curveOf(changes), cuts: sessions.map(({ startedAt }) => Date.parse(startedAt) / 1000) }
    }
  })
  const curve = useMemo(() => withNow(read.data?.curve ?? { seconds: [], values: [] }, weightGrams), [read.data, weightGrams])
  if (read.isPending) return <Waiting />
  if (curve.seconds.length < 2) return <Empty title="Nothing has changed on it in 24 hours" />
  return <StepChart curve={curve} label={`Weight on scale ${scaleId}`} unit="g" timeOf={timeOf} marks={read.data?.cuts ?? []} />
}

/** Newest first in, oldest first out: what it weighed before its first change, then after each. */
function curveOf(changes: WeightChange[]): Curve {
  const known = changes.toReversed().filter(({ weightBefore, weightAfter }) => weightBefore !== null && weightAfter !== null)
  const seconds = known.flatMap(({ occurredAt }, n) =>
    n === 0 ? [Date.parse(occurredAt) / 1000 - 60, Date.parse(occurredAt) / 1000] : [Date.parse(occurredAt) / 1000]
  )
  const values = known.flatMap(({ weightBefore, weightAfter }, n) => (n === 0 ? [weightBefore, weightAfter] : [weightAfter]))
  return { seconds, values }
}

const withNow = ({ seconds, values }: Curve, grams: number | null): Curve =>
  seconds.length === 0 ? { seconds, values } : { seconds: [...seconds, Date.now() / 1000], values: [...values, grams] }
