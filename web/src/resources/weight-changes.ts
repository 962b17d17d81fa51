/** Weight changes: what left a scale or came to it. */
import { CHANGE_STATES, SOURCES, YES_NO } from './choices.ts'
import type { Resource } from './types.ts'

export const weightChanges: Resource = {
  ...{
    name: 'weight-changes',
    path: '/weight-changes',
    label: 'Weight change',
    plural: 'Weight changes',
    icon: 'scale',
    group: 'Shelves'
  },
  about: 'Each time weight left a scale or came to it.',
  rights: { read: 'weight-changes:read' },
  ...{
    id: 'id',
    title: (row) => `${row.status === 'PICKED' ? '−' : '+'}${row.grams} g`,
    extent: 'pages',
    hasOne: false,
    period: 'occurredAt',
    can: {}
  },
  fields: [
    { name: 'occurredAt', label: 'When', kind: 'time', column: 'shown' },
    { name: 'machineId', label: 'Machine', kind: 'reference', to: 'machines', column: 'shown', query: 'machineId' },
    { name: 'scaleId', label: 'Scale', kind: 'text', column: 'shown', query: 'scaleId' },
    { name: 'status', label: 'What', kind: 'choice', choices: CHANGE_STATES, column: 'shown' },
    { name: 'grams', label: 'Weight', kind: 'grams', column: 'shown' },
    { name: 'weightBefore', label: 'Before', kind: 'grams', column: 'more' },
    { name: 'weightAfter', label: 'After', kind: 'grams', column: 'more' },
    { name: 'settled', label: 'Settled', kind: 'boolean', either: YES_NO, column: 'more' },
    { name: 'foundLate', label: 'Found late', kind: 'boolean', either: YES_NO, column: 'more' },
    { name: 'occurredFrom', label: 'Not before', kind: 'time', column: 'more' },
    { name: 'receivedAt', label: 'Received', kind: 'time', column: 'more' },
    { name: 'source', label: 'Told by', kind: 'choice', choices: SOURCES, column: 'shown' },
    { name: 'visitIds', label: 'Visits open then', kind: 'references', to: 'visits', column: 'shown', query: 'visitId' },
    { name: 'machineSessionId', label: 'Machine session', kind: 'reference', to: 'machine-sessions', column: 'more' },
    { name: 'version', label: 'Version', kind: 'number', column: 'more' }
  ]
}
