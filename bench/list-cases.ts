/** Every filter of the two lists, alone and together, at its easiest and at its worst. `n` counts the requests of a case, so that each asks for something else. */
import { newId } from '#server/platform/ids.ts'
import { userId } from './history.ts'

/** What there is to ask for; times as the API writes them. */
export type Known = {
  visitIds: string[]
  oldVisitId: string
  openVisitId: string
  userIdOf: (n: number) => string
  oldestMs: number
  newestMs: number
}
export type Case = { name: string; path: (n: number) => string }

const DAY_MS = 86_400_000
const TICKETS = '/api/v1/tickets'
const CHANGES = '/api/v1/weight-changes'
const STATUSES = ['TO_BE_REVIEWED', 'UNDER_REVIEW', 'REVIEW_COMPLETE']
const REGULAR = userId(0)

const of = (list: string, name: string, query: (n: number) => Record<string, string>): Case => ({
  name,
  path: (n) => `${list}?${new URLSearchParams(query(n))}`
})
const at = (ms: number) => new Date(ms).toISOString()
const machine = (n: number) => `M${n % 10}`
const scale = (n: number) => String(1 + (n % 12)).padStart(3, '0')

/** A day somewhere in the history; another one each time. */
const dayIn =
  ({ oldestMs, newestMs }: Known) =>
  (n: number) => {
    const fromMs = oldestMs + ((n * 0.618) % 1) * (newestMs - oldestMs - DAY_MS)
    return { from: at(fromMs), to: at(fromMs + DAY_MS) }
  }
const OLDEST_FIRST = { order: 'asc' }

export function ticketCases(known: Known): Case[] {
  const { visitIds, oldVisitId, userIdOf, oldestMs, newestMs } = known
  const visit = (n: number) => visitIds[n % visitIds.length]!
  const day = dayIn(known)
  const all = { from: at(oldestMs), to: at(newestMs) }
  return [
    of(TICKETS, 'tickets', () => ({})),
    ...STATUSES.map((status) => of(TICKETS, `tickets, status ${status}`, () => ({ status }))),
    of(TICKETS, 'tickets, the oldest first', () => OLDEST_FIRST),
    of(TICKETS, 'tickets, from + to, a day', day),
    of(TICKETS, 'tickets, from + to, a day, the oldest first', (n) => ({ ...day(n), ...OLDEST_FIRST })),
    of(TICKETS, 'tickets, from + to, all', () => all),
    of(TICKETS, 'tickets, from + to, the wrong way round', () => ({ from: all.to, to: all.from })),
    of(TICKETS, 'tickets, machineId + from + to, a day', (n) => ({ machineId: machine(n), ...day(n) })),
    of(TICKETS, 'tickets, status UNDER_REVIEW + from + to, all', () => ({ status: 'UNDER_REVIEW', ...all })),
    of(TICKETS, 'tickets, status TO_BE_REVIEWED + from + to, a day, the oldest first', (n) => ({
      ...{ status: 'TO_BE_REVIEWED', ...OLDEST_FIRST },
      ...day(n)
    })),
    of(TICKETS, 'tickets, userId + from + to, all, the oldest first', (n) => ({ userId: userIdOf(n), ...all, ...OLDEST_FIRST })),
    of(TICKETS, 'tickets, escalated', () => ({ escalated: 'true' })),
    of(TICKETS, 'tickets, not escalated', () => ({ escalated: 'false' })),
    of(TICKETS, 'tickets, escalated + machineId without rows', () => ({ escalated: 'true', machineId: 'none' })),
    of(TICKETS, 'tickets, contested', () => ({ contested: 'true' })),
    of(TICKETS, 'tickets, not contested', () => ({ contested: 'false' })),
    of(TICKETS, 'tickets, contested + status TO_BE_REVIEWED, the oldest first', () => ({
      ...{ contested: 'true', status: 'TO_BE_REVIEWED' },
      ...OLDEST_FIRST
    })),
    of(TICKETS, 'tickets, machineId', (n) => ({ machineId: machine(n) })),
    of(TICKETS, 'tickets, machineId without rows', () => ({ machineId: 'none' })),
    of(TICKETS, 'tickets, userId', (n) => ({ userId: userIdOf(n) })),
    of(TICKETS, 'tickets, userId of a tenth of all', () => ({ userId: REGULAR })),
    of(TICKETS, 'tickets, userId without rows', () => ({ userId: newId() })),
    of(TICKETS, 'tickets, visitId', (n) => ({ visitId: visit(n) })),
    of(TICKETS, 'tickets, visitId, the oldest', () => ({ visitId: oldVisitId })),
    of(TICKETS, 'tickets, visitId without rows', () => ({ visitId: newId() })),
    ...STATUSES.map((status) => of(TICKETS, `tickets, machineId + status ${status}`, (n) => ({ machineId: machine(n), status }))),
    ...STATUSES.map((status) =>
      of(TICKETS, `tickets, userId of a tenth + status ${status}`, () => ({ userId: REGULAR, status }))
    ),
    of(TICKETS, 'tickets, userId + status', (n) => ({ userId: userIdOf(n), status: STATUSES[n % 3]! })),
    of(TICKETS, 'tickets, userId + machineId', (n) => ({ userId: userIdOf(n), machineId: machine(n) })),
    of(TICKETS, 'tickets, userId of a tenth + machineId', (n) => ({ userId: REGULAR, machineId: machine(n) })),
    of(TICKETS, 'tickets, userId of a tenth + machineId without rows', () => ({ userId: REGULAR, machineId: 'none' })),
    ...STATUSES.map((status) =>
      of(TICKETS, `tickets, userId of a tenth + machineId + status ${status}`, (n) => ({
        userId: REGULAR,
        machineId: machine(n),
        status
      }))
    ),
    of(TICKETS, 'tickets, visitId + machineId + status', (n) => ({
      visitId: visit(n),
      machineId: machine(n),
      status: 'REVIEW_COMPLETE'
    })),
    of(TICKETS, 'tickets, visitId + userId of another', (n) => ({ visitId: visit(n), userId: newId() }))
  ]
}

export function changeCases(known: Known): Case[] {
  const { visitIds, oldVisitId, openVisitId, oldestMs, newestMs } = known
  const visit = (n: number) => visitIds[n % visitIds.length]!
  const day = dayIn(known)
  const oldest = { from: at(oldestMs), to: at(oldestMs + 3_600_000) }
  const before = { from: at(oldestMs - 2 * DAY_MS), to: at(oldestMs - DAY_MS) }
  const all = { from: at(oldestMs), to: at(newestMs) }
  return [
    of(CHANGES, 'changes', () => ({})),
    of(CHANGES, 'changes, the oldest first', () => OLDEST_FIRST),
    of(CHANGES, 'changes, machineId + scaleId, the oldest first', (n) => ({
      ...{ machineId: machine(n), scaleId: scale(n) },
      ...OLDEST_FIRST
    })),
    of(CHANGES, 'changes, scaleId, the oldest first', (n) => ({ scaleId: scale(n), ...OLDEST_FIRST })),
    of(CHANGES, 'changes, from + to, a day, the oldest first', (n) => ({ ...day(n), ...OLDEST_FIRST })),
    of(CHANGES, 'changes, visitId, the oldest, the oldest first', () => ({ visitId: oldVisitId, ...OLDEST_FIRST })),
    of(CHANGES, 'changes, machineId', (n) => ({ machineId: machine(n) })),
    of(CHANGES, 'changes, machineId without rows', () => ({ machineId: 'none' })),
    of(CHANGES, 'changes, scaleId', (n) => ({ scaleId: scale(n) })),
    of(CHANGES, 'changes, scaleId without rows', () => ({ scaleId: 'none' })),
    of(CHANGES, 'changes, machineId + scaleId', (n) => ({ machineId: machine(n), scaleId: scale(n) })),
    of(CHANGES, 'changes, machineId + scaleId without rows', (n) => ({ machineId: machine(n), scaleId: 'none' })),
    of(CHANGES, 'changes, from + to, a day', day),
    of(CHANGES, 'changes, from + to, the oldest hour', () => oldest),
    of(CHANGES, 'changes, from + to, before all', () => before),
    of(CHANGES, 'changes, from + to, the wrong way round', () => ({ from: all.to, to: all.from })),
    of(CHANGES, 'changes, from + to, all', () => all),
    of(CHANGES, 'changes, from', (n) => ({ from: day(n).from })),
    of(CHANGES, 'changes, to', (n) => ({ to: day(n).to })),
    of(CHANGES, 'changes, machineId + from + to, a day', (n) => ({ machineId: machine(n), ...day(n) })),
    of(CHANGES, 'changes, machineId + from + to, the oldest hour', (n) => ({ machineId: machine(n), ...oldest })),
    of(CHANGES, 'changes, machineId without rows + from + to, all', () => ({ machineId: 'none', ...all })),
    of(CHANGES, 'changes, scaleId + from + to, a day', (n) => ({ scaleId: scale(n), ...day(n) })),
    of(CHANGES, 'changes, scaleId + from + to, the oldest hour', (n) => ({ scaleId: scale(n), ...oldest })),
    of(CHANGES, 'changes, scaleId without rows + from + to, all', () => ({ scaleId: 'none', ...all })),
    of(CHANGES, 'changes, machineId + scaleId + from + to, a day', (n) => ({
      machineId: machine(n),
      scaleId: scale(n),
      ...day(n)
    })),
    of(CHANGES, 'changes, visitId', (n) => ({ visitId: visit(n) })),
    of(CHANGES, 'changes, visitId, the oldest', () => ({ visitId: oldVisitId })),
    of(CHANGES, 'changes, visitId, inside now', () => ({ visitId: openVisitId })),
    of(CHANGES, 'changes, visitId + machineId', (n) => ({ visitId: visit(n), machineId: machine(n) })),
    of(CHANGES, 'changes, visitId + machineId without rows', (n) => ({ visitId: visit(n), machineId: 'none' })),
    of(CHANGES, 'changes, visitId + scaleId', (n) => ({ visitId: visit(n), scaleId: scale(n) })),
    of(CHANGES, 'changes, visitId, the oldest + scaleId', (n) => ({ visitId: oldVisitId, scaleId: scale(n) })),
    of(CHANGES, 'changes, visitId + machineId + scaleId', (n) => ({
      visitId: visit(n),
      machineId: machine(n),
      scaleId: scale(n)
    })),
    of(CHANGES, 'changes, visitId + from + to of another day', (n) => ({ visitId: visit(n), ...day(n + 1) })),
    of(CHANGES, 'changes, visitId + from + to, all', (n) => ({ visitId: visit(n), ...all }))
  ]
}
