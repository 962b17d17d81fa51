/** Staff: signs people and programs in, keeps their accounts and tokens, writes down who did what. */
import { randomBytes } from 'node:crypto'
import type { AuditQuery, ChainCheck } from '#contracts/api/audit.ts'
import type { LoginInput, OwnAccount, PasswordChange } from '#contracts/api/auth.ts'
import type { StaffAccount, StaffChange, StaffInput } from '#contracts/api/staff.ts'
import { type Actor, type Context, SYSTEM, type Tx, transact } from '#server/context.ts'
import { violates } from '#server/platform/database.ts'
import { Invalid, NotFound, Refused } from '#server/platform/errors.ts'
import { hashSecret, newId, newSecret } from '#server/platform/ids.ts'
import { audit, verifyChain } from './audit.ts'
import { COMMON_PASSWORDS } from './common-passwords.ts'
import { hashPassword } from './passwords.ts'
import { type AccountRow, accountById, accountPage, auditPage, endSignIns, lockAccount, lockAdmins } from './queries.ts'
import { passwordProblem, type Role, rightsOf } from './rules.ts'
import { checkPassword } from './sign-in.ts'

export { endAlarm, listAlarms, startAlarm } from './alarms.ts'
export { audit, canonicalJson } from './audit.ts'
export { type Access, isAccess, mayAccess, mayReadPhoneNumbers, type Role } from './rules.ts'
export { authenticateSession, authenticateToken } from './sign-in.ts'
export { addToken, listTokens, revokeToken } from './tokens.ts'

// ── sign-in ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Signs a person in: `cookie` is the new sign-in's secret, shown to their browser alone. Throws as `checkPassword` does. */
export async function signIn(
  ctx: Context,
  { username, password }: LoginInput,
  from: { address: string; requestId?: string }
): Promise<{ account: OwnAccount; cookie: string }> {
  const account = await checkPassword(ctx, { username, password, address: from.address })
  const cookie = newSecret('niflr_web')
  const actor: Actor = {
    kind: 'staff',
    id: account.id,
    name: account.username,
    ...(from.requestId && { requestId: from.requestId })
  }
  await transact(ctx, async (tx) => {
    const times = { createdAt: tx.now, lastSeenAt: tx.now }
    await tx.db
      .insertInto('staffSession')
      .values({ id: newId(), tokenHash: hashSecret(cookie), accountId: account.id, address: from.address, ...times })
      .execute()
    await audit(tx, actor, {
      action: 'signed-in',
      resource: 'staff-account',
      resourceId: account.id,
      after: { address: from.address }
    })
  })
  return { account: ownAccount(account), cookie }
}

/** Ends the sign-in of this cookie; nothing happens when it is over already. */
export async function signOut(ctx: Context, cookie: string): Promise<void> {
  await ctx.db
    .updateTable('staffSession')
    .set({ endedAt: ctx.clock.now() })
    .where('tokenHash', '=', hashSecret(cookie))
    .where('endedAt', 'is', null)
    .execute()
}

/** The actor's own account and what it may do. */
export async function readOwnAccount(ctx: Context, actor: Actor): Promise<OwnAccount> {
  return ownAccount((await accountById(ctx.db, actor.id)) ?? missing(actor.id))
}

/** Sets the actor's own password and ends all their sign-ins, this one too. */
export async function changeOwnPassword(
  ctx: Context,
  actor: Actor,
  { currentPassword, password, address }: PasswordChange & { address: string }
): Promise<void> {
  await checkPassword(ctx, { username: actor.name, password: currentPassword, address })
  await changeStaff(ctx, actor, { id: actor.id, change: { password } })
}

// ── accounts ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Staff accounts, newest first. */
export async function listStaff(ctx: Context, query: { limit?: number; cursor?: string }) {
  const page = await accountPage(ctx.db, query)
  return { ...page, items: page.items.map(staffAccount) }
}

/** Adds an account. Throws Refused `username-taken`, Invalid for a password that will not do. */
export async function addStaff(
  ctx: Context,
  actor: Actor,
  { username, email = null, role, password }: StaffInput
): Promise<StaffAccount> {
  const passwordHash = await newPasswordHash(ctx, password, username)
  try {
    return await transact(
      ctx,
      async (tx) => {
        const row = await tx.db
          .insertInto('staffAccount')
          .values({ id: newId(), username, email, role, passwordHash, createdAt: tx.now })
          .returningAll()
          .executeTakeFirstOrThrow()
        await audit(tx, actor, { action: 'added', resource: 'staff-account', resourceId: row.id, after: facts(row) })
        return staffAccount(row)
      },
      actor
    )
  } catch (error) {
    throw violates(error, 'staff_account_username')
      ? new Refused('username-taken', `there is already an account ${username}`)
      : error
  }
}

/** Changes an account. A new password, or disabling it, ends its sign-ins. Throws NotFound, Refused `stale-version` or `last-admin`. */
export async function changeStaff(
  ctx: Context,
  actor: Actor,
  { id, change }: { id: string; change: StaffChange }
): Promise<StaffAccount> {
  const { email, role, disabled, password, version } = change
  const known = (await accountById(ctx.db, id)) ?? missing(id)
  const passwordHash = password === undefined ? null : await newPasswordHash(ctx, password, known.username)
  return transact(
    ctx,
    async (tx) => {
      const admins = await lockAdmins(tx.db)
      const before = (await lockAccount(tx.db, id)) ?? missing(id)
      if (version !== undefined && version !== before.version)
        throw new Refused('stale-version', 'somebody changed this account first: read it again', { version: before.version })
      const isLosingAdmin = disabled === true || (role !== undefined && role !== 'admin')
      if (isLosingAdmin && admins.length === 1 && admins[0] === id)
        throw new Refused('last-admin', 'this is the last admin who can sign in: make another one first')
      const set = {
        ...(email !== undefined && { email }),
        ...(role && { role }),
        ...(passwordHash && { passwordHash }),
        ...(disabled !== undefined && { disabledAt: disabled ? (before.disabledAt ?? tx.now) : null }),
        version: before.version + 1
      }
      const row = await tx.db.updateTable('staffAccount').set(set).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
      if (passwordHash || disabled) await endSignIns(tx.db, { accountId: id, now: tx.now })
      await audit(tx, actor, {
        action: password ? 'password-changed' : 'changed',
        resource: 'staff-account',
        resourceId: id,
        before: facts(before),
        after: facts(row)
      })
      return staffAccount(row)
    },
    actor
  )
}

/** Adds an admin from the command line. Throws as `addStaff` does: an existing account is never taken over. */
export const createSuperuser = (
  ctx: Context,
  { username, email, password }: { username: string; email?: string | null; password: string }
): Promise<StaffAccount> => addStaff(ctx, SYSTEM, { username, email: email ?? null, role: 'admin', password })

/** With no account yet, makes `admin` and returns its password, to be printed once; null otherwise. */
export async function ensureFirstAdmin(ctx: Context): Promise<{ username: string; password: string } | null> {
  if (await ctx.db.selectFrom('staffAccount').select('id').limit(1).executeTakeFirst()) return null
  const password = ctx.config.superuserPassword ?? randomBytes(15).toString('base64url')
  await createSuperuser(ctx, { username: 'admin', password })
  return { username: 'admin', password }
}

async function newPasswordHash(ctx: Context, password: string, username: string): Promise<string> {
  const problem = passwordProblem(password, { common: COMMON_PASSWORDS, names: [username, ctx.store.name, ctx.store.storeId] })
  if (problem) throw new Invalid('password', problem)
  return hashPassword(password)
}

function missing(id: string): never {
  throw new NotFound('staff account', id)
}
const iso = (time: Date | null) => time?.toISOString() ?? null
const facts = ({ username, email, role, disabledAt }: AccountRow) => ({ username, email, role, disabledAt: iso(disabledAt) })
const staffAccount = ({ id, username, email, role, disabledAt, createdAt, version }: AccountRow): StaffAccount => ({
  ...{ id, username, email, role: role as Role, version },
  ...{ disabledAt: iso(disabledAt), createdAt: createdAt.toISOString() }
})
const ownAccount = ({ id, username, email, role }: AccountRow): OwnAccount => ({
  id,
  username,
  email,
  role: role as Role,
  rights: rightsOf(role as Role)
})

// ── audit, housekeeping ──────────────────────────────────────────────────────────────────────────────────────────────

/** The audit trail, newest first. */
export const listAudit = (ctx: Context, query: AuditQuery) => auditPage(ctx.db, query)

/** Does the whole trail still fit together? */
export const verifyAudit = (ctx: Context): Promise<ChainCheck> => verifyChain(ctx.db)

const KEPT_MS = 24 * 3_600_000

/** Forgets what is a day over: sign-ins that ended or idled out, failed passwords, idempotency keys. For the timetable. */
export async function forgetOldSignIns(ctx: Context): Promise<void> {
  await transact(ctx, async ({ db, now }: Tx) => {
    const before = new Date(now.getTime() - KEPT_MS)
    await db.deleteFrom('staffSession').where('lastSeenAt', '<', before).execute()
    await db.deleteFrom('loginThrottle').where('lastFailedAt', '<', before).execute()
    await db.deleteFrom('idempotencyKey').where('createdAt', '<', before).execute()
  })
}
