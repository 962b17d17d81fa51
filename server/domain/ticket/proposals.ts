/** Movements as people and programs read them, and what they come to: the lines a ticket or a visit would have. */
import { sql } from 'kysely'
import type { Movement, MovementQuery } from '#contracts/api/movements.ts'
import type { ProposedLine } from '#contracts/api/tickets.ts'
import type { Context, Db } from '#server/context.ts'
import { beyond, decodeCursor, inOrder, pageOf } from '#server/platform/paging.ts'
import { proposedLines } from './proposed-lines.ts'

type Row = Omit<Movement, 'occurredAt'> & { occurredAt: Date; exactAt: string }

const MOVEMENT = sql`movement.id, movement.machine_id, movement.visit_id, movement.product_id, movement.quantity, movement.returned,
  movement.occurred_at, movement.confidence, movement.shares, movement.candidates, movement.reasons, movement.version,
  (extract(epoch FROM movement.occurred_at) * 1000000)::bigint::text AS exact_at,
  ARRAY(SELECT looked.weight_change_id::text FROM movement_weight_change AS looked WHERE looked.movement_id = movement.id ORDER BY 1) AS weight_change_ids`

const micros = (text: unknown): string => (/^\d{1,18}$/.test(String(text)) ? String(text) : '0')

const movementOf = ({ exactAt: _, occurredAt, ...row }: Row): Movement => ({ ...row, occurredAt: occurredAt.toISOString() })

/** Movements that fit all that `query` names. */
export async function listMovements(
  { db }: Context,
  { limit = 50, cursor, visitId, machineId, from, to, order = 'desc' }: MovementQuery
): Promise<{ items: Movement[]; nextCursor: string | null }> {
  const after = decodeCursor(cursor, ['text', 'uuid'])
  const wanted = [
    ...(visitId ? [sql`movement.visit_id = ${visitId}`] : []),
    ...(machineId ? [sql`movement.machine_id = ${machineId}`] : []),
    ...(from ? [sql`movement.occurred_at >= ${from}::timestamptz`] : []),
    ...(to ? [sql`movement.occurred_at <= ${to}::timestamptz`] : []),
    ...(after
      ? [
          sql`(movement.occurred_at, movement.id) ${beyond(order)} ('epoch'::timestamptz + ${micros(after[0])}::bigint * interval '1 microsecond', ${after[1]}::uuid)`
        ]
      : [])
  ]
  const { rows } = await sql<Row>`
    SELECT ${MOVEMENT} FROM movement ${wanted.length > 0 ? sql`WHERE ${sql.join(wanted, sql` AND `)}` : sql``}
    ORDER BY movement.occurred_at ${inOrder(order)}, movement.id ${inOrder(order)} LIMIT ${limit + 1}`.execute(db)
  const page = pageOf(rows, limit, (row) => [row.exactAt, row.id])
  return { ...page, items: page.items.map(movementOf) }
}

/** The movements of these visits, oldest first, by visit and machine. */
export async function movementsOf(db: Db, visitIds: string[]): Promise<Map<string, Movement[]>> {
  if (visitIds.length === 0) return new Map()
  const { rows } = await sql<Row>`
    SELECT ${MOVEMENT} FROM movement WHERE movement.visit_id = ANY(${visitIds}::uuid[]) ORDER BY movement.occurred_at, movement.id`.execute(
    db
  )
  return Map.groupBy(rows.map(movementOf), ({ visitId, machineId }) => keyOf(visitId!, machineId))
}
export const keyOf = (visitId: string, machineId: string): string => `${visitId} ${machineId}`

/** Weight changes with the movements they are part of. */
export async function withMovements<T extends { id: string; movementId: string | null }>(db: Db, changes: T[]): Promise<T[]> {
  if (changes.length === 0) return []
  const rows = await db
    .selectFrom('movementWeightChange')
    .select(['weightChangeId', 'movementId'])
    .where(
      'weightChangeId',
      'in',
      changes.map((change) => change.id)
    )
    .where('movementId', 'is not', null)
    .execute()
  const found = new Map(rows.map((row) => [row.weightChangeId, row.movementId]))
  return changes.map((change) => ({ ...change, movementId: found.get(change.id) ?? null }))
}

/** What a visit would have in its cart by its movements so far, machine by machine. */
export async function proposalOf(db: Db, visitId: string): Promise<ProposedLine[]> {
  const byMachine = await movementsOf(db, [visitId])
  return [...byMachine.values()].flatMap((movements) => proposedLines(movements))
}
