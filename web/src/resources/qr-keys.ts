/** QR keys: whose codes open the doors. */
import type { Choice, Resource } from './types.ts'

const ALGORITHMS: Choice[] = ['EdDSA', 'ES256', 'HS256'].map((value) => ({ value, label: value }))

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
