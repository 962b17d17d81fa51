/** Visits: from login to logout. */
import { ROLES } from './choices.ts'
import type { Choice, Resource } from './types.ts'

const OPEN: Choice[] = [
  { value: 'true', label: 'Inside now' },
  { value: 'false', label: 'Has left' }
]

export const visits: Resource = {
  ...{ name: 'visits', path: '/visits', label: 'Visit', plural: 'Visits', icon: 'door', group: 'Visits' },
  about: 'The time between a login and a logout.',
  rights: { read: 'visits:read' },
  ...{
    id: 'id',
    title: (row) => `Visit …${String(row.id).slice(-6)}`,
    extent: 'pages',
    hasOne: true,
    period: 'enteredAt',
    audit: 'visit',
    can: {}
  },
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
