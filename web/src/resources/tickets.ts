/** Tickets: one machine’s part of a visit. */
import { ROLES, TICKET_STATES } from './choices.ts'
import type { Choice, Resource } from './types.ts'

const ESCALATED: Choice[] = [
  { value: 'true', label: 'Waits for an admin' },
  { value: 'false', label: 'Not escalated' }
]
const CONTESTED: [Choice, Choice] = [
  { value: 'true', label: 'Contested', tone: 'bad' },
  { value: 'false', label: 'Not contested' }
]

export const tickets: Resource = {
  ...{ name: 'tickets', path: '/tickets', label: 'Ticket', plural: 'Tickets', icon: 'ticket', group: 'Visits' },
  about: 'One machine’s part of one visit, for review.',
  rights: { read: 'tickets:read' },
  ...{ id: 'id', title: (row) => String(row.number), extent: 'pages', hasOne: true, period: 'endTime', audit: 'ticket', can: {} },
  fields: [
    { name: 'number', label: 'Number', kind: 'text', column: 'shown' },
    { name: 'status', label: 'State', kind: 'choice', choices: TICKET_STATES, column: 'shown', query: 'status' },
    { name: 'startTime', label: 'Login', kind: 'time', column: 'shown' },
    { name: 'endTime', label: 'Logout', kind: 'time', column: 'shown' },
    { name: 'machineId', label: 'Machine', kind: 'reference', to: 'machines', column: 'shown', query: 'machineId' },
    { name: 'visitId', label: 'Visit', kind: 'reference', to: 'visits', column: 'more', query: 'visitId' },
    { name: 'userId', label: 'User', kind: 'reference', to: 'users', column: 'more', query: 'userId' },
    { name: 'role', label: 'Role', kind: 'choice', choices: ROLES, column: 'more' },
    { name: 'weightChanges.length', label: 'Changes', kind: 'number', column: 'shown' },
    { name: 'lines.length', label: 'Lines', kind: 'number', column: 'shown' },
    { name: 'claimedByName', label: 'Held by', kind: 'text', column: 'shown' },
    { name: 'completedBy', label: 'Completed by', kind: 'text', column: 'more' },
    { name: 'completedAt', label: 'Completed', kind: 'time', column: 'more' },
    { name: 'reopenReason', label: 'Reopened for', kind: 'text', column: 'more' },
    { name: 'escalated', label: 'Escalated', kind: 'choice', choices: ESCALATED, query: 'escalated', hidden: true },
    { name: 'escalation.note', label: 'Escalated with', kind: 'text', column: 'more' },
    { name: 'contested', label: 'Contested', kind: 'boolean', either: CONTESTED, column: 'more', query: 'contested' },
    { name: 'note', label: 'Note', kind: 'text', column: 'more' },
    { name: 'version', label: 'Version', kind: 'number', column: 'more' }
  ],
  actions: [
    {
      ...{ name: 'reopen', label: 'Reopen', icon: 'undo', right: 'tickets:reopen', method: 'POST' },
      path: (row) => `/tickets/${row.id}/reopen`,
      body: (_row, reason) => ({ reason }),
      isFor: (row) => row.status === 'REVIEW_COMPLETE',
      warning: 'The visit’s cart is reopened with it, until the ticket is completed again.',
      ask: { label: 'Why?', required: true }
    }
  ]
}
