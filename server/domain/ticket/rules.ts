/** Decisions about tickets, pure: windows, what late evidence does, when an empty ticket completes itself, who holds a claim. */

export const ticketNumber = (serial: number): string => `T-${String(serial).padStart(6, '0')}`

export type WindowKind = 'visit' | 'machine-session'
export type Running = { startedAt: Date; endedAt: Date | null } | null
export type WindowFacts = { login: Date; logout: Date; first: Running; last: Running; machineSessionSeconds: number }

/**
 * The span whose evidence belongs to a ticket. `first` and `last` are the machine sessions running at login and at logout; one that
 * still runs counts until its scheduled end, and moves the window when it really ends.
 */
export function windowOf(
  kind: WindowKind,
  { login, logout, first, last, machineSessionSeconds }: WindowFacts
): { start: Date; end: Date } {
  if (kind === 'visit') return { start: login, end: logout }
  const end = last && (last.endedAt ?? new Date(last.startedAt.getTime() + machineSessionSeconds * 1000))
  return { start: first && first.startedAt < login ? first.startedAt : login, end: end && end > logout ? end : logout }
}

const AUTO_REVIEW_MS = { intervals: 1.5, least: 2000, most: 10_000 }

/** When an empty ticket completes itself at the latest, although its machine has said nothing since: about one heartbeat and a half after its window. */
export function autoReviewDueAt(windowEnd: Date, usualIntervalMs: number | null): Date {
  const { intervals, least, most } = AUTO_REVIEW_MS
  return new Date(windowEnd.getTime() + Math.min(most, Math.max(least, intervals * (usualIntervalMs ?? 0))))
}

const COMMITTED_AFTER_MS = 500 // what a message changed is durable by then, or the box has other troubles

export type AutoReviewFacts = { dueAt: Date; logout: Date; windowEnd: Date; heardAt: Date | null; now: Date }

/**
 * Has the machine spoken since the window ended, so that what it had to say of the visit is known; or has it had its time? A clock that
 * stands before the logout was set back, and says nothing about either.
 */
export function isAutoReviewDue({ dueAt, logout, windowEnd, heardAt, now }: AutoReviewFacts): boolean {
  const isHeard = heardAt !== null && heardAt > windowEnd && now.getTime() - heardAt.getTime() >= COMMITTED_AFTER_MS
  return now >= dueAt || isHeard || now < logout
}

/** Weight change id → signed grams, negative = picked. */
export type Evidence = Record<string, number>
export type EvidenceFacts = { known: Evidence; current: Evidence; billedHere: Set<string>; billedElsewhere: Set<string> }
export type EvidenceNews = { hasAdded: boolean; couldAlterCart: boolean }

/**
 * What is new since a ticket's version; null when nothing is (a row that only settled says nothing new). A cart could be altered by a
 * change that appeared or whose grams were corrected, unless another ticket has billed it; and by one withdrawn that was billed here.
 */
export function evidenceNews({ known, current, billedHere, billedElsewhere }: EvidenceFacts): EvidenceNews | null {
  const moved = [...new Set([...Object.keys(known), ...Object.keys(current)])].filter((id) => known[id] !== current[id])
  if (moved.length === 0) return null
  const matters = (id: string) => (current[id] === undefined ? billedHere.has(id) : !billedElsewhere.has(id))
  return { hasAdded: moved.some((id) => known[id] === undefined), couldAlterCart: moved.some(matters) }
}

export type Decided = { productId: string; quantity: number; weightChangeIds?: string[] }

/** Do two decisions say the same, in whatever order? */
export function sameLines(a: Decided[], b: Decided[]): boolean {
  const text = (lines: Decided[]) =>
    JSON.stringify(
      lines
        .map((line) => [line.productId.toLowerCase(), line.quantity, ...lower(line.weightChangeIds ?? []).sort()].join(' '))
        .sort()
    )
  return text(a) === text(b)
}
const lower = (ids: string[]) => ids.map((id) => id.toLowerCase())

export type ContestFacts = {
  role: string
  isSettled: boolean
  isAnythingDecided: boolean
  exitedAt: Date | null
  now: Date
  days: number
}
const DAY_MS = 86_400_000

/** Why a visit cannot be contested, as code and words; null when it can. */
export function contestRefusal(facts: ContestFacts): [code: string, message: string] | null {
  const { role, isSettled, isAnythingDecided, exitedAt, now, days } = facts
  if (role !== 'customer') return ['nothing-to-contest', 'this is a visit of staff, and staff have nothing to pay']
  if (!isSettled || !exitedAt)
    return ['not-settled', 'this visit is not settled yet: wait for visit.settled, then contest what it says']
  if (now.getTime() - exitedAt.getTime() > days * DAY_MS)
    return ['contest-too-late', `this visit was over more than ${days} days ago, and its evidence may be gone`]
  return isAnythingDecided ? null : ['nothing-to-contest', 'nothing happened on this visit and nothing was billed']
}

/** What a contest came to: the shopper was right when he pays less, or the same for other things. */
export const contestResult = ({ differenceMinor, isSame }: { differenceMinor: number; isSame: boolean }): 'UPHELD' | 'REFUSED' =>
  differenceMinor < 0 || (differenceMinor === 0 && !isSame) ? 'UPHELD' : 'REFUSED'

export type Claim = { claimedBy: string | null; leaseExpiresAt: Date | null }

/** Does somebody other than `accountId` hold the ticket now? A lease that ran out holds nothing, even before it is swept up. */
export function isHeldByOther({ claimedBy, leaseExpiresAt }: Claim, accountId: string, now: Date): boolean {
  return claimedBy !== null && claimedBy !== accountId && leaseExpiresAt !== null && leaseExpiresAt > now
}
