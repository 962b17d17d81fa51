/** Jobs: the timetable. */
import type { Resource } from './types.ts'

export const jobs: Resource = {
  ...{ name: 'jobs', path: '/jobs', label: 'Job', plural: 'Jobs', icon: 'jobs', group: 'House' },
  about: 'The timetable of the box’s own work, as it is kept.',
  rights: { read: 'jobs:read' },
  ...{ id: 'name', title: (row) => String(row.name), extent: 'whole', hasOne: false, can: {} },
  fields: [
    { name: 'name', label: 'Job', kind: 'text', column: 'shown' },
    { name: 'lastStartedAt', label: 'Last run', kind: 'time', column: 'shown' },
    { name: 'lastDurationMs', label: 'Took', kind: 'milliseconds', column: 'shown' },
    { name: 'nextRunAt', label: 'Next run', kind: 'time', column: 'shown' },
    { name: 'runs', label: 'Runs', kind: 'number', column: 'shown' },
    { name: 'failures', label: 'Failures', kind: 'number', column: 'shown' },
    { name: 'lastError', label: 'Last error', kind: 'text', column: 'shown' }
  ]
}
