/** Each machine with its state and its last changes, as they happen. */
import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import type { Machine } from '#contracts/api/machines.ts'
import type { WeightChange } from '#contracts/api/weight-changes.ts'
import { get, type Page } from '#web/api.ts'
import { ago, clock, signedGrams } from '#web/format.ts'
import { guesses, isClear } from '#web/resources/guesses.ts'
import { type ShelfMap, useShelfMap } from '#web/resources/shelf-map.ts'
import { Empty, Pill, Waiting } from '#web/ui/notice.tsx'
import { Card } from '#web/ui/page.tsx'
import { useNow } from './ticking.ts'

const LAST = 4

export function Machines() {
  const shelves = useShelfMap()
  const machines = shelves.machines.filter(({ retiredAt }) => !retiredAt)
  const offline = machines.filter(({ online }) => !online).length
  return (
    <Card
      title="Machines"
      beside={<span className="soft num">{offline > 0 ? `${offline} of ${machines.length} silent` : machines.length}</span>}
    >
      {!shelves.isReady ? (
        <Waiting />
      ) : machines.length === 0 ? (
        <Empty title="No machine is onboarded">
          <Link className="button" to="/start">
            Onboard the first
          </Link>
        </Empty>
      ) : (
        <div className="machines">
          {machines.map((machine) => (
            <OneMachine key={machine.machineId} machine={machine} shelves={shelves} />
          ))}
        </div>
      )}
    </Card>
  )
}

function OneMachine({ machine, shelves }: { machine: Machine; shelves: ShelfMap }) {
  const { machineId, displayName, online, lastHeartbeatAt, locked } = machine
  const changes = useQuery({
    queryKey: ['/weight-changes', 'last', machineId],
    queryFn: () => get<Page<WeightChange>>('/weight-changes', { machineId, limit: LAST })
  })
  const now = useNow(5000)
  return (
    <section className="machine" aria-label={displayName}>
      <header className="row">
        <Link to={`/machines/${machineId}`} className="grow">
          {displayName}
        </Link>
        {locked && <Pill tone="fair">Locked</Pill>}
        {!online && <Pill tone="bad">{lastHeartbeatAt ? `silent, last heard ${ago(lastHeartbeatAt, now)}` : 'never heard'}</Pill>}
      </header>
      <ol>
        {(changes.data?.items ?? []).map((change) => (
          <li key={change.id} className={change.settled ? '' : 'fresh'}>
            <time className="soft num">{clock(change.occurredAt)}</time>
            <span className={`num ${change.status === 'PICKED' ? 'picked' : 'placed'}`}>
              {signedGrams(change.status === 'PICKED' ? -change.grams : change.grams)}
            </span>
            <span className="what">{productOf(change, shelves)}</span>
          </li>
        ))}
        {changes.data?.items.length === 0 && <li className="soft none">nothing has changed yet</li>}
      </ol>
    </section>
  )
}

function productOf({ machineId, scaleId, grams }: WeightChange, shelves: ShelfMap): string {
  const best = guesses(grams, shelves.productsOn(machineId, scaleId))[0]
  if (!best || !isClear(best, shelves.products)) return `scale ${scaleId}`
  return `${best.quantity} × ${shelves.productName(best.productId)}`
}
