/**
 * Passwords tried and sign-ins held. A try passes three gates: its turn (one at a time per account, so that a burst of tries
 * counts as many), the throttle of its account and of its address, and the password. Only failures are counted.
 */
import { type Context, transact } from '#server/context.ts'
import { Refused } from '#server/platform/errors.ts'
import { hashSecret } from '#server/platform/ids.ts'
import { hashPassword, isOutdated, isPassword } from './passwords.ts'
import { type Account, type AccountRow, accountByName, lockThrottle, signInByHash, throttles, tokenByHash } from './queries.ts'
import { failuresAfter, isSignInValid, isTokenValid, type Role, waitAfterFailures, waitLeft } from './rules.ts'

/** Tries at one account that wait for their turn: more than any person makes, less than a flood. */
const MOST_WAITING = 50
const turns = new Map<string, { last: Promise<unknown>; waiting: number }>()

/** The account of a right password. Throws Refused `wrong-password`, or `too-many-failures` or `too-many-requests` (with `retryAfterSeconds`), Unavailable when too many try. */
export function checkPassword(
  ctx: Context,
  { username, password, address }: { username: string; password: string; address: string }
): Promise<AccountRow> {
  const name = `account:${username.toLowerCase()}`
  return inTurn(name, async () => {
    const keys = [name, `address:${address}`]
    await refuseThrottled(ctx, keys)
    const account = await accountByName(ctx.db, username)
    const isRight = await isPassword(account?.passwordHash, password)
    if (!account || !isRight || account.disabledAt) {
      await countFailure(ctx, keys)
      throw new Refused('wrong-password', 'the username or the password is wrong')
    }
    await ctx.db.deleteFrom('loginThrottle').where('key', 'in', keys).execute()
    if (isOutdated(account.passwordHash)) {
      const passwordHash = await hashPassword(password)
      await ctx.db
        .updateTable('staffAccount')
        .set({ passwordHash })
        .where('id', '=', account.id)
        .where('passwordHash', '=', account.passwordHash)
        .execute()
    }
    return account
  })
}

async function inTurn<T>(key: string, run: () => Promise<T>): Promise<T> {
  const turn = turns.get(key) ?? { last: Promise.resolve(), waiting: 0 }
  if (turn.waiting >= MOST_WAITING)
    throw new Refused('too-many-requests', 'too many try this account at once: try again', { retryAfterSeconds: 1 })
  const mine = turn.last.then(run, run)
  turn.last = mine
  turn.waiting += 1
  turns.set(key, turn)
  try {
    return await mine
  } finally {
    turn.waiting -= 1
    if (turn.waiting === 0) turns.delete(key)
  }
}

async function refuseThrottled(ctx: Context, keys: string[]): Promise<void> {
  const now = ctx.clock.now()
  const left = Math.max(0, ...(await throttles(ctx.db, keys)).map((row) => waitLeft(row, now)))
  if (left === 0) return
  const retryAfterSeconds = Math.ceil(left / 1000)
  throw new Refused('too-many-failures', `too many wrong passwords: try again in ${retryAfterSeconds} s`, { retryAfterSeconds })
}

async function countFailure(ctx: Context, keys: string[]): Promise<void> {
  await transact(ctx, async ({ db, now }) => {
    for (const key of keys.toSorted()) {
      const row = await lockThrottle(db, key, now)
      const failures = failuresAfter(row, now)
      const blockedUntil = new Date(now.getTime() + waitAfterFailures(failures))
      await db.updateTable('loginThrottle').set({ failures, lastFailedAt: now, blockedUntil }).where('key', '=', key).execute()
    }
  })
}

const SEEN_EVERY_MS = 60_000

/** The account signed in with this cookie, null when the sign-in is over. Being seen keeps it alive. */
export async function authenticateSession(ctx: Context, cookie: string): Promise<(Account & { signInId: string }) | null> {
  if (!cookie.startsWith('niflr_web_')) return null
  const found = await signInByHash(ctx.db, hashSecret(cookie))
  const now = ctx.clock.now()
  if (!found || found.disabledAt || !isSignInValid(found, now)) return null
  if (now.getTime() - found.lastSeenAt.getTime() > SEEN_EVERY_MS)
    await ctx.db.updateTable('staffSession').set({ lastSeenAt: now }).where('id', '=', found.signInId).execute()
  return { ...accountOf(found), signInId: found.signInId }
}

/** The account of this API token, null when it is revoked, expired, or its account disabled. */
export async function authenticateToken(ctx: Context, token: string): Promise<Account | null> {
  if (!token.startsWith('niflr_api_')) return null
  const found = await tokenByHash(ctx.db, hashSecret(token))
  const now = ctx.clock.now()
  if (!found || found.disabledAt || !isTokenValid(found, now)) return null
  if (now.getTime() - (found.lastUsedAt?.getTime() ?? 0) > SEEN_EVERY_MS)
    await ctx.db.updateTable('apiToken').set({ lastUsedAt: now }).where('id', '=', found.tokenId).execute()
  return accountOf(found)
}

const accountOf = ({ id, username, role }: { id: string; username: string; role: string }): Account => ({
  id,
  username,
  role: role as Role
})
