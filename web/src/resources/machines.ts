/** Machines: fixtures on scales. */
import { get } from '#web/api.ts'
import { MACHINE_KINDS, ONLINE, YES_NO } from './choices.ts'
import type { Resource, Row } from './types.ts'

export const machines: Resource = {
  ...{ name: 'machines', path: '/machines', label: 'Machine', plural: 'Machines', icon: 'machine', group: 'Shelves' },
  about: 'Shelves, coolers and cabinets that stand on scales.',
  rights: { read: 'machines:read', write: 'machines:write' },
  ...{ id: 'machineId', title: (row) => String(row.displayName), extent: 'whole', hasOne: true, audit: 'machine' },
  can: { create: true, change: true },
  secret: 'deviceKey',
  fields: [
    {
      ...{ name: 'machineId', label: 'Machine id', kind: 'text', column: 'shown' },
      help: 'As printed on it: letters, digits, dot, dash and underscore. It cannot be changed later.',
      input: { on: 'create', required: true, placeholder: '1644496921479' }
    },
    {
      name: 'displayName',
      label: 'Name',
      kind: 'text',
      help: 'What people call it.',
      column: 'shown',
      input: { on: 'both', required: true }
    },
    {
      name: 'kind',
      label: 'Kind',
      kind: 'choice',
      choices: MACHINE_KINDS,
      column: 'shown',
      filter: true,
      input: { on: 'both', required: true, initial: 'shelf' }
    },
    { name: 'online', label: 'State', kind: 'boolean', either: ONLINE, column: 'shown', filter: true },
    { name: 'lastHeartbeatAt', label: 'Last heartbeat', kind: 'time', column: 'shown' },
    { name: 'scaleCount', label: 'Scales', kind: 'number', column: 'shown' },
    { name: 'locked', label: 'Locked', kind: 'boolean', either: YES_NO, column: 'more', filter: true },
    { name: 'usualIntervalMs', label: 'Sends every', kind: 'milliseconds', column: 'more' },
    {
      name: 'clockOffsetMs',
      label: 'Clock offset',
      kind: 'milliseconds',
      help: 'The box’s clock minus the machine’s; empty while its clock is not to be trusted.',
      column: 'more'
    },
    { name: 'createdAt', label: 'Onboarded', kind: 'time', column: 'more' },
    { name: 'retiredAt', label: 'Retired', kind: 'time', column: 'more' }
  ],
  notice: ({ reportsSeldom, usualIntervalMs }) =>
    reportsSeldom
      ? `It sends every ${(Number(usualIntervalMs) / 1000).toFixed(1)} s: what shoppers take within that time cannot be told apart, and more carts are wrong. Set it to send once a second, or every two.`
      : null,
  actions: [
    {
      ...{ name: 'key', label: 'New device key', icon: 'key', right: 'device-keys:write', method: 'POST' },
      path: (row) => `/machines/${row.machineId}/device-key`,
      isFor: (row) => !row.retiredAt,
      warning: 'The key it has now ends at once: the machine is not heard until the new one is set on it.',
      secret: 'deviceKey'
    },
    {
      ...{ name: 'retire', label: 'Retire', icon: 'trash', tone: 'danger', right: 'machines:write', method: 'DELETE' },
      path: (row) => `/machines/${row.machineId}`,
      isFor: (row) => !row.retiredAt,
      warning: 'Its key ends and no new ticket is made for it. Its history stays.',
      dependants: machineDependants
    }
  ]
}

async function machineDependants({ machineId, scaleCount }: Row): Promise<string[]> {
  const [planogram, tickets] = await Promise.all([
    get<{ facings: unknown[] }>(`/machines/${machineId}/planogram`),
    get<{ items: unknown[]; nextCursor: string | null }>('/tickets', { machineId: String(machineId), status: 'TO_BE_REVIEWED' })
  ])
  const open = `${tickets.items.length}${tickets.nextCursor ? ' or more' : ''}`
  return [`${scaleCount} scales`, `${planogram.facings.length} products of its planogram`, `${open} tickets to be reviewed`]
}
