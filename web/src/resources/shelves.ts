/** Machines and what they tell: weight changes, machine sessions; products. */
import { get } from '#web/api.ts'
import { ACTIVE, BALANCED, CHANGE_STATES, MACHINE_KINDS, MODES, ONLINE, SOURCES, YES_NO } from './choices.ts'
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

export const products: Resource = {
  ...{ name: 'products', path: '/products', label: 'Product', plural: 'Products', icon: 'product', group: 'Shelves' },
  about: 'What can stand on a scale: its weight says how many were taken.',
  rights: { read: 'products:read', write: 'products:write' },
  ...{ id: 'id', title: (row) => String(row.name), extent: 'whole', hasOne: true, audit: 'product' },
  can: { create: true, change: true },
  fields: [
    { name: 'name', label: 'Name', kind: 'text', column: 'shown', input: { on: 'both', required: true } },
    {
      name: 'sku',
      label: 'SKU',
      kind: 'text',
      help: 'Unique; the key of the CSV import.',
      column: 'shown',
      input: { on: 'both', required: true, placeholder: 'COLA-330' }
    },
    { name: 'barcode', label: 'Barcode', kind: 'text', column: 'more', input: { on: 'both' } },
    {
      name: 'weightGrams',
      label: 'Weight',
      kind: 'grams',
      help: 'Of one piece, in grams.',
      column: 'shown',
      input: { on: 'both', required: true }
    },
    {
      name: 'weightToleranceGrams',
      label: 'Tolerance',
      kind: 'grams',
      help: 'How much one piece may differ, in grams.',
      column: 'more',
      input: { on: 'both', initial: 0 }
    },
    { name: 'priceMinor', label: 'Price', kind: 'money', column: 'shown', input: { on: 'both', required: true } },
    {
      name: 'active',
      label: 'State',
      kind: 'boolean',
      either: ACTIVE,
      help: 'One that is not active cannot be put into a planogram.',
      column: 'shown',
      filter: true,
      input: { on: 'both', initial: true }
    },
    { name: 'updatedAt', label: 'Changed', kind: 'time', column: 'more' },
    { name: 'createdAt', label: 'Added', kind: 'time', column: 'more' }
  ],
  actions: [
    {
      ...{ name: 'deactivate', label: 'Deactivate', icon: 'close', right: 'products:write', method: 'PATCH' },
      path: (row) => `/products/${row.id}`,
      body: (row) => ({ active: false, version: row.version }),
      isFor: (row) => row.active === true,
      warning: 'They stay where they stand, and can still be billed; new planograms do not take them.'
    },
    {
      ...{ name: 'activate', label: 'Activate', icon: 'check', right: 'products:write', method: 'PATCH' },
      path: (row) => `/products/${row.id}`,
      body: (row) => ({ active: true, version: row.version }),
      isFor: (row) => row.active === false,
      warning: 'They can be put into planograms again.'
    }
  ]
}

export const weightChanges: Resource = {
  ...{
    name: 'weight-changes',
    path: '/weight-changes',
    label: 'Weight change',
    plural: 'Weight changes',
    icon: 'scale',
    group: 'Shelves'
  },
  about: 'Each time weight left a scale or came to it.',
  rights: { read: 'weight-changes:read' },
  ...{
    id: 'id',
    title: (row) => `${row.status === 'PICKED' ? '−' : '+'}${row.grams} g`,
    extent: 'pages',
    hasOne: false,
    period: 'occurredAt',
    can: {}
  },
  fields: [
    { name: 'occurredAt', label: 'When', kind: 'time', column: 'shown' },
    { name: 'machineId', label: 'Machine', kind: 'reference', to: 'machines', column: 'shown', query: 'machineId' },
    { name: 'scaleId', label: 'Scale', kind: 'text', column: 'shown', query: 'scaleId' },
    { name: 'status', label: 'What', kind: 'choice', choices: CHANGE_STATES, column: 'shown' },
    { name: 'grams', label: 'Weight', kind: 'grams', column: 'shown' },
    { name: 'weightBefore', label: 'Before', kind: 'grams', column: 'more' },
    { name: 'weightAfter', label: 'After', kind: 'grams', column: 'more' },
    { name: 'settled', label: 'Settled', kind: 'boolean', either: YES_NO, column: 'more' },
    { name: 'foundLate', label: 'Found late', kind: 'boolean', either: YES_NO, column: 'more' },
    { name: 'occurredFrom', label: 'Not before', kind: 'time', column: 'more' },
    { name: 'receivedAt', label: 'Received', kind: 'time', column: 'more' },
    { name: 'source', label: 'Told by', kind: 'choice', choices: SOURCES, column: 'shown' },
    { name: 'visitIds', label: 'Visits open then', kind: 'references', to: 'visits', column: 'shown', query: 'visitId' },
    { name: 'machineSessionId', label: 'Machine session', kind: 'reference', to: 'machine-sessions', column: 'more' },
    { name: 'version', label: 'Version', kind: 'number', column: 'more' }
  ]
}

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
