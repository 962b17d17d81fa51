/** API tokens. */
import type { Resource } from './types.ts'

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
