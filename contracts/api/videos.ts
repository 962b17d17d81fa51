/** Videos: clips of a camera's feed, with wall-clock start and end; gaps: the time of which there is none, and why. */
import { type Static, Type } from 'typebox'
import { Nullable, SpanQuery, Time, Uuid } from './shared.ts'

export const GapCause = Type.Union([
  Type.Literal('offline'),
  Type.Literal('restart'),
  Type.Literal('disk'),
  Type.Literal('clock'),
  Type.Literal('disabled')
])
export type GapCause = Static<typeof GapCause>

export const VideoGap = Type.Object({
  from: Time,
  to: Nullable(Type.String({ format: 'date-time', description: 'null while it lasts' })),
  cause: GapCause
})
export type VideoGap = Static<typeof VideoGap>

export const Video = Type.Object({
  id: Uuid,
  cameraId: Uuid,
  startTime: Time,
  endTime: Nullable(Type.String({ format: 'date-time', description: 'null while it is being recorded' })),
  url: Type.String({ description: 'where its content is' }),
  bytes: Type.Integer({ description: 'so far, while it is being recorded' }),
  codecs: Nullable(Type.String({ description: 'RFC 6381, e.g. avc1.64001f' })),
  width: Nullable(Type.Integer()),
  height: Nullable(Type.Integer()),
  isMissing: Type.Boolean({ description: 'its file is gone, and there is no copy of it' }),
  removedFor: Nullable(
    Type.Union([Type.Literal('age'), Type.Literal('quota'), Type.Literal('space')], {
      description: 'it was removed on purpose: too old, or no space for it'
    })
  ),
  uploadedAt: Nullable(
    Type.String({ format: 'date-time', description: 'since when a whole copy is known to be in the upload store' })
  ),
  gaps: Type.Array(VideoGap, { description: 'within it, and on either side of it' })
})
export type Video = Static<typeof Video>

export const VideoQuery = Type.Object({
  ...SpanQuery,
  cameraId: Type.Optional(Uuid),
  from: Type.Optional(Type.String({ format: 'date-time', description: 'videos that end after it' })),
  to: Type.Optional(Type.String({ format: 'date-time', description: 'videos that start before it' }))
})
export type VideoQuery = Static<typeof VideoQuery>
