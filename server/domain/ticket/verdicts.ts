/** What inference would decide on held tickets, read together: their movements, what was looked at, their books, what is billed. */
import { sql } from 'kysely'
import type { Context, Tx } from '#server/context.ts'
import { machineSessionsDuring } from '#server/domain/iot/actions.ts'
import { decideAlone, type LookedAtChange, type Verdict } from './confident.ts'
import { billedOn } from './evidence.ts'
import { keyOf, movementsOf } from './proposals.ts'
import type { HeldTicket } from './ticket-rows.ts'

/**
 * The verdict on each ticket, by its id. A weight change that another ticket has billed, or that a reviewer has given to
 * somebody, leaves it to people.
 */
export async function verdictsOf({ config }: Context, tx: Tx, tickets: HeldTicket[]): Promise<Map<string, Verdict>> {
  const changeIds = [...new Set(tickets.flatMap((ticket) => Object.keys(ticket.evidence)))]
  const looked = Map.groupBy(await lookedAt(tx, changeIds), (change) => change.weightChangeId)
  const billed = await billedOn(tx.db, changeIds)
  const given = await givenAway(tx, changeIds)
  const movements = await movementsOf(tx.db, [...new Set(tickets.map((ticket) => ticket.visitId))])
  const spans = tickets.map(({ machineId, windowStart, windowEnd }) => ({ machineId, from: windowStart, to: windowEnd }))
  const sessions = await machineSessionsDuring(tx.db, spans)
  return new Map(
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
