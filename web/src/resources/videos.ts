/** Videos: clips of the cameras’ feeds. */
import { YES_NO } from './choices.ts'
import type { Choice, Resource } from './types.ts'

const REMOVED: Choice[] = [
  { value: 'age', label: 'Too old' },
  { value: 'quota', label: 'Quota' },
  { value: 'space', label: 'No space' }
]

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
