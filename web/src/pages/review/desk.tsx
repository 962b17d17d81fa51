/** The desk: cameras in step above, the timeline below them, what happened and what it comes to on the right. Hands stay on the keyboard. */
import { useEffect, useMemo, useState } from 'react'
import { Link } from 'react-router'
import type { VisitDetail } from '#contracts/api/visits.ts'
import { clock as clockText, span } from '#web/format.ts'
import { ROLES } from '#web/resources/choices.ts'
import type { ShelfMap } from '#web/resources/shelf-map.ts'
import { Reference } from '#web/resources/value.tsx'
import { Button } from '#web/ui/button.tsx'
import { useConfirm } from '#web/ui/confirm.tsx'
import { Notice, Pill } from '#web/ui/notice.tsx'
import { Page } from '#web/ui/page.tsx'
import { AddProduct } from './add-product.tsx'
import { CartView } from './cart-view.tsx'
import { useClaims } from './claims.ts'
import { useCompletion } from './completion.ts'
import { Contested } from './contested.tsx'
import { deskKeys } from './desk-keys.ts'
import { decisionOn } from './draft.ts'
import { Events } from './events.tsx'
import { happenings } from './evidence.ts'
import { Help } from './help.tsx'
import { useKeys } from './keys.ts'
import { Screens } from './screens.tsx'
import { Timeline } from './timeline.tsx'
import { useDraft } from './use-draft.ts'
import { usePlayback } from './use-playback.ts'
import { Whose } from './whose.tsx'

const ESCALATION = {
  title: 'Hand this visit on?',
  body: 'It goes back to the queue, for an admin to settle. What you have decided so far stays on this device only.',
  confirm: 'Escalate'
}

type Props = { visit: VisitDetail; shelves: ShelfMap }
/** What a window is opened on: an extra product, whose an event was, or the keys. */
type Opened = 'add' | 'whose' | 'help' | null

export function Desk({ visit, shelves }: Props) {
  const { tickets } = visit
  const { productsOn, products } = shelves
  // biome-ignore lint/correctness/useExhaustiveDependencies: the map is made anew each time; what it knows changes with its parts
  const events = useMemo(() => happenings(tickets, { productsOn, products }), [tickets, shelves.planograms, products.size])
  const draft = useDraft(visit.id)
  const hold = useClaims(tickets)
  const confirm = useConfirm()
  const playback = usePlayback(visit, events)
  const [at, setAt] = useState(0)
  const [opened, setOpened] = useState<Opened>(null)
  const isOpen = tickets.some(({ status }) => status !== 'REVIEW_COMPLETE')
  const isMine = isOpen && hold.state === 'held'
  const select = (n: number) => {
    const to = Math.max(0, Math.min(events.length - 1, n))
    setAt(to)
    if (events[to]) playback.showEvent(events[to])
  }
  const completion = useCompletion({ visit, events, draft: draft.now, nameOf: shelves.productName })
  const isBilled = visit.role === 'customer' // staff fill up and take away: nothing of it need add up
  const undecided = isBilled ? events.findIndex((event) => decisionOn(event, draft.now) === null) : -1
  const complete = async () => {
    if (!isMine) return
    if (undecided >= 0) return select(undecided)
    await completion.run()
  }
  const escalate = async () => {
    if (!isMine) return
    const note = await confirm({ ...ESCALATION, ask: { label: 'What makes it too hard?', required: true } })
    if (note !== null) await completion.escalate(note)
  }
  const { skip } = completion
  const keys = deskKeys({ events, at, select, draft, playback, complete, skip, open: setOpened, escalate, isMine })
  useKeys(keys)
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the visit is opened
  useEffect(() => select(Math.max(0, undecided)), [])
  const escalation = tickets.find((ticket) => ticket.escalation !== null)?.escalation
  const role = ROLES.find(({ value }) => value === visit.role)!
  return (
    <Page
      wide
      title={isOpen ? 'Review' : 'Reviewed'}
      above={<Link to="/review">Review</Link>}
      beside={
        <>
          <span className="soft num">
            {clockText(visit.enteredAt)} to {clockText(visit.exitedAt!)} ·{' '}
            {span(Date.parse(visit.exitedAt!) - Date.parse(visit.enteredAt))}
          </span>
          {visit.role !== 'customer' && <Pill tone="info">{role.label}: nothing is billed</Pill>}
          <Reference to="visits" id={visit.id} />
        </>
      }
      actions={
        <>
          <Button icon="undo" aria-label="Undo (Z)" disabled={!draft.canUndo} onPress={draft.undo} />
          <Button icon="redo" aria-label="Redo (Y)" disabled={!draft.canRedo} onPress={draft.redo} />
          <Button icon="keyboard" aria-label="Keys (?)" onPress={() => setOpened('help')} />
          <Button disabled={!isMine} onPress={escalate}>
            Hand on
          </Button>
          <Button onPress={skip}>Skip</Button>
          <Button tone="primary" icon="check" disabled={!isMine} onPress={complete}>
            {undecided >= 0 ? 'Next open question' : 'Complete'}
          </Button>
        </>
      }
    >
      {escalation && isMine && (
        <Notice tone="info">
          Escalated by {escalation.byName}: {escalation.note}
        </Notice>
      )}
      {hold.state === 'refused' && isOpen && (
        <Notice tone="fair">
          {hold.why}{' '}
          {hold.way && (
            <Button size="small" onPress={hold.way.run}>
              {hold.way.label}
            </Button>
          )}
        </Notice>
      )}
      <Contested visit={visit} shelves={shelves} />
      {completion.problem && <Notice tone="bad">{completion.problem}</Notice>}
      <div className="desk">
        <div className="stack">
          <Screens playback={playback} />
          <Timeline visit={visit} events={events} at={at} onSelect={select} playback={playback} shelves={shelves} />
        </div>
        <div className="stack">
          <Events {...{ events, at, shelves, draft, playback, isMine }} onSelect={select} onWhose={() => setOpened('whose')} />
          <CartView {...{ visit, events, draft, shelves, isMine }} onAdd={() => setOpened('add')} />
        </div>
      </div>
      {opened === 'add' && (
        <AddProduct {...{ visit, shelves, draft }} event={events[at] ?? null} onClose={() => setOpened(null)} />
      )}
      {opened === 'whose' && events[at] && <Whose event={events[at]} draft={draft} onClose={() => setOpened(null)} />}
      {opened === 'help' && <Help keys={keys} onClose={() => setOpened(null)} />}
    </Page>
  )
}
