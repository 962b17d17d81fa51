/** API tokens: how a program gets the role of the account that made its token. */
import type { ApiToken, ApiTokenInput, NewApiToken } from '#contracts/api/api-tokens.ts'
import { type Actor, type Context, transact } from '#server/context.ts'
import { Invalid, NotFound } from '#server/platform/errors.ts'
import { hashSecret, newId, newSecret } from '#server/platform/ids.ts'
import { audit } from './audit.ts'
import { tokenById, tokenPage } from './queries.ts'

/** The actor's tokens; an admin's list with `all` has everybody's. */
export async function listTokens(
  ctx: Context,
  actor: Actor,
  { all, ...page }: { all?: boolean; limit?: number; cursor?: string }
) {
  const found = await tokenPage(ctx.db, { ...page, ...(!(all && actor.role === 'admin') && { accountId: actor.id }) })
  return { ...found, items: found.items.map(apiToken) }
}

/** Makes a token with the actor's own role; its secret is in this answer and nowhere else. Throws Invalid for an end in the past. */
export async function addToken(ctx: Context, actor: Actor, { name, expiresAt = null }: ApiTokenInput): Promise<NewApiToken> {
  if (expiresAt && new Date(expiresAt) <= ctx.clock.now()) throw new Invalid('expiresAt', 'must lie in the future')
  const token = newSecret('niflr_api')
  return transact(
    ctx,
    async (tx) => {
      const id = newId()
      await tx.db
        .insertInto('apiToken')
        .values({ id, accountId: actor.id, name, tokenHash: hashSecret(token), createdAt: tx.now, expiresAt })
        .execute()
      await audit(tx, actor, { action: 'added', resource: 'api-token', resourceId: id, after: { name, expiresAt } })
      return { ...apiToken((await tokenById(tx.db, id))!), token }
    },
    actor
  )
}

/** Ends a token at once: one's own, or any as an admin. Throws NotFound, also for somebody else's. */
export async function revokeToken(ctx: Context, actor: Actor, id: string): Promise<void> {
  await transact(
    ctx,
    async (tx) => {
      const token = await tokenById(tx.db, id)
      if (!token || (token.accountId !== actor.id && actor.role !== 'admin')) throw new NotFound('API token', id)
      if (token.revokedAt) return
      await tx.db.updateTable('apiToken').set({ revokedAt: tx.now }).where('id', '=', id).execute()
      await audit(tx, actor, {
        action: 'revoked',
        resource: 'api-token',
        resourceId: id,
        before: { name: token.name, accountId: token.accountId }
      })
    },
    actor
  )
}

type TokenRow = NonNullable<Awaited<ReturnType<typeof tokenById>>>
const apiToken = ({ createdAt, lastUsedAt, expiresAt, revokedAt, ...token }: TokenRow): ApiToken => ({
  ...token,
  ...{ createdAt: createdAt.toISOString(), lastUsedAt: iso(lastUsedAt), expiresAt: iso(expiresAt), revokedAt: iso(revokedAt) }
})

const iso = (time: Date | null) => time?.toISOString() ?? null
