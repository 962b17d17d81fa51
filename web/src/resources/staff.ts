/** Staff accounts. */
import { STAFF_ROLES } from './choices.ts'
import type { Resource } from './types.ts'

export const staff: Resource = {
  ...{ name: 'staff', path: '/staff', label: 'Staff account', plural: 'Staff', icon: 'staff', group: 'House' },
  about: 'Who signs in to the panel. An account is never deleted, since the history names it; it is disabled.',
  rights: { read: 'staff:read', write: 'staff:write' },
  ...{ id: 'id', title: (row) => String(row.username), extent: 'whole', hasOne: false, audit: 'staff-account' },
  can: { create: true, change: true },
  fields: [
    {
      name: 'username',
      label: 'Username',
      kind: 'text',
      help: 'Letters, digits and . _ @ + -',
      column: 'shown',
      input: { on: 'create', required: true }
    },
    {
      name: 'role',
      label: 'Role',
      kind: 'choice',
      choices: STAFF_ROLES,
      help: 'Operations runs the store; a reviewer sees evidence and settles tickets, nothing else.',
      column: 'shown',
      filter: true,
      input: { on: 'both', required: true, initial: 'reviewer' }
    },
    { name: 'email', label: 'E-mail', kind: 'text', column: 'shown', input: { on: 'both' } },
    {
      name: 'password',
      label: 'Password',
      kind: 'password',
      help: 'At least 8 characters, none of the common ones. On a change: leave it empty to keep the old one.',
      hidden: true,
      input: { on: 'both' }
    },
    { name: 'disabledAt', label: 'Disabled since', kind: 'time', column: 'shown' },
    { name: 'createdAt', label: 'Added', kind: 'time', column: 'shown' }
  ],
  actions: [
    {
      ...{ name: 'disable', label: 'Disable', icon: 'lock', tone: 'danger', right: 'staff:write', method: 'PATCH' },
      path: (row) => `/staff/${row.id}`,
      body: (row) => ({ disabled: true, version: row.version }),
      isFor: (row) => row.disabledAt === null,
      warning:
        'Every sign-in and API token of the account ends at once; tickets it holds go back to the queue when their lease ends.'
    },
    {
      ...{ name: 'enable', label: 'Enable', icon: 'check', right: 'staff:write', method: 'PATCH' },
      path: (row) => `/staff/${row.id}`,
      body: (row) => ({ disabled: false, version: row.version }),
      isFor: (row) => row.disabledAt !== null,
      warning: 'The account can sign in again with its password.'
    }
  ]
}
