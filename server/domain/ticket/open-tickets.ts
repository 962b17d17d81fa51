/** One ticket for each machine of the store, made in the transaction of the logout; a handful of statements however many machines there are. */
import { sql } from 'kysely'
import type { Context, Tx } from '#server/context.ts'
import { videoStatesDuring } from '#server/domain/camera/actions.ts'
import { isMachineOnline } from '#server/domain/iot/actions.ts'
import type { ClosedVisit } from '#server/domain/user/actions.ts'
import { newId } from '#server/platform/ids.ts'
import { FINGERPRINT } from './evidence.ts'
import { autoReviewDueAt, type Evidence, windowOf } from './rules.ts'
import { type HeldTicket, refOf } from './ticket-rows.ts'

export type OpenedTicket = HeldTicket & { isDoneAtOnce: boolean }
type MachineThen = {
  machineId: string
  usualIntervalMs: number | null
  firstStart: Date | null
  firstEnd: Date | null
  lastStart: Date | null
  lastEnd: Date | null
}
type Plan = MachineThen & { id: string; start: Date; end: Date; dueAt: Date | null }

/** `isDoneAtOnce`: without evidence, and of a machine that is offline or was never heard, so that waiting for it means nothing. */
export async function openTickets(ctx: Context, tx: Tx, visit: ClosedVisit): Promise<OpenedTicket[]> {
  const numbers = await holdNumbers(tx)
  const plans = (await machinesThen(tx, visit)).map((machine) => plan(ctx, visit, machine))
  if (plans.length !== numbers.count) await moveNumbers(tx, plans.length - numbers.count)
  if (plans.length === 0) return []
  const { first } = numbers
  const windows = plans.map(({ machineId, start, end }) => ({ machineId, from: start, to: end }))
  const videos = await videoStatesDuring(tx.db, windows) // after the lock, as the evidence
  const tickets = await insert(tx, { plans, videos, visit, kind: ctx.config.ticketWindow, first })
  for (const ticket of tickets) tx.emit('ticket.opened', refOf(ticket))
  const isDoneAtOnce = (ticket: HeldTicket) =>
    ctx.config.autoReview !== 'off' && Object.keys(ticket.evidence).length === 0 && !isMachineOnline(ctx, ticket.machineId)
  return tickets.map((ticket) => ({ ...ticket, isDoneAtOnce: isDoneAtOnce(ticket) }))
}

/** The machines in service, each with the machine sessions that ran at login and at logout. */
async function machinesThen(tx: Tx, { enteredAt, exitedAt }: ClosedVisit): Promise<MachineThen[]> {
  const runningAt = (time: Date) => sql`LATERAL (
    SELECT started_at, ended_at FROM machine_session AS running WHERE running.machine_id = machine.machine_id AND running.started_at <= ${time}
    ORDER BY started_at DESC, ended_at DESC LIMIT 1)`
  const { rows } = await sql<MachineThen>`
    SELECT machine.machine_id, machine.usual_interval_ms,
      first.started_at AS first_start, first.ended_at AS first_end, last.started_at AS last_start, last.ended_at AS last_end
    FROM machine
    LEFT JOIN ${runningAt(enteredAt)} AS first ON first.ended_at IS NULL OR first.ended_at >= ${enteredAt}
    LEFT JOIN ${runningAt(exitedAt)} AS last ON last.ended_at IS NULL OR last.ended_at >= ${exitedAt}
    WHERE machine.retired_at IS NULL ORDER BY machine.machine_id`.execute(tx.db)
  return rows
}

function plan({ config }: Context, { enteredAt, exitedAt }: ClosedVisit, machine: MachineThen): Plan {
  const first = machine.firstStart && { startedAt: machine.firstStart, endedAt: machine.firstEnd }
  const last = machine.lastStart && { startedAt: machine.lastStart, endedAt: machine.lastEnd }
  const { machineSessionSeconds } = config
  const { start, end } = windowOf(config.ticketWindow, { login: enteredAt, logout: exitedAt, first, last, machineSessionSeconds })
  return {
    ...machine,
    id: newId(),
    start,
    end,
    dueAt: config.autoReview === 'off' ? null : autoReviewDueAt(end, machine.usualIntervalMs)
  }
}

/**
 * Takes a number for each machine, without gaps: a transaction that fails gives them back. From here to the commit this exit holds the row
 * of the store; the look for late evidence waits for that lock, so it never misses a ticket that was being made: neither its evidence nor
 * a machine session whose end its window did not know. So this comes before all that is read of machines.
 */
async function holdNumbers(tx: Tx): Promise<{ first: number; count: number }> {
  const { rows } = await sql<{ last: number; count: number }>`
    UPDATE store SET last_ticket_number = last_ticket_number + serving.count
    FROM (SELECT count(*)::int AS count FROM machine WHERE retired_at IS NULL) AS serving
    RETURNING last_ticket_number AS last, serving.count`.execute(tx.db)
  const { last, count } = rows[0]!
  return { first: last - count + 1, count }
}

/** A machine came or went since they were counted. */
async function moveNumbers(tx: Tx, by: number): Promise<void> {
  await sql`UPDATE store SET last_ticket_number = last_ticket_number + ${by}`.execute(tx.db)
}

type Insert = { plans: Plan[]; videos: Record<string, string>[]; visit: ClosedVisit; kind: string; first: number }

async function insert(tx: Tx, { plans, videos, visit, kind, first }: Insert): Promise<HeldTicket[]> {
  const of = <T>(pick: (plan: Plan, n: number) => T) => plans.map(pick)
  const { rows } = await sql<{ id: string; evidence: Evidence }>`
    WITH opened AS (
      INSERT INTO ticket (id, number, visit_id, machine_id, user_id, start_time, end_time, window_kind, window_start, window_end, auto_review_due_at, evidence, known_videos)
      SELECT id, number, ${visit.visitId}::uuid, machine_id, ${visit.userId}::uuid, ${visit.enteredAt}::timestamptz, ${visit.exitedAt}::timestamptz,
        ${kind}, window_start, window_end, due_at, ${FINGERPRINT}, known_videos
      FROM unnest(${of((p) => p.id)}::uuid[], ${of((_, n) => first + n)}::bigint[], ${of((p) => p.machineId)}::text[],
        ${of((p) => p.start)}::timestamptz[], ${of((p) => p.end)}::timestamptz[], ${of((p) => p.dueAt)}::timestamptz[], ${of((_, n) => JSON.stringify(videos[n]))}::jsonb[])
        AS ticket (id, number, machine_id, window_start, window_end, due_at, known_videos)
      RETURNING id, evidence),
    noted AS (
      INSERT INTO ticket_revision (ticket_id, version, status, reason, author, at)
      SELECT id, 1, 'TO_BE_REVIEWED', 'opened', 'system', ${tx.now}::timestamptz FROM opened)
    SELECT id, evidence FROM opened`.execute(tx.db)
  const evidence = new Map(rows.map((row) => [row.id, row.evidence]))
  return plans.map(({ id, machineId, start, end, dueAt }, n) => ({
    ...{
      id,
      number: first + n,
      visitId: visit.visitId,
      machineId,
      status: 'TO_BE_REVIEWED',
      claimedBy: null,
      leaseExpiresAt: null
    },
    ...{
      windowStart: start,
      windowEnd: end,
      autoReviewDueAt: dueAt,
      version: 1,
      evidence: evidence.get(id)!,
      knownVideos: videos[n]!,
      escalation: null
    }
  }))
}
