/** Carts: what a visit comes to. */
import { CART_STATES } from './choices.ts'
import type { Resource, Row } from './types.ts'

/** Before that nobody knows what it comes to: it is not nothing. */
const wasSettled = (row: Row) => row.firstSettledAt !== null

export const carts: Resource = {
  ...{ name: 'carts', path: '/carts', label: 'Cart', plural: 'Carts', icon: 'cart', group: 'Visits' },
  about: 'What a visit comes to once all its tickets are complete.',
  rights: { read: 'carts:read' },
  ...{
    id: 'id',
    title: (row) => `Cart …${String(row.id).slice(-6)}`,
    extent: 'pages',
    hasOne: false,
    period: 'createdAt',
    can: {}
  },
  fields: [
    { name: 'createdAt', label: 'Made', kind: 'time', column: 'shown' },
    { name: 'status', label: 'State', kind: 'choice', choices: CART_STATES, column: 'shown', query: 'status' },
    { name: 'visitId', label: 'Visit', kind: 'reference', to: 'visits', column: 'shown' },
    { name: 'userId', label: 'User', kind: 'reference', to: 'users', column: 'shown', query: 'userId' },
    { name: 'lines.length', label: 'Lines', kind: 'number', column: 'shown', isFor: wasSettled },
    { name: 'totalMinor', label: 'Total', kind: 'money', column: 'shown', isFor: wasSettled, help: 'as last settled' },
    { name: 'settledAt', label: 'Settled', kind: 'time', column: 'shown' },
    { name: 'firstSettledAt', label: 'First settled', kind: 'time', column: 'more' },
    { name: 'version', label: 'Version', kind: 'number', column: 'more' }
  ]
}
