/** The house itself: modes, alarms, jobs, staff, tokens, keys, the audit trail. */
import { MODES, STAFF_ROLES, YES_NO } from './choices.ts'
import type { Choice, Resource } from './types.ts'

const ALGORITHMS: Choice[] = ['EdDSA', 'ES256', 'HS256'].map((value) => ({ value, label: value }))
const ALARMS: Choice[] = [
  { value: 'true', label: 'Going on' },
  { value: 'false', label: 'All' }
]
const TRAILED: Choice[] = [
  'machine',
  'scale',
  'planogram',
  'scanner',
  'camera',
  'product',
  'ticket',
  'visit',
  'user',
  'store',
  'staff-account',
  'api-token',
  'qr-key'
].map((value) => ({ value, label: value }))

export const modeChanges: Resource = {
  ...{
    name: 'mode-changes',
    path: '/store/mode-changes',
    label: 'Mode change',
    plural: 'Mode changes',
    icon: 'mode',
    group: 'House'
  },
  about: 'When the store opened, closed and was refilled, and by whom.',
  rights: { read: 'store:read' },
  ...{ id: 'id', title: (row) => String(row.toMode), extent: 'pages', hasOne: false, can: {} },
  fields: [
    { name: 'at', label: 'When', kind: 'time', column: 'shown' },
    { name: 'fromMode', label: 'From', kind: 'choice', choices: MODES, column: 'shown' },
    { name: 'toMode', label: 'To', kind: 'choice', choices: MODES, column: 'shown' },
    { name: 'changedBy', label: 'By', kind: 'text', column: 'shown' },
    { name: 'forced', label: 'Customers were inside', kind: 'boolean', either: YES_NO, column: 'shown' }
  ]
}

export const alarms: Resource = {
  ...{ name: 'alarms', path: '/alarms', label: 'Alarm', plural: 'Alarms', icon: 'alarm', group: 'House' },
  about: 'What needs a look, and what did.',
  rights: { read: 'alarms:read' },
  ...{ id: 'id', title: (row) => String(row.message), extent: 'pages', hasOne: false, can: {} },
  fields: [
    { name: 'startedAt', label: 'Since', kind: 'time', column: 'shown' },
    { name: 'endedAt', label: 'Until', kind: 'time', column: 'shown' },
    { name: 'open', label: 'Which', kind: 'choice', choices: ALARMS, query: 'open', hidden: true },
    { name: 'kind', label: 'Kind', kind: 'text', column: 'shown' },
    { name: 'subject', label: 'Of', kind: 'text', column: 'shown' },
    { name: 'message', label: 'What', kind: 'text', column: 'shown' }
  ]
}

export const jobs: Resource = {
  ...{ name: 'jobs', path: '/jobs', label: 'Job', plural: 'Jobs', icon: 'jobs', group: 'House' },
  about: 'The timetable of the box’s own work, as it is kept.',
  rights: { read: 'jobs:read' },
  ...{ id: 'name', title: (row) => String(row.name), extent: 'whole', hasOne: false, can: {} },
  fields: [
    { name: 'name', label: 'Job', kind: 'text', column: 'shown' },
    { name: 'lastStartedAt', label: 'Last run', kind: 'time', column: 'shown' },
    { name: 'lastDurationMs', label: 'Took', kind: 'milliseconds', column: 'shown' },
    { name: 'nextRunAt', label: 'Next run', kind: 'time', column: 'shown' },
    { name: 'runs', label: 'Runs', kind: 'number', column: 'shown' },
    { name: 'failures', label: 'Failures', kind: 'number', column: 'shown' },
    { name: 'lastError', label: 'Last error', kind: 'text', column: 'shown' }
  ]
}

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

export const apiTokens: Resource = {
  ...{ name: 'api-tokens', path: '/api-tokens', label: 'API token', plural: 'API tokens', icon: 'key', group: 'House' },
  about: 'How a program signs in, with the role of the account that made the token.',
  rights: { read: 'api-tokens:own', write: 'api-tokens:own' },
  ...{ id: 'id', title: (row) => String(row.name), extent: 'whole', hasOne: false, audit: 'api-token' },
  can: { create: true },
  secret: 'token',
  fields: [
    {
      name: 'name',
      label: 'Name',
      kind: 'text',
      help: 'Which program it is for.',
      column: 'shown',
      input: { on: 'create', required: true }
    },
    { name: 'username', label: 'Account', kind: 'text', column: 'shown' },
    { name: 'createdAt', label: 'Made', kind: 'time', column: 'shown' },
    { name: 'lastUsedAt', label: 'Last used', kind: 'time', column: 'shown' },
    {
      name: 'expiresAt',
      label: 'Ends',
      kind: 'time',
      help: 'Empty: it does not end by itself.',
      column: 'shown',
      input: { on: 'create' }
    },
    { name: 'revokedAt', label: 'Revoked', kind: 'time', column: 'shown' }
  ],
  actions: [
    {
      ...{ name: 'revoke', label: 'Revoke', icon: 'trash', tone: 'danger', right: 'api-tokens:own', method: 'DELETE' },
      path: (row) => `/api-tokens/${row.id}`,
      isFor: (row) => row.revokedAt === null,
      warning: 'Programs that use it are signed out at once.'
    }
  ]
}

export const qrKeys: Resource = {
  ...{ name: 'qr-keys', path: '/qr-keys', label: 'QR key', plural: 'QR keys', icon: 'scanner', group: 'House' },
  about: 'Whose codes open the doors. A key that is made here shows its private part once, for the app that signs.',
  rights: { read: 'qr-keys:read', write: 'qr-keys:write' },
  ...{ id: 'kid', title: (row) => String(row.kid), extent: 'whole', hasOne: false, audit: 'qr-key' },
  can: { create: true },
  secret: 'privateJwk',
  fields: [
    {
      name: 'kid',
      label: 'Key id',
      kind: 'text',
      help: 'The kid of the tokens it signs. Empty: one is made.',
      column: 'shown',
      input: { on: 'create' }
    },
    {
      name: 'alg',
      label: 'Algorithm',
      kind: 'choice',
      choices: ALGORITHMS,
      column: 'shown',
      filter: true,
      input: { on: 'create', initial: 'EdDSA' }
    },
    { name: 'kty', label: 'Type', kind: 'text', column: 'shown' }
  ],
  actions: [
    {
      ...{ name: 'remove', label: 'Remove', icon: 'trash', tone: 'danger', right: 'qr-keys:write', method: 'DELETE' },
      path: (row) => `/qr-keys/${encodeURIComponent(String(row.kid))}`,
      warning: 'No code it signed is valid any more, from this moment on.'
    }
  ]
}

export const audit: Resource = {
  ...{ name: 'audit', path: '/audit', label: 'Entry', plural: 'Audit trail', icon: 'history', group: 'House' },
  about: 'Who did what, and when; each entry is sealed by the one after it.',
  rights: { read: 'audit:read' },
  ...{ id: 'id', title: (row) => `${row.resource} ${row.action}`, extent: 'pages', hasOne: false, can: {} },
  fields: [
    { name: 'at', label: 'When', kind: 'time', column: 'shown' },
    { name: 'actorName', label: 'Who', kind: 'text', column: 'shown' },
    { name: 'actorId', label: 'Account id', kind: 'text', column: 'more', query: 'actorId' },
    { name: 'action', label: 'Did', kind: 'text', column: 'shown' },
    { name: 'resource', label: 'To', kind: 'choice', choices: TRAILED, column: 'shown', query: 'resource' },
    { name: 'resourceId', label: 'Which', kind: 'text', column: 'shown', query: 'resourceId' },
    { name: 'before', label: 'Before', kind: 'facts', column: 'more' },
    { name: 'after', label: 'After', kind: 'facts', column: 'shown' },
    { name: 'requestId', label: 'Request', kind: 'text', column: 'more' }
  ]
}
