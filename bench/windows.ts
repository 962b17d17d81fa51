/**
 * Which window should a ticket have, the visit or the machine sessions it touches? Every labelled case through the store with each: how
 * much evidence of a shopper is on no ticket of his, how much on it is another's, and how much a reviewer has to look at.
 */
import type { Ticket } from '#contracts/api/tickets.ts'
import { type Case, casesIn, type TrueEvent } from './carts/cases.ts'
import { type Played, play } from './carts/play.ts'
import { openCases } from './labelled.ts'
import type { Bench, BenchTools, Row } from './table.ts'

const KINDS = ['visit', 'machine-session'] as const
const INTERVAL = 1

type Sums = {
  cases: number
  tickets: number
  full: number
  shown: number
  due: number
  missed: number
  foreign: number
  idle: number
}

export const windows: Bench = {
  name: 'windows',
  does: 'labelled cases with either window of a ticket: evidence missed, evidence of others, what reviewers look at',
  async run({ say, data }: BenchTools): Promise<Row[]> {
    await using stack = new AsyncDisposableStack()
    const cases = await openCases(stack, { say, data })
    if (!cases) return []
    const { folder, dataDir, url } = cases
    const rows: Row[] = []
    for (const isAlone of [true, false])
      for (const kind of KINDS) {
        const sums: Sums = { cases: 0, tickets: 0, full: 0, shown: 0, due: 0, missed: 0, foreign: 0, idle: 0 }
        for (const one of casesIn(folder, INTERVAL).filter(({ truth }) => (truth.shoppers.length === 1) === isAlone)) {
          const env = { TICKET_WINDOW: kind }
          add(sums, one, await play(one, { url, dataDir, spots: null, env }))
        }
        rows.push(asRow(`${isAlone ? 'one shopper' : 'several shoppers'}, ${kind}`, sums))
      }
    return rows
  }
}

/** A weight change is of the true event that moved its scale at about that time; null: of none. */
function eventOf({ truth }: Case, change: Ticket['weightChanges'][number]): TrueEvent | null {
  const sign = change.status === 'PICKED' ? -1 : 1
  const atMs = Date.parse(change.occurredAt)
  const isOf = ({ gondola, shelf, t, true_step_g: grams, true_plate_share: shares }: TrueEvent) =>
    `G${gondola}` === change.machineId &&
    Object.keys(shares).some((plate) => String(100 * shelf + Number(plate)) === change.scaleId) &&
    Math.sign(grams) === sign &&
    atMs >= 1000 * t - 4000 &&
    atMs <= 1000 * (t + INTERVAL) + 3000
  const near = truth.events.filter(isOf)
  return near.sort((a, b) => Math.abs(1000 * a.t - atMs) - Math.abs(1000 * b.t - atMs))[0] ?? null
}

function add(sums: Sums, one: Case, { tickets, visits }: Played): void {
  sums.cases += 1
  const all = new Map(tickets.flatMap((ticket) => ticket.weightChanges.map((change) => [change.id, change] as const)))
  const owners = new Map([...all].map(([id, change]) => [id, eventOf(one, change)?.shopper ?? null]))
  const on = new Map<string, Set<string>>()
  for (const { visitId, weightChanges } of tickets) {
    const shopper = visits.get(visitId)!
    sums.tickets += 1
    if (weightChanges.length > 0) sums.full += 1
    sums.shown += weightChanges.length
    for (const { id } of weightChanges) {
      const owner = owners.get(id)
      if (owner === null) sums.idle += 1
      else if (owner !== shopper) sums.foreign += 1
      else on.set(shopper, (on.get(shopper) ?? new Set()).add(id))
    }
  }
  const due = [...owners].filter(([, owner]) => owner !== null)
  sums.due += due.length
  sums.missed += due.filter(([id, owner]) => !on.get(owner!)?.has(id)).length
}

const asRow = (name: string, { cases, tickets, full, shown, due, missed, foreign, idle }: Sums): Row => ({
  name,
  values: {
    ...{ cases, tickets, 'with evidence': full, 'changes shown': shown, 'of nobody': idle, 'of another': foreign },
    'of another per 100 shown': shown === 0 ? null : Math.round((1000 * foreign) / shown) / 10,
    'missed per 100 due': due === 0 ? null : Math.round((1000 * missed) / due) / 10
  }
})
