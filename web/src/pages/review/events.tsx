/** What happened, in order: what each is taken for, what else it could be, and how sure that is. */
import { useEffect, useRef, useState } from 'react'
import { withQuery } from '#web/api.ts'
import { clock as clockText, signedGrams } from '#web/format.ts'
import { shortId } from '#web/resources/names.ts'
import { Photo } from '#web/resources/product-photos.tsx'
import type { ShelfMap } from '#web/resources/shelf-map.ts'
import { Button } from '#web/ui/button.tsx'
import { Empty, Pill } from '#web/ui/notice.tsx'
import { Card } from '#web/ui/page.tsx'
import { type Decision, decisionOn } from './draft.ts'
import type { Candidate, Happening } from './evidence.ts'
import type { DraftControl } from './use-draft.ts'
import type { Playback } from './use-playback.ts'

type Props = {
  events: Happening[]
  at: number
  onSelect: (n: number) => void
  shelves: ShelfMap
  draft: DraftControl
  playback: Playback
  isMine: boolean
  onWhose: () => void
}

export function Events({ events, at, onSelect, ...rest }: Props) {
  const open = events.filter((event) => decisionOn(event, rest.draft.now) === null).length
  return (
    <Card title="What happened" beside={open > 0 ? <Pill tone="fair">{open} open</Pill> : <Pill tone="good">all said</Pill>}>
      {events.length === 0 ? (
        <Empty title="No weight changed during this visit">complete it as empty, or add what the scales missed</Empty>
      ) : (
        <ol className="events">
          {events.map((event, n) => (
            <OneEvent key={event.id} event={event} isChosen={n === at} onSelect={() => onSelect(n)} {...rest} />
          ))}
        </ol>
      )}
    </Card>
  )
}

type OneProps = Omit<Props, 'events' | 'at' | 'onSelect'> & { event: Happening; isChosen: boolean; onSelect: () => void }

function OneEvent({ event, isChosen, onSelect, onWhose, shelves, draft, playback, isMine }: OneProps) {
  const item = useRef<HTMLLIElement>(null)
  useEffect(() => {
    if (isChosen) item.current?.scrollIntoView({ block: 'nearest' })
  }, [isChosen])
  const decision = decisionOn(event, draft.now)
  const isTouched = draft.now.decisions[event.id] !== undefined
  return (
    <li ref={item} className={isChosen ? 'chosen' : ''} aria-current={isChosen || undefined}>
      <button type="button" className="event-head" onClick={onSelect}>
        <time className="soft num">{clockText(new Date(event.atMs))}</time>
        <span className={`num ${event.grams < 0 ? 'picked' : 'placed'}`}>{signedGrams(event.grams)}</span>
        <span className="grow what">{says(decision, shelves)}</span>
        {decision === null && <Pill tone="fair">which?</Pill>}
        {isTouched && decision !== null && <Pill tone="info">yours</Pill>}
        {!isTouched && decision?.kind === 'product' && event.proposed?.confidence != null && (
          <span className="soft num small">{Math.round(event.proposed.confidence * 100)} %</span>
        )}
      </button>
      {isChosen && (
        <div className="event-body">
          <div className="row wrap soft small">
            <span>
              {shelves.machineName(event.machineId)}, scale {event.scaleIds.join(', ')}
            </span>
            {event.isShared && <Pill tone="fair">others were inside</Pill>}
            {event.isLate && <Pill tone="fair">found late</Pill>}
            {event.givenTo && !event.isOthers && <Pill tone="info">given to this shopper</Pill>}
            {event.isBilledElsewhere && <Pill tone="quiet">billed on another ticket</Pill>}
          </div>
          {event.reasons.map((reason) => (
            <p key={reason} className="soft small">
              {reason}
            </p>
          ))}
          <Picture event={event} playback={playback} />
          {isMine && !event.isBilledElsewhere && <Choices {...{ event, decision, shelves, draft, onWhose }} />}
        </div>
      )}
    </li>
  )
}

function says(decision: Decision | null, shelves: ShelfMap): string {
  if (!decision) return 'nobody can tell yet'
  if (decision.kind === 'noise') return 'nothing: a false alarm'
  if (decision.kind === 'other') return decision.visitId ? `the shopper of visit ${shortId(decision.visitId)}` : 'somebody else'
  const pieces = Math.abs(decision.quantity)
  return `${decision.quantity < 0 ? 'put back ' : ''}${pieces} × ${shelves.productName(decision.productId)}`
}

/** Longer than a hand rests on an event that it only passes: making a picture costs the box more than the jump itself. */
const DWELL_MS = 400

/** What a camera on the machine showed at that moment, for who stays with it. */
function Picture({ event, playback }: { event: Happening; playback: Playback }) {
  const [isDue, setDue] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setDue(true), DWELL_MS)
    return () => clearTimeout(timer)
  }, [])
  const screen = playback.screens.find(({ camera }) => camera.machineIds.includes(event.machineId)) ?? playback.screens[0]
  if (!screen || !isDue) return null
  const src = withQuery(`/api/v1/cameras/${screen.camera.id}/thumbnail.jpg`, { at: new Date(event.atMs).toISOString() })
  return (
    <img
      className="event-picture"
      src={src}
      alt={`What ${screen.camera.name} showed`}
      onError={(fault) => fault.currentTarget.remove()}
    />
  )
}

const MOST_CANDIDATES = 6
type ChoicesProps = {
  event: Happening
  decision: Decision | null
  shelves: ShelfMap
  draft: DraftControl
  onWhose: () => void
}

function Choices({ event, decision, shelves, draft, onWhose }: ChoicesProps) {
  const chosen = decision?.kind === 'product' ? decision : null
  const choose = ({ productId, quantity }: Candidate) => draft.decide(event.id, { kind: 'product', productId, quantity })
  return (
    <>
      <ul className="candidates">
        {event.candidates.slice(0, MOST_CANDIDATES).map((candidate, n) => (
          <li key={`${candidate.productId} ${candidate.quantity}`}>
            <button type="button" aria-pressed={chosen?.productId === candidate.productId} onClick={() => choose(candidate)}>
              <kbd>{n + 1}</kbd>
              <Photo productId={candidate.productId} />
              <span className="grow">
                {Math.abs(candidate.quantity)} × {shelves.productName(candidate.productId)}
              </span>
              <span className="soft num small">{fitOf(candidate)}</span>
            </button>
          </li>
        ))}
      </ul>
      <div className="row wrap">
        {chosen && (
          <span className="row">
            <Button size="small" aria-label="One fewer (-)" onPress={() => draft.decide(event.id, stepped(chosen, -1))}>
              −
            </Button>
            <span className="num">{Math.abs(chosen.quantity)}</span>
            <Button size="small" aria-label="One more (+)" onPress={() => draft.decide(event.id, stepped(chosen, 1))}>
              +
            </Button>
          </span>
        )}
        <Button size="small" aria-pressed={decision?.kind === 'noise'} onPress={() => draft.decide(event.id, { kind: 'noise' })}>
          False alarm <kbd>X</kbd>
        </Button>
        <Button size="small" aria-pressed={decision?.kind === 'other'} onPress={() => draft.decide(event.id, { kind: 'other' })}>
          Somebody else <kbd>O</kbd>
        </Button>
        {event.isShared && (
          <Button size="small" onPress={onWhose}>
            Whose? <kbd>W</kbd>
          </Button>
        )}
      </div>
    </>
  )
}

const fitOf = ({ confidence, offGrams }: Candidate) =>
  [
    confidence === null ? '' : `${Math.round(confidence * 100)} %`,
    offGrams === null ? '' : `${offGrams > 0 ? '+' : offGrams < 0 ? '−' : '±'}${Math.abs(offGrams)} g`
  ]
    .filter(Boolean)
    .join(' · ')

/** One piece more or fewer, in the direction it went; never none. */
export function stepped({ productId, quantity }: { productId: string; quantity: number }, by: number): Decision {
  const sign = quantity < 0 ? -1 : 1
  return { kind: 'product', productId, quantity: sign * Math.max(1, Math.abs(quantity) + by) }
}
