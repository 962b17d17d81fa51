/** User sessions: logins and logouts. */
import type { Choice, Resource } from './types.ts'

const LOGINS: Choice[] = [
  { value: 'ENTRY_AUTHENTICATED', label: 'Came in', tone: 'good' },
  { value: 'EXIT_AUTHENTICATED', label: 'Went out', tone: 'quiet' }
]

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
