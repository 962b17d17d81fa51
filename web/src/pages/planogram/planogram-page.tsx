/** A machine drawn as its scales: which product stands on which, on one or on several neighbours. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useParams } from 'react-router'
import type { Facing } from '#contracts/api/planograms.ts'
import type { Scale } from '#contracts/api/scales.ts'
import { get, type Page as ListPage, send, words } from '#web/api.ts'
import { type ShelfMap, useShelfMap } from '#web/resources/shelf-map.ts'
import { useSession } from '#web/session.tsx'
import { Button } from '#web/ui/button.tsx'
import { Empty, Notice, Waiting } from '#web/ui/notice.tsx'
import { Card, Page } from '#web/ui/page.tsx'
import { useToast } from '#web/ui/toast.tsx'
import { Palette } from './palette.tsx'
import { Shelf } from './shelf.tsx'
import { closeNeighbours, closeWeights } from './warnings.ts'
import './planogram.css'

export function PlanogramPage() {
  const { machineId = '' } = useParams()
  const shelves = useShelfMap()
  const scales = useQuery({
    queryKey: ['/machines/scales', machineId],
    queryFn: () => get<ListPage<Scale>>(`/machines/${machineId}/scales`)
  })
  if (scales.isError) return <Empty title="This machine cannot be shown">{words(scales.error)}</Empty>
  if (scales.isPending || !shelves.isReady) return <Waiting />
  return <Editor key={machineId} machineId={machineId} scales={scales.data.items} shelves={shelves} />
}

type EditorProps = { machineId: string; scales: Scale[]; shelves: ShelfMap }

function Editor({ machineId, scales, shelves }: EditorProps) {
  const { may } = useSession()
  const client = useQueryClient()
  const toast = useToast()
  const kept = shelves.planograms.get(machineId)?.facings ?? []
  const [facings, setFacings] = useState<Facing[]>(kept)
  const [chosen, setChosen] = useState<string[]>([])
  const [problem, setProblem] = useState<string | null>(null)
  const isChanged = JSON.stringify(facings) !== JSON.stringify(kept)
  const mayWrite = may('planograms:write')
  const warnings = closeWeights(facings, shelves.products)
  const neighbours = closeNeighbours(
    facings,
    shelves.products,
    scales.map(({ scaleId }) => scaleId)
  )

  const place = (productId: string) => {
    if (chosen.length === 0) return
    setFacings((now) => [
      ...now.filter((facing) => !(facing.productId === productId && overlaps(facing, chosen))),
      { productId, scaleIds: chosen }
    ])
    setChosen([])
  }
  const save = async () => {
    setProblem(null)
    try {
      await send('PUT', `/machines/${machineId}/planogram`, { body: { facings } })
      await client.invalidateQueries({ queryKey: ['/machines/planogram'] })
      toast('Planogram saved')
    } catch (error) {
      setProblem(words(error))
    }
  }
  return (
    <Page
      title={`Planogram of ${shelves.machineName(machineId)}`}
      above={<Link to={`/machines/${machineId}`}>{shelves.machineName(machineId)}</Link>}
      actions={
        mayWrite && (
          <>
            <Button disabled={!isChanged} onPress={() => setFacings(kept)}>
              Put back
            </Button>
            <Button tone="primary" disabled={!isChanged} onPress={save}>
              Save
            </Button>
          </>
        )
      }
    >
      {problem && <Notice tone="bad">{problem}</Notice>}
      {warnings.map(({ first, second, byGrams }) => (
        <Notice key={`${first.id} ${second.id}`} tone="fair">
          {first.name} and {second.name} stand on the same scale and differ by only {byGrams} g: weight alone can hardly tell them
          apart.
        </Notice>
      ))}
      {neighbours.length > 0 && (
        <Notice>
          Side by side and within 10 g of each other:{' '}
          {neighbours.map(({ first, second }) => `${first.name} and ${second.name}`).join(', ')}. One put back onto the other’s
          scale looks right by weight.
        </Notice>
      )}
      <div className="planogram">
        <Card
          title="Scales"
          beside={<span className="soft small">{mayWrite ? 'choose one or several, then a product' : ''}</span>}
        >
          {scales.length === 0 ? (
            <Empty title="No scale has been heard">scales are made by the first heartbeat that names them</Empty>
          ) : (
            <Shelf
              {...{ scales, facings, shelves, chosen, mayWrite }}
              onToggle={(scaleId) =>
                setChosen((now) => (now.includes(scaleId) ? now.filter((id) => id !== scaleId) : [...now, scaleId]))
              }
              onRemove={(facing) => setFacings((now) => now.filter((one) => one !== facing))}
            />
          )}
        </Card>
        {mayWrite && <Palette shelves={shelves} isReady={chosen.length > 0} onPlace={place} />}
      </div>
    </Page>
  )
}

const overlaps = ({ scaleIds }: Facing, chosen: string[]) => scaleIds.some((id) => chosen.includes(id))
