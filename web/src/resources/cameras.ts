/** Cameras: what they see and how their recording fares. */
import { CAMERA_STATES, CAMERA_TAGS, YES_NO } from './choices.ts'
import type { Choice, Resource, Row } from './types.ts'

const TRANSPORTS: Choice[] = [
  { value: 'tcp', label: 'TCP' },
  { value: 'udp', label: 'UDP' }
]

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
