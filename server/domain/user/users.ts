/** User details as staff handle them: looked up, blocked, let in again; phone numbers for the eyes that need them. */
import type { UserDetail, UserPatch } from '#contracts/api/users.ts'
import { type Actor, type Context, transact } from '#server/context.ts'
import { audit, mayReadPhoneNumbers } from '#server/domain/staff/actions.ts'
import { NotFound, Refused } from '#server/platform/errors.ts'
import { type UserFilter, userOf, usersPage } from './queries.ts'
import { maskPhoneNumber } from './rules.ts'

/** Blocks a user from coming in, or lets him in again. Who is inside can still leave. */
export async function changeUser(
  ctx: Context,
  actor: Actor,
  { id, patch }: { id: string; patch: UserPatch }
): Promise<UserDetail> {
  const user = await transact(
    ctx,
    async (tx) => {
      const before = await tx.db.selectFrom('userDetail').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
      if (!before) throw new NotFound('user', id)
      if (patch.version !== undefined && patch.version !== before.version)
        throw new Refused('stale-version', 'somebody changed this user since', { version: before.version })
      if (patch.blocked === (before.blockedAt !== null)) return before
      const changes = { blockedAt: patch.blocked ? tx.now : null, version: before.version + 1 }
      await tx.db.updateTable('userDetail').set(changes).where('id', '=', id).execute()
      await audit(tx, actor, { action: patch.blocked ? 'blocked' : 'unblocked', resource: 'user', resourceId: id })
      return { ...before, ...changes }
    },
    actor
  )
  return forEyesOf(actor, userOf(user))
}

/** Users, last seen first, as `actor` may see them. */
export async function listUsers(ctx: Context, actor: Actor, query: UserFilter) {
  const page = await usersPage(ctx.db, query)
  return { ...page, items: page.items.map((user) => forEyesOf(actor, user)) }
}

/** One user as `actor` may see him. Throws NotFound. */
export async function findUser(ctx: Context, actor: Actor, id: string): Promise<UserDetail> {
  const row = await ctx.db.selectFrom('userDetail').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) throw new NotFound('user', id)
  return forEyesOf(actor, userOf(row))
}

const forEyesOf = (actor: Actor, user: UserDetail): UserDetail =>
  mayReadPhoneNumbers(actor.role) ? user : { ...user, phoneNumber: maskPhoneNumber(user.phoneNumber) }
