/** manage forget-user and export-user: what the law lets a person ask of the store. */
import { writeFile } from 'node:fs/promises'
import { type Context, SYSTEM } from '#server/context.ts'
import { listAudit } from '#server/domain/staff/actions.ts'
import { findTicket, listTickets, visitWithTickets } from '#server/domain/ticket/actions.ts'
import { findUser, forgetUser, listUserSessions, listVisits } from '#server/domain/user/actions.ts'
import { Refused } from '#server/platform/errors.ts'
import { withStore } from './offline.ts'
import { say } from './run.ts'

const actor = { ...SYSTEM, id: 'command-line', name: 'command line', role: 'admin' } as const
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Forgets the user. Throws NotFound, Refused while he is inside or has something to pay. */
export async function forget(id: string, { unsettled }: { unsettled: boolean }): Promise<void> {
  await withStore((ctx) => forgetUser(ctx, actor, { id: userId(id), unsettled })).catch((error: unknown) => {
    if (error instanceof Refused && error.code === 'unsettled') throw new Refused(error.code, `${error.message} (--unsettled)`)
    throw error
  })
  say(`user ${id} is forgotten; backups taken before still know him`)
}

/** Writes all there is about the user into a new file, as JSON, readable by its owner alone. Throws NotFound; EEXIST for a file that is there. */
export async function exportUser(id: string, file: string): Promise<void> {
  const known = await withStore((ctx) => everythingAbout(ctx, userId(id)))
  await writeFile(file, `${JSON.stringify(known, null, 2)}\n`, { flag: 'wx', mode: 0o600, flush: true }).catch(
    (error: NodeJS.ErrnoException) => {
      throw error.code === 'EEXIST' ? new Refused('file-exists', `${file} exists: name a new one`) : error
    }
  )
  say(`${file}: ${known.visits.length} visits, ${known.tickets.length} tickets`)
}

/** The user as the store knows him: his details, logins and logouts, visits with carts, tickets with evidence and history, audit entries. */
export async function everythingAbout(ctx: Context, id: string) {
  const user = await findUser(ctx, actor, id)
  const userSessions = await all((cursor) => listUserSessions(ctx.db, { userId: id, limit: 200, ...cursor }))
  const visits = await all((cursor) => listVisits(ctx.db, { userId: id, limit: 200, ...cursor }))
  const tickets = await all((cursor) => listTickets(ctx, { userId: id, limit: 200, ...cursor }))
  const audit = await all((cursor) => listAudit(ctx, { resource: 'user', resourceId: id, limit: 200, ...cursor }))
  return {
    exportedAt: ctx.clock.now().toISOString(),
    store: ctx.store,
    user,
    userSessions,
    visits: await each(visits, (visit) => visitWithTickets(ctx, visit.id)),
    tickets: await each(tickets, (ticket) => findTicket(ctx, ticket.id)),
    audit
  }
}

type PageOf<T> = { items: T[]; nextCursor: string | null }

async function all<T>(page: (cursor: { cursor?: string }) => Promise<PageOf<T>>): Promise<T[]> {
  const items: T[] = []
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const next = await page(cursor ? { cursor } : {})
    items.push(...next.items)
    cursor = next.nextCursor
  }
  return items
}

async function each<T, R>(items: T[], read: (item: T) => Promise<R>): Promise<R[]> {
  const done: R[] = []
  for (const item of items) done.push(await read(item))
  return done
}

function userId(id: string): string {
  if (!UUID.test(id.toLowerCase()))
    throw new Refused('not-a-user', `"${id}" is no user id: it is a UUID, as in the list of users`)
  return id.toLowerCase()
}
