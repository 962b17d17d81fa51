/** Playing videos: windows of a camera's time, thumbnails, and links that a browser can use without headers. */
import { type Static, Type } from 'typebox'
import { Time, Uuid } from './shared.ts'

/** What a signed link brings beside its own times; whoever sends a credential leaves both out. */
const signed = {
  exp: Type.Optional(Type.String({ maxLength: 12, description: 'of a signed link: when it ends, Unix seconds' })),
  sig: Type.Optional(Type.String({ maxLength: 100, description: 'of a signed link' }))
}
const from = Type.String({
  format: 'date-time',
  description: 'from here on; the fragment that holds it is shown whole',
  examples: ['2026-01-09T10:00:00.000Z']
})
const to = Type.String({ format: 'date-time', description: 'up to here', examples: ['2026-01-09T10:05:00.000Z'] })

export const WindowQuery = Type.Object({ from, to, ...signed })
export type WindowQuery = Static<typeof WindowQuery>

export const ContentQuery = Type.Object({ from: Type.Optional(from), to: Type.Optional(to), ...signed })
export type ContentQuery = Static<typeof ContentQuery>

const at = Type.String({
  format: 'date-time',
  description: 'the keyframe nearest to it is shown',
  examples: ['2026-01-09T10:02:00.000Z']
})
export const VideoThumbnailQuery = Type.Object({ at: Type.Optional(at), ...ContentQuery.properties })
export const CameraThumbnailQuery = Type.Object({ at, ...ContentQuery.properties })

/** What a camera shows of a window, as links that need no sign-in until they end. */
export const Footage = Type.Object({
  cameraId: Uuid,
  playlistUrl: Type.String({ description: 'HLS: what there is of the window, also while it is being recorded' }),
  exportUrl: Type.String({ description: 'the same as one MP4' }),
  thumbnailUrl: Type.String({ description: 'add &at=TIME of the window' }),
  linksEndAt: Time
})
export type Footage = Static<typeof Footage>
