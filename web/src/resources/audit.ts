/** The audit trail. */
import type { Choice, Resource } from './types.ts'

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

export const audit: Resource = {
  ...{ name: 'audit', path: '/audit', label: 'Entry', plural: 'Audit trail', icon: 'history', group: 'House' },
  about: 'Who did what, and when; each entry is sealed by the one after it.',
  rights: { read: 'audit:read' },
  ...{ id: 'id', title: (row) => `${row.resource} ${row.action}`, extent: 'pages', hasOne: false, period: 'at', can: {} },
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
