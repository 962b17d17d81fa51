/** Scanners: the QR readers at the doors. */
import { get } from '#web/api.ts'
import { DOOR_TAGS, ONLINE } from './choices.ts'
import type { Resource, Row } from './types.ts'

export const scanners: Resource = {
  ...{ name: 'scanners', path: '/scanners', label: 'Scanner', plural: 'Scanners', icon: 'scanner', group: 'Doors and cameras' },
  about: 'The QR readers at the doors.',
  rights: { read: 'scanners:read', write: 'scanners:write' },
  ...{ id: 'id', title: (row) => String(row.name), extent: 'whole', hasOne: true, audit: 'scanner' },
  can: { create: true, change: true },
  secret: 'deviceKey',
  fields: [
    {
      name: 'name',
      label: 'Name',
      kind: 'text',
      help: 'Where it is: “front door”.',
      column: 'shown',
      input: { on: 'both', required: true }
    },
    {
      name: 'tag',
      label: 'Opens',
      kind: 'choice',
      choices: DOOR_TAGS,
      help: 'A scanner lets people in or out, never both.',
      column: 'shown',
      filter: true,
      input: { on: 'both', required: true, initial: 'ENTRY' }
    },
    {
      name: 'online',
      label: 'State',
      kind: 'boolean',
      either: ONLINE,
      help: 'Connected over MQTT; one that speaks HTTP is never shown as online.',
      column: 'shown',
      filter: true
    },
    { name: 'lastScanAt', label: 'Last scan', kind: 'time', column: 'shown' },
    {
      name: 'lastScanMs',
      label: 'Answered in',
      kind: 'milliseconds',
      help: 'How long the box took to answer the last code, since it was started.',
      column: 'more'
    },
    { name: 'lastRefusal.reason', label: 'Last refusal', kind: 'text', column: 'shown' },
    { name: 'lastRefusal.at', label: 'Refused', kind: 'time', column: 'more' },
    { name: 'id', label: 'Scanner id', kind: 'text', column: 'more' },
    { name: 'createdAt', label: 'Onboarded', kind: 'time', column: 'more' },
    { name: 'retiredAt', label: 'Retired', kind: 'time', column: 'more' }
  ],
  actions: [
    {
      ...{ name: 'key', label: 'New device key', icon: 'key', right: 'device-keys:write', method: 'POST' },
      path: (row) => `/scanners/${row.id}/device-key`,
      isFor: (row) => !row.retiredAt,
      warning: 'The key it has now ends at once: the door stays shut until the new one is set.',
      secret: 'deviceKey'
    },
    {
      ...{ name: 'retire', label: 'Retire', icon: 'trash', tone: 'danger', right: 'scanners:write', method: 'DELETE' },
      path: (row) => `/scanners/${row.id}`,
      isFor: (row) => !row.retiredAt,
      warning: 'Its key ends at once. Its history stays.',
      dependants: async ({ tag }: Row) => {
        const { openVisits } = await get<{ openVisits: number }>('/store')
        return tag === 'EXIT' ? [`${openVisits} people are inside, who may need it to leave`] : []
      }
    }
  ]
}
