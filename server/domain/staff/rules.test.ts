/** The role table, the throttle's arithmetic, how long a sign-in holds, which passwords will not do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { COMMON_PASSWORDS } from './common-passwords.ts'
import {
  ACCESS,
  type Access,
  failuresAfter,
  isSignInValid,
  isTokenValid,
  mayAccess,
  mayReadPhoneNumbers,
  passwordProblem,
  ROLES,
  rightsOf,
  waitAfterFailures,
  waitLeft
} from './rules.ts'

const at = (seconds: number) => new Date(1_700_000_000_000 + seconds * 1000)

test('what the table does not name is refused, also to an admin', () => {
  for (const access of ['', 'everything', 'toString', '__proto__', 'machines:*', 'public'])
    assert.equal(mayAccess('admin', access), false, access)
  for (const role of [undefined, '', 'customer', 'root']) assert.equal(mayAccess(role, 'machines:read'), false)
})

test('an admin has every right, nobody else those of accounts, keys and the audit trail', () => {
  assert.deepEqual(rightsOf('admin'), Object.keys(ACCESS))
  const adminOnly: Access[] = ['staff:read', 'staff:write', 'audit:read', 'qr-keys:read', 'qr-keys:write', 'webhooks:write']
  for (const access of adminOnly)
    for (const role of ['operations', 'reviewer'] as const) assert.equal(mayAccess(role, access), false, `${role} ${access}`)
})

test('a reviewer sees evidence, contests and settles tickets, and changes nothing else', () => {
  const changes = rightsOf('reviewer').filter((access) => !access.endsWith(':read'))
  assert.deepEqual(changes, ['visits:contest', 'tickets:review', 'tickets:reopen', 'api-tokens:own'])
  for (const access of ['users:read', 'user-sessions:read', 'jobs:read', 'scanners:read'] as const)
    assert.equal(mayAccess('reviewer', access), false, access)
})

test('operations keep the shop running and settle no ticket', () => {
  for (const access of [
    'machines:write',
    'machines:lock',
    'products:write',
    'planograms:write',
    'scanners:write',
    'store-mode:write',
    'users:write',
    'device-keys:write'
  ] as const)
    assert.equal(mayAccess('operations', access), true, access)
  for (const access of ['tickets:review', 'tickets:reopen'] as const) assert.equal(mayAccess('operations', access), false, access)
})

test('phone numbers are for admin and operations', () => {
  assert.deepEqual(ROLES.filter(mayReadPhoneNumbers), ['admin', 'operations'])
  assert.equal(mayReadPhoneNumbers(undefined), false)
})

test('the wait doubles from one second after the fifth failure up to fifteen minutes', () => {
  const table: [failures: number, seconds: number][] = [
    [0, 0],
    [4, 0],
    [5, 1],
    [6, 2],
    [7, 4],
    [10, 32],
    [14, 512],
    [15, 900],
    [40, 900],
    [5000, 900]
  ]
  for (const [failures, seconds] of table) assert.equal(waitAfterFailures(failures), seconds * 1000, `${failures} failures`)
})

test('a wait ends by itself, also when the clock was set back', () => {
  const throttle = { lastFailedAt: at(0), blockedUntil: at(60) }
  assert.equal(waitLeft(throttle, at(20)), 40_000)
  assert.equal(waitLeft(throttle, at(60)), 0)
  assert.equal(waitLeft(throttle, at(-3600)), 0)
  assert.equal(waitLeft({ ...throttle, blockedUntil: null }, at(1)), 0)
})

test('failures are forgotten after a day without one', () => {
  assert.equal(failuresAfter(undefined, at(0)), 1)
  assert.equal(failuresAfter({ failures: 7, lastFailedAt: at(0) }, at(86_399)), 8)
  assert.equal(failuresAfter({ failures: 7, lastFailedAt: at(0) }, at(86_400)), 1)
})

test('a sign-in holds 30 minutes unseen and 12 hours in all', () => {
  const signIn = { createdAt: at(0), lastSeenAt: at(0), endedAt: null }
  assert.equal(isSignInValid(signIn, at(30 * 60 - 1)), true)
  assert.equal(isSignInValid(signIn, at(30 * 60)), false)
  assert.equal(isSignInValid({ ...signIn, lastSeenAt: at(12 * 3600 - 10) }, at(12 * 3600 - 1)), true)
  assert.equal(isSignInValid({ ...signIn, lastSeenAt: at(12 * 3600 - 10) }, at(12 * 3600)), false)
  assert.equal(isSignInValid({ ...signIn, endedAt: at(1) }, at(2)), false)
})

test('a token holds until it is revoked or expires', () => {
  assert.equal(isTokenValid({ expiresAt: null, revokedAt: null }, at(0)), true)
  assert.equal(isTokenValid({ expiresAt: at(1), revokedAt: null }, at(0)), true)
  assert.equal(isTokenValid({ expiresAt: at(1), revokedAt: null }, at(1)), false)
  assert.equal(isTokenValid({ expiresAt: null, revokedAt: at(0) }, at(0)), false)
})

test('common passwords, short ones and names are refused; nothing is asked of their composition', () => {
  const names = ['meera.k', 'Corner Shop', 'store-1']
  const problem = (password: string) => passwordProblem(password, { common: COMMON_PASSWORDS, names })
  const refused = [
    'short',
    '1234567',
    '12345678',
    'password',
    'Password123',
    'P@ssw0rd!',
    'qwerty123456',
    'welcome2024',
    'aaaaaaaaaa',
    'abababab',
    'Meera.K',
    'meera.k123',
    'Corner Shop',
    '!!Corner Shop99',
    'x'.repeat(201)
  ]
  for (const password of refused) assert.notEqual(problem(password), null, password)
  for (const password of ['seven green bottles', 'kjhsdfkjhsdf', 'trees-and-rain-7', '漢字漢字かなカナ漢字'])
    assert.equal(problem(password), null, password)
})
