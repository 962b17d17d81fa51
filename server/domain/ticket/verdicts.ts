/** What inference would decide on held tickets, read together: their movements, what was looked at, their books, what is billed. */
import { sql } from 'kysely'
import type { Movement } from '#contracts/api/movements.ts'
import type { Context, Tx } from '#server/context.ts'
import { balancesDuring } from '#server/domain/iot/actions.ts'
import { bondsOf, type Standing, together } from './bonds.ts'
import { decideAlone, type LookedAtChange, type Verdict } from './confident.ts'
import { billedOn } from './evidence.ts'
import { keyOf, movementsOf } from './proposals.ts'
import type { HeldTicket } from './ticket-rows.ts'

/**
 * The verdict on each ticket, by its id. A weight change that another ticket has billed, or that a reviewer has given to
 * somebody, leaves it to people; so does a ticket of the same visit where people decide on what was put back here.
 */
export async function verdictsOf({ config }: Context, tx: Tx, tickets: HeldTicket[]): Promise<Map<string, Verdict>> {
  const changeIds = [...new Set(tickets.flatMap((ticket) => Object.keys(ticket.evidence)))]
  const looked = Map.groupBy(await lookedAt(tx, changeIds), (change) => change.weightChangeId)
  const billed = await billedOn(tx.db, changeIds)
  const given = await givenAway(tx, changeIds)
  const movements = await movementsOf(tx.db, [...new Set(tickets.map((ticket) => ticket.visitId))])
  const spans = tickets.map(({ machineId, windowStart, windowEnd }) => ({ machineId, from: windowStart, to: windowEnd }))
  const sessions = await balancesDuring(tx.db, spans)
  const alone = new Map(
    tickets.map((ticket, n): [string, Verdict] => {
      const own = Object.keys(ticket.evidence)
      const verdict = decideAlone({
        evidence: ticket.evidence,
        looked: own.flatMap((id) => looked.get(id) ?? []),
        movements: movements.get(keyOf(ticket.visitId, ticket.machineId)) ?? [],
        isBalanced: sessions[n]!.some((session) => session.isBalanced === false) ? false : null,
        leastConfidence: config.autoReviewConfidence
      })
      const isTaken =
        typeof verdict === 'object' && verdict.lines.some((line) => line.weightChangeIds.some((id) => billed.has(id)))
      return [ticket.id, isTaken || own.some((id) => given.has(id)) ? 'people' : verdict]
    })
  )
  return heardTogether(tx, alone, [...movements.values()].flat())
}

type Sibling = {
  id: string
  visitId: string
  machineId: string
  status: string
  completedBy: string | null
  autoReviewDueAt: Date | null
}

/** Verdicts that have heard those of the visit's tickets which share what was taken at one machine and put back at another. */
async function heardTogether(tx: Tx, alone: Map<string, Verdict>, movements: Movement[]): Promise<Map<string, Verdict>> {
  const bonds = new Map([...Map.groupBy(movements, ({ visitId }) => visitId!)].map(([visitId, own]) => [visitId, bondsOf(own)]))
  const bound = [...bonds].flatMap(([visitId, own]) => ([...own.values()].some((each) => each.length > 0) ? [visitId] : []))
  if (bound.length === 0) return alone
  const siblings: Sibling[] = await tx.db
    .selectFrom('ticket')
    .select(['id', 'visitId', 'machineId', 'status', 'completedBy', 'autoReviewDueAt'])
    .where('visitId', 'in', bound)
    .execute()
  const ids = new Map(siblings.map(({ id, visitId, machineId }) => [keyOf(visitId, machineId), id]))
  const bondsById = siblings.map(({ id, visitId, machineId }): [string, string[]] => {
    const others = bonds.get(visitId)!.get(machineId) ?? []
    return [id, others.flatMap((other) => ids.get(keyOf(visitId, other)) ?? [])]
  })
  const standings = new Map<string, Standing>(
    siblings.map((sibling) => [sibling.id, alone.get(sibling.id) ?? standingOf(sibling)])
  )
  const heard = together(standings, new Map(bondsById))
  return new Map(
    [...alone].map(([id, verdict]) => {
      const standing = heard.get(id)
      return [id, standing === undefined || standing === 'done' ? verdict : standing]
    })
  )
}

function standingOf({ status, completedBy, autoReviewDueAt }: Sibling): Standing {
  if (status === 'REVIEW_COMPLETE') return completedBy === 'system' ? 'done' : 'people'
  return autoReviewDueAt === null ? 'people' : 'waits'
}

async function lookedAt(tx: Tx, changeIds: string[]): Promise<LookedAtChange[]> {
  const { rows } = await sql<LookedAtChange>`
    SELECT looked.weight_change_id, change.scale_id, looked.grams,
      CASE WHEN movement.product_id IS NULL AND looked.movement_id IS NOT NULL THEN 0 ELSE movement.confidence END AS confidence
    FROM movement_weight_change AS looked JOIN weight_change AS change ON change.id = looked.weight_change_id
      LEFT JOIN movement ON movement.id = looked.movement_id
    WHERE looked.weight_change_id = ANY(${changeIds}::uuid[])`.execute(tx.db)
  return rows
}

async function givenAway(tx: Tx, changeIds: string[]): Promise<Set<string>> {
  if (changeIds.length === 0) return new Set()
  const rows = await tx.db
    .selectFrom('assignedWeightChange')
    .select('weightChangeId')
    .where('weightChangeId', 'in', changeIds)
    .execute()
  return new Set(rows.map((row) => row.weightChangeId))
}
