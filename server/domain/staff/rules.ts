/** Who may do what: role × access, deny by default. What is not in the table is refused. */

export const ROLES = ['admin', 'operations', 'reviewer'] as const
export type Role = (typeof ROLES)[number]

const ADMIN = ['admin'] as const
const OPERATIONS = ['admin', 'operations'] as const
const REVIEW = ['admin', 'reviewer'] as const
const ALL = ROLES

/** Every right a route may ask for, and the roles that have it. Reviewers see evidence and settle tickets, nothing else. */
export const ACCESS = {
  'machines:read': ALL,
  'machines:write': OPERATIONS,
  'machines:lock': OPERATIONS,
  'scales:read': ALL,
  'scales:write': OPERATIONS,
  'planograms:read': ALL,
  'planograms:write': OPERATIONS,
  'stock:read': OPERATIONS,
  'device-keys:write': OPERATIONS,
  'scanners:read': OPERATIONS,
  'scanners:write': OPERATIONS,
  'trackers:read': OPERATIONS,
  'trackers:write': OPERATIONS,
  'cameras:read': OPERATIONS,
  'cameras:write': OPERATIONS,
  'products:read': ALL,
  'products:write': OPERATIONS,
  'weight-changes:read': ALL,
  'movements:read': ALL,
  'machine-sessions:read': ALL,
  'videos:read': ALL,
  'store:read': ALL,
  'store-mode:write': OPERATIONS,
  'users:read': OPERATIONS,
  'users:write': OPERATIONS,
  'user-sessions:read': OPERATIONS,
  'visits:read': ALL,
  'visits:close': OPERATIONS,
  'visits:contest': ALL,
  'carts:read': ALL,
  'tickets:read': ALL,
  'tickets:review': REVIEW,
  'tickets:reopen': REVIEW,
  'tickets:escalated': ADMIN,
  'tickets:take-over': ADMIN,
  'commands:read': ALL,
  'alarms:read': OPERATIONS,
  'jobs:read': OPERATIONS,
  'webhooks:read': OPERATIONS,
  'webhooks:write': ADMIN,
  'qr-keys:read': ADMIN,
  'qr-keys:write': ADMIN,
  'live:read': ALL,
  'metrics:read': ALL,
  'simulated-shop:run': ADMIN,
  'api-tokens:own': ALL,
  'staff:read': ADMIN,
  'staff:write': ADMIN,
  'audit:read': ADMIN
} as const satisfies Record<string, readonly Role[]>
export type Access = keyof typeof ACCESS

export const isAccess = (text: string): text is Access => Object.hasOwn(ACCESS, text)

/** Does the table give `role` the right `access`? False for whatever it does not name. */
export function mayAccess(role: string | undefined, access: string): boolean {
  return isAccess(access) && (ACCESS[access] as readonly string[]).includes(role ?? '')
}

/** Phone numbers are shown only to those who talk to shoppers. */
export const mayReadPhoneNumbers = (role: string | undefined): boolean => role === 'admin' || role === 'operations'

/** The rights of a role, in the table's order. */
export const rightsOf = (role: Role): Access[] => (Object.keys(ACCESS) as Access[]).filter((access) => mayAccess(role, access))

const FREE_FAILURES = 5
const FIRST_WAIT_MS = 1000
export const LONGEST_WAIT_MS = 15 * 60_000
const FORGET_FAILURES_MS = 24 * 3_600_000

/** How long the next try must wait after so many failures in a row: doubling from one second after the fifth, never for good. */
export function waitAfterFailures(failures: number): number {
  return failures < FREE_FAILURES ? 0 : Math.min(FIRST_WAIT_MS * 2 ** Math.min(failures - FREE_FAILURES, 30), LONGEST_WAIT_MS)
}

/** How many milliseconds are left to wait. A clock that was set back never makes it longer than the longest wait. */
export function waitLeft(throttle: { lastFailedAt: Date; blockedUntil: Date | null }, now: Date): number {
  const left = (throttle.blockedUntil?.getTime() ?? 0) - now.getTime()
  return left > 0 && left <= LONGEST_WAIT_MS ? left : 0
}

/** Failures count on until a day without one has passed. */
export const failuresAfter = (throttle: { failures: number; lastFailedAt: Date } | undefined, now: Date): number =>
  throttle && now.getTime() - throttle.lastFailedAt.getTime() < FORGET_FAILURES_MS ? throttle.failures + 1 : 1

const IDLE_MS = 30 * 60_000
const LONGEST_SIGN_IN_MS = 12 * 3_600_000

/** Does a sign-in still hold: not ended, not idle for 30 minutes, not older than 12 hours? */
export function isSignInValid(signIn: { createdAt: Date; lastSeenAt: Date; endedAt: Date | null }, now: Date): boolean {
  const isIdle = now.getTime() - signIn.lastSeenAt.getTime() >= IDLE_MS
  return !signIn.endedAt && !isIdle && now.getTime() - signIn.createdAt.getTime() < LONGEST_SIGN_IN_MS
}

/** Does a token still hold: not revoked, not expired? */
export const isTokenValid = (token: { expiresAt: Date | null; revokedAt: Date | null }, now: Date): boolean =>
  !token.revokedAt && (!token.expiresAt || token.expiresAt > now)

/**
 * What is wrong with a new password, null when nothing is. Length and the well-known ones only, no composition rules: a common word
 * with digits or marks around it counts as common, and so do the account's and the store's own names.
 */
export function passwordProblem(
  password: string,
  { common, names }: { common: ReadonlySet<string>; names: string[] }
): string | null {
  if ([...password].length < 8) return 'must have at least 8 characters'
  if ([...password].length > 200) return 'must have at most 200 characters'
  const lower = password.toLowerCase()
  const core = lettersOf(lower)
  const isName = names.some(
    (name) => name && (lower === name.toLowerCase() || (core !== '' && core === lettersOf(name.toLowerCase())))
  )
  if (isName) return 'must not be made of the account’s or the store’s name'
  if (common.has(lower) || common.has(core) || new Set(lower).size < 3) return 'is one of the common passwords; take another'
  return null
}

const SPELLED: Record<string, string> = { '0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '@': 'a', $: 's', '!': 'i' }
/** The word in it: without digits and marks at its ends, with the usual digits for letters read as letters. */
const lettersOf = (text: string) => text.replace(/^[^a-z]+|[^a-z]+$/g, '').replace(/[01345@$!]/g, (c) => SPELLED[c] ?? '')
