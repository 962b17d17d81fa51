/** What differs between two runs over one day, pure. */
import type { Decided, Made, MadeChange, MadeTicket } from './made.ts'

export type ChangeDifference = {
  kind: 'appears' | 'vanishes' | 'grams' | 'time'
  machineId: string
  scaleId: string
  before: { at: string; grams: number } | null
  after: { at: string; grams: number } | null
}
export type TicketDifference = {
  visit: string
  enteredAt: string
  machineId: string
  before: Decided | null
  after: Decided | null
}
export type CartDifference = {
  visit: string
  enteredAt: string
  lines: { sku: string; before: number; after: number }[]
  totalMinor: { before: number; after: number }
}
export type Differences = { changes: ChangeDifference[]; tickets: TicketDifference[]; carts: CartDifference[] }

/** All differences, oldest first. */
export const differencesOf = (before: Made, after: Made): Differences => ({
  changes: changesThatDiffer(before.changes, after.changes),
  tickets: ticketsThatDiffer(before.tickets, after.tickets),
  carts: cartsThatDiffer(before.tickets, after.tickets)
})

/** A change of one scale in one direction this near in time is the same action, seen otherwise. */
const SAME_ACTION_MS = 10_000

const scaleOf = ({ machineId, scaleId }: { machineId: string; scaleId: string }) => `${machineId}/${scaleId}`
const momentOf = (change: MadeChange) => `${scaleOf(change)} ${change.at} ${Math.sign(change.grams)}`
const seenOf = ({ at, grams }: MadeChange) => ({ at, grams })

/** Changes of the same moment belong together; of what is left over, the nearest of the same scale and direction. */
function changesThatDiffer(before: MadeChange[], after: MadeChange[]): ChangeDifference[] {
  const { pairs, left, right } = paired(before, after, momentOf)
  const free = Map.groupBy(right, scaleOf)
  const found: ChangeDifference[] = []
  for (const [a, b] of pairs) if (a.grams !== b.grams) found.push(differs(a, b))
  for (const a of left) {
    const own = free.get(scaleOf(a)) ?? []
    const b = nearest(a, own)
    if (b) own.splice(own.indexOf(b), 1)
    found.push(differs(a, b))
  }
  for (const b of [...free.values()].flat()) found.push(differs(null, b))
  const atOf = ({ before: a, after: b }: ChangeDifference) => (a ?? b)!.at
  return found.sort((a, b) => atOf(a).localeCompare(atOf(b)) || scaleOf(a).localeCompare(scaleOf(b)))
}

function nearest({ at, grams }: MadeChange, others: MadeChange[]): MadeChange | null {
  const apart = (other: MadeChange) => Math.abs(Date.parse(other.at) - Date.parse(at))
  const near = others.filter((other) => Math.sign(other.grams) === Math.sign(grams) && apart(other) <= SAME_ACTION_MS)
  return near.sort((a, b) => apart(a) - apart(b))[0] ?? null
}

function differs(a: MadeChange | null, b: MadeChange | null): ChangeDifference {
  const { machineId, scaleId } = (a ?? b)!
  const kind = !a ? 'appears' : !b ? 'vanishes' : a.grams === b.grams ? 'time' : 'grams'
  return { kind, machineId, scaleId, before: a && seenOf(a), after: b && seenOf(b) }
}

function ticketsThatDiffer(before: MadeTicket[], after: MadeTicket[]): TicketDifference[] {
  const { pairs, left, right } = paired(before, after, ({ visit, machineId }) => `${visit} ${machineId}`)
  const all: [MadeTicket | null, MadeTicket | null][] = [
    ...pairs,
    ...left.map((a): [MadeTicket, null] => [a, null]),
    ...right.map((b): [null, MadeTicket] => [null, b])
  ]
  return all
    .filter(([a, b]) => a?.decided !== b?.decided)
    .map(([a, b]) => {
      const { visit, enteredAt, machineId } = (a ?? b)!
      return { visit, enteredAt, machineId, before: a?.decided ?? null, after: b?.decided ?? null }
    })
    .sort((a, b) => a.enteredAt.localeCompare(b.enteredAt) || a.machineId.localeCompare(b.machineId))
}

function cartsThatDiffer(before: MadeTicket[], after: MadeTicket[]): CartDifference[] {
  const [was, is] = [Map.groupBy(before, ({ visit }) => visit), Map.groupBy(after, ({ visit }) => visit)]
  const carts = [...new Set([...was.keys(), ...is.keys()])].map((visit): CartDifference => {
    const [a, b] = [was.get(visit) ?? [], is.get(visit) ?? []]
    const [unitsA, unitsB] = [unitsOf(a), unitsOf(b)]
    const lines = [...new Set([...unitsA.keys(), ...unitsB.keys()])]
      .map((sku) => ({ sku, before: unitsA.get(sku) ?? 0, after: unitsB.get(sku) ?? 0 }))
      .filter((line) => line.before !== line.after)
      .sort((x, y) => x.sku.localeCompare(y.sku))
    return { visit, enteredAt: (a[0] ?? b[0])!.enteredAt, lines, totalMinor: { before: totalOf(a), after: totalOf(b) } }
  })
  return carts.filter(({ lines }) => lines.length > 0).sort((a, b) => a.enteredAt.localeCompare(b.enteredAt))
}

function unitsOf(tickets: MadeTicket[]): Map<string, number> {
  const units = new Map<string, number>()
  for (const ticket of tickets) for (const [sku, own] of Object.entries(ticket.units)) units.set(sku, (units.get(sku) ?? 0) + own)
  return units
}
export const totalOf = (tickets: MadeTicket[]): number => tickets.reduce((sum, ticket) => sum + ticket.totalMinor, 0)

/** Those of one key, first with first; and what has no partner. */
function paired<T>(before: T[], after: T[], keyOf: (item: T) => string): { pairs: [T, T][]; left: T[]; right: T[] } {
  const partners = Map.groupBy(after, keyOf)
  const pairs: [T, T][] = []
  const left: T[] = []
  for (const a of before) {
    const b = partners.get(keyOf(a))?.shift()
    if (b) pairs.push([a, b])
    else left.push(a)
  }
  return { pairs, left, right: [...partners.values()].flat() }
}
