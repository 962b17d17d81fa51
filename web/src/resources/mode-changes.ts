/** Store mode changes. */
import { MODES, YES_NO } from './choices.ts'
import type { Resource } from './types.ts'

export const modeChanges: Resource = {
  ...{
    name: 'mode-changes',
    path: '/store/mode-changes',
    label: 'Mode change',
    plural: 'Mode changes',
    icon: 'mode',
    group: 'House'
  },
  about: 'When the store opened, closed and was refilled, and by whom.',
  rights: { read: 'store:read' },
  ...{ id: 'id', title: (row) => String(row.toMode), extent: 'pages', hasOne: false, period: 'at', can: {} },
  fields: [
    { name: 'at', label: 'When', kind: 'time', column: 'shown' },
    { name: 'fromMode', label: 'From', kind: 'choice', choices: MODES, column: 'shown' },
    { name: 'toMode', label: 'To', kind: 'choice', choices: MODES, column: 'shown' },
    { name: 'changedBy', label: 'By', kind: 'text', column: 'shown' },
    { name: 'forced', label: 'Customers were inside', kind: 'boolean', either: YES_NO, column: 'shown' }
  ]
}
