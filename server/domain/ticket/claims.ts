/** Who holds a ticket, as those are told who wanted it. */
import { sql } from 'kysely'
import type { Actor, Tx } from '#server/context.ts'
import { Refused } from '#server/platform/errors.ts'
import type { HeldTicket } from './ticket-rows.ts'

/** Throws Refused('not-claimed'), Refused('already-claimed') unless `actor` holds the ticket. */
export async function requireClaim(tx: Tx, ticket: HeldTicket, actor: Actor): Promise<void> {
  if (ticket.claimedBy === null) throw new Refused('not-claimed', 'claim the ticket before you complete it')
  if (ticket.claimedBy !== actor.id) throw await alreadyClaimed(tx, ticket)
}

/** The refusal that names the holder and the end of the lease. */
export async function alreadyClaimed(tx: Tx, { claimedBy, leaseExpiresAt }: HeldTicket): Promise<Refused> {
  const { rows } = await sql<{ username: string }>`SELECT username FROM staff_account WHERE id = ${claimedBy}`.execute(tx.db)
  const username = rows[0]?.username ?? null
  const until = leaseExpiresAt?.toISOString() ?? null
  return new Refused('already-claimed', `${username ?? 'somebody'} holds this ticket until ${until}`, {
    claimedBy: { id: claimedBy, username },
    leaseExpiresAt: until
  })
}
