/** Machine sessions: time slices in which the books must balance. */
import { BALANCED, MODES } from './choices.ts'
import type { Resource } from './types.ts'

export const machineSessions: Resource = {
  ...{
    name: 'machine-sessions',
    path: '/machine-sessions',
    label: 'Machine session',
    plural: 'Machine sessions',
    icon: 'book',
    group: 'Shelves'
  },
  about: 'One machine’s time slice: opening weights and changes must add up to the closing weights.',
  rights: { read: 'machine-sessions:read' },
  ...{ id: 'id', title: (row) => `Machine ${row.machineId}`, extent: 'pages', hasOne: true, period: 'startedAt', can: {} },
  fields: [
    { name: 'startedAt', label: 'Began', kind: 'time', column: 'shown' },
    { name: 'endedAt', label: 'Ended', kind: 'time', column: 'shown' },
    { name: 'machineId', label: 'Machine', kind: 'reference', to: 'machines', column: 'shown', query: 'machineId' },
    { name: 'isBalanced', label: 'Books', kind: 'boolean', either: BALANCED, column: 'shown' },
    { name: 'storeMode', label: 'Store mode', kind: 'choice', choices: MODES, column: 'shown' },
    { name: 'heartbeatsSeen', label: 'Heartbeats', kind: 'number', column: 'shown' },
    { name: 'heartbeatsMissed', label: 'Missed', kind: 'number', column: 'shown' },
    { name: 'scales', label: 'Scales', kind: 'facts' }
  ]
}
