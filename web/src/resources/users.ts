/** Users: everybody who came in. */
import { BLOCKED, ROLES } from './choices.ts'
import type { Resource } from './types.ts'

export const users: Resource = {
  ...{ name: 'users', path: '/users', label: 'User', plural: 'Users', icon: 'people', group: 'Visits' },
  about: 'The box’s own record of everybody who came in.',
  rights: { read: 'users:read', write: 'users:write' },
  ...{
    id: 'id',
    title: (row) => String(row.phoneNumber),
    extent: 'pages',
    hasOne: true,
    period: 'lastSeenAt',
    audit: 'user',
    can: {}
  },
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
