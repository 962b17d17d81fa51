/** Leases: a claim without activity ends by itself, and the ticket goes back to the queue. */
import { sql } from 'kysely'
import { type Context, transact } from '#server/context.ts'
import { ticketNumber } from './rules.ts'

/** Releases every ticket whose lease has run out; returns how many. */
export function expireLeases(ctx: Context): Promise<number> {
  return transact(ctx, async (tx) => {
    const { rows } = await sql<{ ticketId: string; number: number; visitId: string; machineId: string; version: number }>`
      UPDATE ticket SET status = 'TO_BE_REVIEWED', claimed_by = NULL, lease_expires_at = NULL
      WHERE id IN (SELECT id FROM ticket WHERE status = 'UNDER_REVIEW' AND lease_expires_at <= ${tx.now} FOR UPDATE SKIP LOCKED)
      RETURNING id AS ticket_id, number, visit_id, machine_id, version`.execute(tx.db)
    for (const row of rows) tx.emit('ticket.released', { ...row, number: ticketNumber(row.number), reason: 'lease-expired' })
    return rows.length
  })
}
