/** A visit's evidence as a reviewer goes through it: one event for each movement, and for each weight change that belongs to none. Pure. */
import type { Product } from '#contracts/api/products.ts'
import type { Ticket, TicketWeightChange } from '#contracts/api/tickets.ts'
import { type Guess, guesses, isClear } from '#web/resources/guesses.ts'

export type Candidate = { productId: string; quantity: number; offGrams: number | null; confidence: number | null }
export type Happening = {
  /** The id of its movement, or of its weight change. */
  id: string
  ticketId: string
  machineId: string
  scaleIds: string[]
  atMs: number
  /** Negative: it left the shelf. */
  grams: number
  changeIds: string[]
  candidates: Candidate[]
  /** What it is taken for until somebody says otherwise; null: nobody can tell. */
  proposed: Candidate | null
  reasons: string[]
  isLate: boolean
  /** It lies in the time of another visit too. */
  isShared: boolean
  /** Inference takes it for somebody else’s, or a reviewer has given it to them. */
  isOthers: boolean
  /** The visit that a reviewer has given it to. */
  givenTo: string | null
  /** The visits that were open then, but for this one. */
  otherVisitIds: string[]
  /** It is billed on another ticket already: nothing is left to decide. */
  isBilledElsewhere: boolean
}

/** Below this a proposal is no answer: it is asked. */
const DOUBTFUL = 0.5
type Known = { productsOn: (machineId: string, scaleId: string) => Product[]; products: Map<string, Product> }

/** Everything that happened, in the order of time. */
export function happenings(tickets: Ticket[], known: Known): Happening[] {
  return tickets.flatMap((ticket) => ofTicket(ticket, known)).sort((a, b) => a.atMs - b.atMs || (a.id < b.id ? -1 : 1))
}

function ofTicket(ticket: Ticket, known: Known): Happening[] {
  const byId = new Map(ticket.weightChanges.map((change) => [change.id, change]))
  const told = new Set<string>()
  const moved = ticket.movements.flatMap((movement) => {
    const changes = movement.weightChangeIds.flatMap((id) => byId.get(id) ?? [])
    if (changes.length === 0) return []
    for (const { id } of changes) told.add(id)
    const candidates = movement.candidates.map((one) => ({ ...one, offGrams: offOf(one, changes, known) }))
    const own = { productId: movement.productId, quantity: movement.quantity, confidence: movement.confidence }
    const proposed =
      movement.productId === null || movement.confidence < DOUBTFUL
        ? null
        : { ...own, productId: movement.productId, offGrams: offOf(own, changes, known) }
    return [
      {
        ...common(ticket, movement.id, changes),
        candidates,
        proposed,
        reasons: movement.reasons.map((reason) => reason.replaceAll('-', ' ')),
        isOthers: isGivenAway(ticket, changes)
      }
    ]
  })
  const rest = ticket.weightChanges
    .filter(({ id }) => !told.has(id))
    .map((change) => {
      const candidates = guesses(change.grams, known.productsOn(change.machineId, change.scaleId)).map((guess) =>
        asCandidate(change, guess)
      )
      const best = candidates[0]
      const isSure =
        best !== undefined && isClear({ ...best, quantity: Math.abs(best.quantity), offGrams: best.offGrams! }, known.products)
      const isAlone = candidates.length < 2 || Math.abs(candidates[1]!.offGrams!) > Math.abs(best!.offGrams!)
      return {
        ...common(ticket, change.id, [change]),
        candidates,
        proposed: isSure && isAlone ? best : null,
        reasons: [],
        isOthers: isGivenAway(ticket, [change]) || (change.movementId !== null && change.assignedVisitId !== ticket.visitId)
      }
    })
  return [...moved, ...rest]
}

/** A reviewer’s word counts for more than inference. */
const isGivenAway = ({ visitId }: Ticket, changes: TicketWeightChange[]) =>
  changes.some(({ assignedVisitId }) => assignedVisitId !== null && assignedVisitId !== visitId)

const signed = ({ status, grams }: TicketWeightChange) => (status === 'PICKED' ? -grams : grams)

function common(ticket: Ticket, id: string, changes: TicketWeightChange[]) {
  const others = [...new Set(changes.flatMap(({ visitIds }) => visitIds))].filter((visitId) => visitId !== ticket.visitId)
  const first = changes.reduce((a, b) => (a.occurredAt < b.occurredAt ? a : b))
  return {
    id,
    ticketId: ticket.id,
    machineId: ticket.machineId,
    scaleIds: [...new Set(changes.map(({ scaleId }) => scaleId))],
    atMs: Date.parse(first.occurredAt),
    grams: changes.reduce((sum, change) => sum + signed(change), 0),
    changeIds: changes.map((change) => change.id),
    isLate: changes.some(({ foundLate }) => foundLate),
    isShared: others.length > 0,
    otherVisitIds: others,
    givenTo: changes.find(({ assignedVisitId }) => assignedVisitId !== null)?.assignedVisitId ?? null,
    isBilledElsewhere: changes.some(({ billedTicketId }) => billedTicketId !== null && billedTicketId !== ticket.id)
  }
}

/** Taken counts up, put back counts down. */
const asCandidate = ({ status }: TicketWeightChange, { productId, quantity, offGrams }: Guess): Candidate => ({
  productId,
  quantity: status === 'PICKED' ? quantity : -quantity,
  offGrams,
  confidence: null
})

function offOf(
  { productId, quantity }: { productId: string | null; quantity: number },
  changes: TicketWeightChange[],
  { products }: Known
) {
  const product = productId === null ? undefined : products.get(productId)
  const grams = changes.reduce((sum, change) => sum + signed(change), 0)
  return product ? Math.abs(grams) - Math.abs(quantity) * product.weightGrams : null
}
