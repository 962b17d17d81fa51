/** Webhooks: programs elsewhere that are told of events. */
import { EVENT_NAMES } from '#contracts/events.ts'
import { YES_NO } from './choices.ts'
import type { Choice, Resource } from './types.ts'

const STATES: Choice[] = [
  { value: 'working', label: 'Working', tone: 'good' },
  { value: 'failing', label: 'Failing', tone: 'bad' },
  { value: 'disabled', label: 'Disabled' },
  { value: 'gone', label: 'Gone', tone: 'fair' }
]

export const webhooks: Resource = {
  ...{ name: 'webhooks', path: '/webhooks', label: 'Webhook', plural: 'Webhooks', icon: 'upload', group: 'House' },
  about: 'Programs elsewhere that are told of events: signed, and again until they accept.',
  rights: { read: 'webhooks:read', write: 'webhooks:write' },
  ...{ id: 'id', title: (row) => String(row.description ?? row.url), extent: 'whole', hasOne: true, audit: 'webhook' },
  can: { create: true, change: true },
  secret: 'secret',
  fields: [
    {
      name: 'url',
      label: 'URL',
      kind: 'text',
      help: 'https://, or http:// to an address of this box or its own network.',
      column: 'shown',
      input: { on: 'both', required: true, placeholder: 'https://till.example/niflr' }
    },
    {
      name: 'description',
      label: 'What it is',
      kind: 'text',
      help: 'Which program it is, for people.',
      column: 'shown',
      input: { on: 'both' }
    },
    {
      name: 'state',
      label: 'State',
      kind: 'choice',
      choices: STATES,
      help: 'Gone: it answered that it wants to be told no more.',
      column: 'shown',
      filter: true
    },
    {
      name: 'events',
      label: 'Events',
      kind: 'choices',
      choices: EVENT_NAMES.map((name) => ({ value: name, label: name })),
      none: 'all',
      help: 'None chosen: it is told of all of them.',
      column: 'more',
      input: { on: 'both' }
    },
    {
      name: 'enabled',
      label: 'Enabled',
      kind: 'boolean',
      either: YES_NO,
      help: 'What happens while it is disabled is not kept for it.',
      column: 'more',
      input: { on: 'both', initial: true }
    },
    { name: 'pending', label: 'Waiting', kind: 'number', help: 'Deliveries that have still to be accepted.', column: 'shown' },
    { name: 'failed', label: 'Given up', kind: 'number', help: 'Of the last 30 days.', column: 'shown' },
    { name: 'lastDeliveredAt', label: 'Last accepted', kind: 'time', column: 'shown' },
    { name: 'failingSince', label: 'Fails since', kind: 'time', column: 'more' },
    { name: 'nextAttemptAt', label: 'Next attempt', kind: 'time', column: 'more' },
    { name: 'oldestPendingAt', label: 'Oldest waits since', kind: 'time', column: 'more' },
    { name: 'id', label: 'Webhook id', kind: 'text', column: 'more' },
    { name: 'createdAt', label: 'Made', kind: 'time', column: 'more' },
    { name: 'retiredAt', label: 'Retired', kind: 'time', column: 'more' }
  ],
  actions: [
    {
      ...{ name: 'secret', label: 'New secret', icon: 'key', right: 'webhooks:write', method: 'POST' },
      path: (row) => `/webhooks/${row.id}/secret`,
      isFor: (row) => !row.retiredAt,
      warning: 'The secret it has now ends at once. What the program refuses meanwhile is sent again until it knows the new one.',
      secret: 'secret'
    },
    {
      ...{ name: 'retire', label: 'Retire', icon: 'trash', tone: 'danger', right: 'webhooks:write', method: 'DELETE' },
      path: (row) => `/webhooks/${row.id}`,
      isFor: (row) => !row.retiredAt,
      warning: 'It is told nothing more, and what waits for it is given up.',
      dependants: async ({ pending }) => (Number(pending) > 0 ? [`${pending} deliveries wait for it`] : [])
    }
  ]
}
