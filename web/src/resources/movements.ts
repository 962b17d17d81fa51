/** Movements: what inference makes of weight changes. */
import type { Resource } from './types.ts'

export const movements: Resource = {
  ...{ name: 'movements', path: '/movements', label: 'Movement', plural: 'Movements', icon: 'refresh', group: 'Shelves' },
  about: 'What inference makes of weight changes: one action of one shopper each, with how sure that is.',
  rights: { read: 'movements:read' },
  ...{
    id: 'id',
    title: (row) => `Movement …${String(row.id).slice(-6)}`,
    extent: 'pages',
    hasOne: false,
    period: 'occurredAt',
    can: {}
  },
  fields: [
    { name: 'occurredAt', label: 'When', kind: 'time', column: 'shown' },
    { name: 'machineId', label: 'Machine', kind: 'reference', to: 'machines', column: 'shown', query: 'machineId' },
    { name: 'visitId', label: 'Visit', kind: 'reference', to: 'visits', column: 'shown', query: 'visitId' },
    { name: 'productId', label: 'Product', kind: 'reference', to: 'products', column: 'shown' },
    { name: 'quantity', label: 'Pieces', kind: 'number', help: 'Negative: put back.', column: 'shown' },
    { name: 'returned', label: 'Put back later', kind: 'number', column: 'more' },
    { name: 'confidence', label: 'Confidence', kind: 'share', column: 'shown' },
    { name: 'reasons', label: 'Why not surer', kind: 'words', column: 'shown' },
    { name: 'weightChangeIds.length', label: 'Weight changes', kind: 'number', column: 'more' },
    { name: 'version', label: 'Version', kind: 'number', column: 'more' }
  ]
}
