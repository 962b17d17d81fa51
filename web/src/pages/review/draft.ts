/** What a reviewer has decided so far, with undo and redo; what of it becomes the lines of each ticket. Pure but for keeping it. */
import type { TicketDecision } from '#contracts/api/tickets.ts'
import type { Happening } from './evidence.ts'

export type Decision =
  | { kind: 'product'; productId: string; quantity: number }
  | { kind: 'noise' }
  | { kind: 'other'; visitId?: string }
/** A product that the scales missed. */
export type Extra = { id: string; ticketId: string; productId: string; quantity: number }
export type Draft = { decisions: Record<string, Decision>; extras: Extra[]; note: string }
export type Drafts = { past: Draft[]; now: Draft; future: Draft[] }
const MOST_STEPS = 200

export type Step =
  | { do: 'decide'; id: string; decision: Decision | null }
  | { do: 'add'; extra: Extra }
  | { do: 'drop'; id: string }
  | { do: 'note'; text: string }
  | { do: 'undo' }
  | { do: 'redo' }

export function take(drafts: Drafts, step: Step): Drafts {
  const { past, now, future } = drafts
  if (step.do === 'undo')
    return past.length === 0 ? drafts : { past: past.slice(0, -1), now: past.at(-1)!, future: [now, ...future] }
  if (step.do === 'redo') return future.length === 0 ? drafts : { past: [...past, now], now: future[0]!, future: future.slice(1) }
  return { past: [...past, now].slice(-MOST_STEPS), now: after(now, step), future: [] }
}

function after(draft: Draft, step: Exclude<Step, { do: 'undo' | 'redo' }>): Draft {
  if (step.do === 'add') return { ...draft, extras: [...draft.extras, step.extra] }
  if (step.do === 'drop') return { ...draft, extras: draft.extras.filter(({ id }) => id !== step.id) }
  if (step.do === 'note') return { ...draft, note: step.text }
  const { [step.id]: _before, ...rest } = draft.decisions
  return { ...draft, decisions: step.decision ? { ...rest, [step.id]: step.decision } : rest }
}

/** What holds for an event: what was decided, else what was proposed; null: nobody has said. */
export function decisionOn(event: Happening, { decisions }: Draft): Decision | null {
  if (event.isBilledElsewhere) return { kind: 'other' }
  const decided = decisions[event.id]
  if (decided) return decided
  if (event.isOthers) return event.givenTo ? { kind: 'other', visitId: event.givenTo } : { kind: 'other' }
  return event.proposed && { kind: 'product', productId: event.proposed.productId, quantity: event.proposed.quantity }
}

type Lines = TicketDecision['lines']
type Others = NonNullable<TicketDecision['others']>
export type Outcome = { lines: Lines; others: Others; problems: string[] }

/** The lines of one ticket, and what was other shoppers' doing. What was put back takes away from what was taken; less than nothing is a mistake. */
export function linesOf(ticketId: string, events: Happening[], draft: Draft, nameOf: (productId: string) => string): Outcome {
  const sums = new Map<string, { quantity: number; weightChangeIds: string[] }>()
  const used = new Set<string>() // one change may be two movements: it proves the first line of them
  const add = (productId: string, quantity: number, changeIds: string[]) => {
    const ids = changeIds.filter((id) => !used.has(id))
    for (const id of ids) used.add(id)
    const sum = sums.get(productId) ?? { quantity: 0, weightChangeIds: [] }
    sums.set(productId, { quantity: sum.quantity + quantity, weightChangeIds: [...sum.weightChangeIds, ...ids] })
  }
  const given = new Map<string, string[]>()
  for (const event of events) {
    const decision = event.ticketId === ticketId ? decisionOn(event, draft) : null
    if (decision?.kind === 'other' && decision.visitId)
      given.set(decision.visitId, [...(given.get(decision.visitId) ?? []), ...event.changeIds])
    if (decision?.kind === 'product') add(decision.productId, decision.quantity, event.changeIds)
  }
  for (const extra of draft.extras) if (extra.ticketId === ticketId) add(extra.productId, extra.quantity, [])
  const entries = [...sums]
  return {
    others: [...given]
      .map(([visitId, ids]) => ({ visitId, weightChangeIds: [...new Set(ids)].filter((id) => !used.has(id)) }))
      .filter(({ weightChangeIds }) => weightChangeIds.length > 0),
    lines: entries.filter(([, { quantity }]) => quantity > 0).map(([productId, sum]) => ({ productId, ...sum })),
    problems: entries
      .filter(([, { quantity }]) => quantity < 0)
      .map(([productId]) => `More ${nameOf(productId)} came back than was taken`)
  }
}

const EMPTY: Draft = { decisions: {}, extras: [], note: '' }
const keyOf = (visitId: string) => `niflr-review-${visitId}`

/** The draft of a visit that was left on this device; an empty one without. */
export function readDraft(visitId: string): Drafts {
  try {
    const kept = JSON.parse(localStorage.getItem(keyOf(visitId)) ?? 'null') as Draft | null
    return { past: [], now: kept ? { ...EMPTY, ...kept } : EMPTY, future: [] }
  } catch {
    return { past: [], now: EMPTY, future: [] }
  }
}
export const isEmpty = ({ decisions, extras, note }: Draft): boolean =>
  Object.keys(decisions).length === 0 && extras.length === 0 && note === ''
export function keepDraft(visitId: string, draft: Draft): void {
  if (isEmpty(draft)) localStorage.removeItem(keyOf(visitId))
  else localStorage.setItem(keyOf(visitId), JSON.stringify(draft))
}
export const forgetDraft = (visitId: string): void => localStorage.removeItem(keyOf(visitId))
