/** Scanners, cameras and their videos. */
import { get } from '#web/api.ts'
import { CAMERA_STATES, CAMERA_TAGS, DOOR_TAGS, ONLINE, YES_NO } from './choices.ts'
import type { Choice, Resource, Row } from './types.ts'

const TRANSPORTS: Choice[] = [
  { value: 'tcp', label: 'TCP' },
  { value: 'udp', label: 'UDP' }
]
const REMOVED: Choice[] = [
  { value: 'age', label: 'Too old' },
  { value: 'quota', label: 'Quota' },
  { value: 'space', label: 'No space' }
]

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

export const cameras: Resource = {
  ...{ name: 'cameras', path: '/cameras', label: 'Camera', plural: 'Cameras', icon: 'camera', group: 'Doors and cameras' },
  about: 'Each records its live feed as videos.',
  rights: { read: 'cameras:read', write: 'cameras:write' },
  ...{ id: 'id', title: (row) => String(row.name), extent: 'whole', hasOne: true, audit: 'camera' },
  can: { create: true, change: true },
  fields: [
    { name: 'name', label: 'Name', kind: 'text', column: 'shown', input: { on: 'both', required: true } },
    {
      name: 'tag',
      label: 'Sees',
      kind: 'choice',
      choices: CAMERA_TAGS,
      column: 'shown',
      filter: true,
      input: { on: 'both', required: true, initial: 'IN_STORE' }
    },
    { name: 'state', label: 'State', kind: 'choice', choices: CAMERA_STATES, column: 'shown', filter: true },
    { name: 'stateReason', label: 'Why', kind: 'text', column: 'more' },
    {
      ...{ name: 'streamUrl', label: 'Stream', kind: 'text', column: 'more' },
      help: 'rtsp://, rtsps:// or rtmp://, with user and password where the camera wants them. A password shown as *** stays as it is.',
      input: { on: 'both', required: true, placeholder: 'rtsp://user:password@192.168.1.20/stream1' }
    },
    {
      name: 'transport',
      label: 'Transport',
      kind: 'choice',
      choices: TRANSPORTS,
      column: 'more',
      input: { on: 'both', initial: 'tcp' }
    },
    {
      name: 'machineIds',
      label: 'Machines it sees',
      kind: 'references',
      to: 'machines',
      help: 'Their tickets get its videos.',
      column: 'shown',
      input: { on: 'both', initial: [] }
    },
    {
      name: 'enabled',
      label: 'Records',
      kind: 'boolean',
      either: YES_NO,
      column: 'more',
      filter: true,
      input: { on: 'both', initial: true }
    },
    { name: 'lastFrameAt', label: 'Last frame', kind: 'time', column: 'shown' },
    { name: 'health.framesPerSecond', label: 'Frames/s', kind: 'number', column: 'shown' },
    { name: 'health.bitsPerSecond', label: 'Bits/s', kind: 'number', column: 'more' },
    { name: 'health.width', label: 'Width', kind: 'number', column: 'more' },
    { name: 'health.height', label: 'Height', kind: 'number', column: 'more' },
    { name: 'health.codecs', label: 'Codec', kind: 'text', column: 'more' },
    { name: 'health.gaps24h', label: 'Gaps in 24 h', kind: 'number', column: 'shown' },
    { name: 'health.restarts', label: 'Restarts', kind: 'number', column: 'more' },
    { name: 'createdAt', label: 'Onboarded', kind: 'time', column: 'more' },
    { name: 'retiredAt', label: 'Retired', kind: 'time', column: 'more' }
  ],
  actions: [
    {
      ...{ name: 'off', label: 'Stop recording', icon: 'pause', right: 'cameras:write', method: 'PATCH' },
      path: (row) => `/cameras/${row.id}`,
      body: (row) => ({ enabled: false, version: row.version }),
      isFor: (row) => row.enabled === true && !row.retiredAt,
      warning: 'Tickets get no video of it until it records again.'
    },
    {
      ...{ name: 'on', label: 'Record', icon: 'play', right: 'cameras:write', method: 'PATCH' },
      path: (row) => `/cameras/${row.id}`,
      body: (row) => ({ enabled: true, version: row.version }),
      isFor: (row) => row.enabled === false && !row.retiredAt,
      warning: 'Recording begins at once.'
    },
    {
      ...{ name: 'retire', label: 'Retire', icon: 'trash', tone: 'danger', right: 'cameras:write', method: 'DELETE' },
      path: (row) => `/cameras/${row.id}`,
      isFor: (row) => !row.retiredAt,
      warning: 'Its recording ends. Its videos stay as long as others do.',
      dependants: async ({ machineIds }: Row) => [
        `tickets of ${(machineIds as string[]).length} machines get no video of it any more`
      ]
    }
  ]
}

export const videos: Resource = {
  ...{ name: 'videos', path: '/videos', label: 'Video', plural: 'Videos', icon: 'film', group: 'Doors and cameras' },
  about: 'Clips of the cameras’ feeds, those still being recorded among them.',
  rights: { read: 'videos:read' },
  ...{
    id: 'id',
    title: (row) => `Video …${String(row.id).slice(-6)}`,
    extent: 'pages',
    hasOne: true,
    period: 'startTime',
    can: {}
  },
  fields: [
    { name: 'startTime', label: 'From', kind: 'time', column: 'shown' },
    { name: 'endTime', label: 'To', kind: 'time', column: 'shown' },
    { name: 'cameraId', label: 'Camera', kind: 'reference', to: 'cameras', column: 'shown', query: 'cameraId' },
    { name: 'bytes', label: 'Size', kind: 'bytes', column: 'shown' },
    { name: 'gaps.length', label: 'Gaps', kind: 'number', column: 'shown' },
    { name: 'codecs', label: 'Codec', kind: 'text', column: 'more' },
    { name: 'width', label: 'Width', kind: 'number', column: 'more' },
    { name: 'height', label: 'Height', kind: 'number', column: 'more' },
    { name: 'isMissing', label: 'File gone', kind: 'boolean', either: YES_NO, column: 'more' },
    { name: 'removedFor', label: 'Removed for', kind: 'choice', choices: REMOVED, column: 'more' }
  ]
}
