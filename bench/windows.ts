/**
 * Which window should a ticket have, the visit or the machine sessions it touches? Every labelled case and some busy days through the store
 * with each: how much evidence of a shopper is on no ticket of his, how much on it is another's, how much a reviewer has to look at, and how
 * many carts would be wrong if the tickets' evidence were all that he goes by.
 */
import type { ShelfChange } from '#server/domain/iot/actions.ts'
import { type BusyDay, busyDay } from './carts/busy-days.ts'
import { type Case, casesIn, type TrueEvent } from './carts/cases.ts'
import { type Playable, type Played, play } from './carts/play.ts'
import { openCases } from './labelled.ts'
import type { Bench, BenchTools, Row } from './table.ts'

const KINDS = ['visit', 'machine-session'] as const
const INTERVAL = 1
const DAYS = [1, 2, 3]
const DAY = { people: 120, seconds: 3600 }

type Sums = {
  cases: number
  tickets: number
  full: number
  shown: number
  due: number
  missed: number
  foreign: number
  idle: number
  visits: number
  blind: number
  wrong: number
}
type Change = Pick<ShelfChange, 'machineId' | 'scaleId' | 'status' | 'occurredAt'>
/** `ownerOf`: who moved what a weight change shows; null for nobody. */
type Labelled = Playable & { truth: Pick<Case['truth'], 'receipts'>; ownerOf: (change: Change) => string | null }

export const windows: Bench = {
  name: 'windows',
  does: 'labelled cases with either window of a ticket: evidence missed, evidence of others, what reviewers look at',
  async run({ say, data }: BenchTools): Promise<Row[]> {
    await using stack = new AsyncDisposableStack()
    const cases = await openCases(stack, { say, data })
    if (!cases) return []
    const { folder, dataDir, url } = cases
    const rows: Row[] = []
    const recorded = casesIn(folder, INTERVAL)
    const ofCount = (isAlone: boolean) => recorded.filter(({ truth }) => (truth.shoppers.length === 1) === isAlone)
    const kindsOfCases: [string, Labelled[]][] = [
      ['one shopper', ofCount(true).map(labelledCase)],
      ['several shoppers', ofCount(false).map(labelledCase)],
      ['busy days', (await Promise.all(DAYS.map((seed) => busyDay(seed, DAY)))).map(labelledDay)]
    ]
    for (const [name, labelled] of kindsOfCases)
      for (const kind of KINDS) {
        const sums: Sums = {
          cases: 0,
          tickets: 0,
          full: 0,
          shown: 0,
          due: 0,
          missed: 0,
          foreign: 0,
          idle: 0,
          visits: 0,
          blind: 0,
          wrong: 0
        }
        for (const one of labelled) add(sums, one, await play(one, { url, dataDir, spots: null, env: { TICKET_WINDOW: kind } }))
        rows.push(asRow(`${name}, ${kind}`, sums))
        say(`  ${name}, ${kind}: ${sums.visits} visits`)
      }
    return rows
  }
}

const labelledCase = (one: Case): Labelled => ({ ...one, ownerOf: (change) => eventOf(one, change)?.shopper ?? null })

/** The last to move this scale that way before it was heard of, or the first just after: a clock is a moment off. */
const labelledDay = (day: BusyDay): Labelled => ({
  ...day,
  ownerOf: ({ machineId, scaleId, status, occurredAt }) => {
    const atMs = Date.parse(occurredAt)
    const sign = status === 'PICKED' ? -1 : 1
    const near = day.actions
      .filter(({ grams, ...action }) => action.machineId === machineId && Math.sign(grams[scaleId] ?? 0) === sign)
      .map(({ at, visitKey }) => ({ visitKey, offMs: Math.abs(atMs - 1000 - Date.parse(at)) }))
      .filter(({ offMs }) => offMs <= 4000)
    return near.sort((a, b) => a.offMs - b.offMs)[0]?.visitKey ?? null
  }
})

/** A weight change is of the true event that moved its scale at about that time; null: of none. */
function eventOf({ truth }: Case, change: Change): TrueEvent | null {
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

function add(sums: Sums, one: Labelled, { changes, tickets, visits, skus }: Played): void {
  sums.cases += 1
  sums.visits += visits.size
  const owners = new Map(changes.map((change) => [change.id, one.ownerOf(change)]))
  const on = new Map<string, Set<string>>()
  for (const { visitId, weightChanges } of tickets) {
    const shopper = visits.get(visitId)!
    sums.tickets += 1
    if (weightChanges.length > 0) sums.full += 1
    sums.shown += weightChanges.length
    for (const { id } of weightChanges) {
      const owner = owners.get(id) ?? null
      if (owner === null) sums.idle += 1
      else if (owner !== shopper) sums.foreign += 1
      else on.set(shopper, (on.get(shopper) ?? new Set()).add(id))
    }
  }
  const due = [...owners].filter(([, owner]) => owner !== null)
  const missed = due.filter(([id, owner]) => !on.get(owner!)?.has(id))
  sums.due += due.length
  sums.missed += missed.length
  sums.blind += new Set(missed.map(([, owner]) => owner)).size
  sums.wrong += [...visits].filter(([visitId, shopper]) => !isRight(one, { visitId, shopper, tickets, skus })).length
}

/** Are a visit's tickets, as proposed, what its shopper left with? */
function isRight(
  { truth }: Labelled,
  { visitId, shopper, tickets, skus }: Pick<Played, 'tickets' | 'skus'> & { visitId: string; shopper: string }
): boolean {
  const counts = new Map<string, number>()
  const count = (sku: string, quantity: number) => counts.set(sku, (counts.get(sku) ?? 0) + quantity)
  for (const ticket of tickets.filter((one) => one.visitId === visitId))
    for (const { productId, quantity } of ticket.proposedLines) count(skus.get(productId) ?? productId, quantity)
  for (const { items } of truth.receipts.filter((receipt) => receipt.shopper === shopper))
    for (const { product, qty } of items) count(product, -qty)
  return [...counts.values()].every((left) => left === 0)
}

const per100 = (part: number, whole: number) => (whole === 0 ? null : Math.round((1000 * part) / whole) / 10)

const asRow = (name: string, sums: Sums): Row => ({
  name,
  values: {
    ...{ visits: sums.visits, tickets: sums.tickets, 'with evidence': sums.full },
    ...{ 'changes shown': sums.shown, 'of nobody': sums.idle, 'of another': sums.foreign },
    'shown per visit': sums.visits === 0 ? null : Math.round((10 * sums.shown) / sums.visits) / 10,
    'of another per 100 shown': per100(sums.foreign, sums.shown),
    'missed per 100 due': per100(sums.missed, sums.due),
    ...{ 'visits that lack evidence': sums.blind, 'proposed wrong': sums.wrong }
  }
})
