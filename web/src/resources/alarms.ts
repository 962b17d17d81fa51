/** Alarms: what needs a look. */
import type { Choice, Resource } from './types.ts'

const ALARMS: Choice[] = [
  { value: 'true', label: 'Going on' },
  { value: 'false', label: 'All' }
]

export const alarms: Resource = {
  ...{ name: 'alarms', path: '/alarms', label: 'Alarm', plural: 'Alarms', icon: 'alarm', group: 'House' },
  about: 'What needs a look, and what did.',
  rights: { read: 'alarms:read' },
  ...{ id: 'id', title: (row) => String(row.message), extent: 'pages', hasOne: false, period: 'startedAt', can: {} },
  fields: [
    { name: 'startedAt', label: 'Since', kind: 'time', column: 'shown' },
    { name: 'endedAt', label: 'Until', kind: 'time', column: 'shown' },
    { name: 'open', label: 'Which', kind: 'choice', choices: ALARMS, query: 'open', hidden: true },
    { name: 'kind', label: 'Kind', kind: 'text', column: 'shown' },
    { name: 'subject', label: 'Of', kind: 'text', column: 'more' },
    { name: 'message', label: 'What', kind: 'text', column: 'shown' }
  ]
}
