/** Who came, what was made of it: visits, tickets, carts, users, logins and logouts. */
import { BLOCKED, CART_STATES, ROLES, TICKET_STATES } from './choices.ts'
import type { Choice, Resource } from './types.ts'

const OPEN: Choice[] = [
  { value: 'true', label: 'Inside now' },
  { value: 'false', label: 'Has left' }
]
const LOGINS: Choice[] = [
  { value: 'ENTRY_AUTHENTICATED', label: 'Came in', tone: 'good' },
  { value: 'EXIT_AUTHENTICATED', label: 'Went out', tone: 'quiet' }
]

export const visits: Resource = {
  ...{ name: 'visits', path: '/visits', label: 'Visit', plural: 'Visits', icon: 'door', group: 'Visits' },
  about: 'The time between a login and a logout.',
  rights: { read: 'visits:read' },
  ...{ id: 'id', title: (row) => `Visit …${String(row.id).slice(-6)}`, extent: 'pages', hasOne: true, audit: 'visit', can: {} },
  fields: [
    { name: 'id', label: 'Visit', kind: 'text', column: 'more' },
    { name: 'enteredAt', label: 'Came in', kind: 'time', column: 'shown' },
    { name: 'exitedAt', label: 'Went out', kind: 'time', column: 'shown' },
    { name: 'open', label: 'Inside', kind: 'choice', choices: OPEN, query: 'open', hidden: true },
    { name: 'role', label: 'Role', kind: 'choice', choices: ROLES, column: 'shown' },
    { name: 'userId', label: 'User', kind: 'reference', to: 'users', column: 'shown', query: 'userId' },
    { name: 'entryScannerId', label: 'By entry', kind: 'reference', to: 'scanners', column: 'more' },
    { name: 'exitScannerId', label: 'By exit', kind: 'reference', to: 'scanners', column: 'more' }
  ],
  actions: [
    {
      ...{ name: 'close', label: 'End visit', icon: 'out', right: 'visits:close', method: 'POST' },
      path: (row) => `/visits/${row.id}/close`,
      body: (_row, reason) => ({ reason }),
      isFor: (row) => row.exitedAt === null,
      warning: 'For somebody who left without a code: the visit ends now and its tickets are made.',
      ask: { label: 'Why does it end without a code?', required: true }
    }
  ]
}

export const tickets: Resource = {
  ...{ name: 'tickets', path: '/tickets', label: 'Ticket', plural: 'Tickets', icon: 'ticket', group: 'Visits' },
  about: 'One machine’s part of one visit, for review.',
  rights: { read: 'tickets:read' },
  ...{ id: 'id', title: (row) => String(row.number), extent: 'pages', hasOne: true, audit: 'ticket', can: {} },
  fields: [
    { name: 'number', label: 'Number', kind: 'text', column: 'shown' },
    { name: 'status', label: 'State', kind: 'choice', choices: TICKET_STATES, column: 'shown', query: 'status' },
    { name: 'startTime', label: 'Login', kind: 'time', column: 'shown' },
    { name: 'endTime', label: 'Logout', kind: 'time', column: 'shown' },
    { name: 'machineId', label: 'Machine', kind: 'reference', to: 'machines', column: 'shown', query: 'machineId' },
    { name: 'visitId', label: 'Visit', kind: 'reference', to: 'visits', column: 'more', query: 'visitId' },
    { name: 'userId', label: 'User', kind: 'reference', to: 'users', column: 'more', query: 'userId' },
    { name: 'role', label: 'Role', kind: 'choice', choices: ROLES, column: 'more' },
    { name: 'weightChanges.length', label: 'Changes', kind: 'number', column: 'shown' },
    { name: 'lines.length', label: 'Lines', kind: 'number', column: 'shown' },
    { name: 'claimedByName', label: 'Held by', kind: 'text', column: 'shown' },
    { name: 'completedBy', label: 'Completed by', kind: 'text', column: 'more' },
    { name: 'completedAt', label: 'Completed', kind: 'time', column: 'more' },
    { name: 'reopenReason', label: 'Reopened for', kind: 'text', column: 'more' },
    { name: 'note', label: 'Note', kind: 'text', column: 'more' },
    { name: 'version', label: 'Version', kind: 'number', column: 'more' }
  ],
  actions: [
    {
      ...{ name: 'reopen', label: 'Reopen', icon: 'undo', right: 'tickets:reopen', method: 'POST' },
      path: (row) => `/tickets/${row.id}/reopen`,
      body: (_row, reason) => ({ reason }),
      isFor: (row) => row.status === 'REVIEW_COMPLETE',
      warning: 'The visit’s cart is reopened with it, until the ticket is completed again.',
      ask: { label: 'Why?', required: true }
    }
  ]
}

export const carts: Resource = {
  ...{ name: 'carts', path: '/carts', label: 'Cart', plural: 'Carts', icon: 'cart', group: 'Visits' },
  about: 'What a visit comes to once all its tickets are complete.',
  rights: { read: 'carts:read' },
  ...{ id: 'id', title: (row) => `Cart …${String(row.id).slice(-6)}`, extent: 'pages', hasOne: false, can: {} },
  fields: [
    { name: 'createdAt', label: 'Made', kind: 'time', column: 'shown' },
    { name: 'status', label: 'State', kind: 'choice', choices: CART_STATES, column: 'shown', query: 'status' },
    { name: 'visitId', label: 'Visit', kind: 'reference', to: 'visits', column: 'shown' },
    { name: 'userId', label: 'User', kind: 'reference', to: 'users', column: 'shown', query: 'userId' },
    { name: 'lines.length', label: 'Lines', kind: 'number', column: 'shown' },
    { name: 'totalMinor', label: 'Total', kind: 'money', column: 'shown' },
    { name: 'settledAt', label: 'Settled', kind: 'time', column: 'shown' },
    { name: 'firstSettledAt', label: 'First settled', kind: 'time', column: 'more' },
    { name: 'version', label: 'Version', kind: 'number', column: 'more' }
  ]
}

export const users: Resource = {
  ...{ name: 'users', path: '/users', label: 'User', plural: 'Users', icon: 'people', group: 'Visits' },
  about: 'The box’s own record of everybody who came in.',
  rights: { read: 'users:read', write: 'users:write' },
  ...{ id: 'id', title: (row) => String(row.phoneNumber), extent: 'pages', hasOne: true, audit: 'user', can: {} },
  fields: [
    { name: 'phoneNumber', label: 'Phone number', kind: 'text', column: 'shown' },
    { name: 'id', label: 'User id', kind: 'text', column: 'more' },
    { name: 'role', label: 'Role', kind: 'choice', choices: ROLES, column: 'shown', query: 'role' },
    { name: 'blocked', label: 'State', kind: 'boolean', either: BLOCKED, column: 'shown', query: 'blocked' },
    { name: 'blockedAt', label: 'Blocked since', kind: 'time', column: 'more' },
    { name: 'lastSeenAt', label: 'Last seen', kind: 'time', column: 'shown' },
    { name: 'firstSeenAt', label: 'First seen', kind: 'time', column: 'shown' }
  ],
  actions: [
    {
      ...{ name: 'block', label: 'Block', icon: 'lock', tone: 'danger', right: 'users:write', method: 'PATCH' },
      path: (row) => `/users/${row.id}`,
      body: (row) => ({ blocked: true, version: row.version }),
      isFor: (row) => row.blocked === false,
      warning: 'A blocked user cannot come in. Who is inside can still leave.'
    },
    {
      ...{ name: 'unblock', label: 'Let in again', icon: 'check', right: 'users:write', method: 'PATCH' },
      path: (row) => `/users/${row.id}`,
      body: (row) => ({ blocked: false, version: row.version }),
      isFor: (row) => row.blocked === true,
      warning: 'They can come in again at once.'
    }
  ]
}

export const userSessions: Resource = {
  ...{
    name: 'user-sessions',
    path: '/user-sessions',
    label: 'User session',
    plural: 'User sessions',
    icon: 'key',
    group: 'Visits'
  },
  about: 'Each login and logout at the doors.',
  rights: { read: 'user-sessions:read' },
  ...{ id: 'id', title: (row) => String(row.type), extent: 'pages', hasOne: false, period: 'at', can: {} },
  fields: [
    { name: 'at', label: 'When', kind: 'time', column: 'shown' },
    { name: 'type', label: 'What', kind: 'choice', choices: LOGINS, column: 'shown' },
    { name: 'userId', label: 'User', kind: 'reference', to: 'users', column: 'shown', query: 'userId' },
    { name: 'visitId', label: 'Visit', kind: 'reference', to: 'visits', column: 'shown' },
    { name: 'scannerId', label: 'Scanner', kind: 'reference', to: 'scanners', column: 'shown' }
  ]
}
