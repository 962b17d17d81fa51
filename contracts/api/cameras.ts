/** Cameras: where their stream comes from, which machines they see, how their recording fares. */
import { type Static, Type } from 'typebox'
import { DeviceId, Nullable, PageQuery, Time, Uuid, Version } from './shared.ts'

export const CameraTag = Type.Union([
  Type.Literal('ENTRY'),
  Type.Literal('EXIT'),
  Type.Literal('IN_STORE'),
  Type.Literal('OUT_OF_STORE')
])
export type CameraTag = Static<typeof CameraTag>
export const CameraTransport = Type.Union([Type.Literal('tcp'), Type.Literal('udp')])
export type CameraTransport = Static<typeof CameraTransport>

/**
 * recording: frames come and are written · connecting: it was asked and has not sent a frame yet · retrying: it refused, or fell silent, and
 * is asked again soon · waiting-for-clock: the box's clock is not synchronised yet · disabled: nobody wants it · not-possible: no ffmpeg, or
 * a password that cannot be read any more; `stateReason` says which.
 */
export const CameraState = Type.Union([
  Type.Literal('recording'),
  Type.Literal('connecting'),
  Type.Literal('retrying'),
  Type.Literal('waiting-for-clock'),
  Type.Literal('disabled'),
  Type.Literal('not-possible')
])
export type CameraState = Static<typeof CameraState>

const name = Type.String({ minLength: 1, maxLength: 100, pattern: '\\S' })
const streamUrl = Type.String({
  minLength: 1,
  maxLength: 2000,
  description:
    'rtsp://, rtsps://, rtmp:// or rtmps://, with user and password where the camera wants them; test:// is a test picture'
})
const machineIds = Type.Array(DeviceId, { maxItems: 200, uniqueItems: true, description: 'the machines that it sees' })
const strict = { additionalProperties: false }

export const CameraInput = Type.Object(
  {
    name,
    tag: CameraTag,
    streamUrl,
    transport: Type.Optional(CameraTransport),
    machineIds: Type.Optional(machineIds),
    enabled: Type.Optional(Type.Boolean())
  },
  strict
)
export type CameraInput = Static<typeof CameraInput>

/** A `streamUrl` as it was shown, with its ***, stands for the one that is stored. */
export const CameraChange = Type.Object(
  {
    name: Type.Optional(name),
    tag: Type.Optional(CameraTag),
    streamUrl: Type.Optional(streamUrl),
    transport: Type.Optional(CameraTransport),
    machineIds: Type.Optional(machineIds),
    enabled: Type.Optional(Type.Boolean()),
    version: Type.Optional(Version)
  },
  { ...strict, minProperties: 1 }
)
export type CameraChange = Static<typeof CameraChange>

export const CameraQuery = Type.Object({
  ...PageQuery,
  retired: Type.Optional(Type.Boolean({ description: 'retired ones too' }))
})
export type CameraQuery = Static<typeof CameraQuery>

export const CameraHealth = Type.Object({
  lastFrameAgeMs: Nullable(Type.Integer({ description: 'null: no frame since the server started' })),
  bitsPerSecond: Nullable(Type.Integer({ description: 'of the last 10 s' })),
  framesPerSecond: Nullable(Type.Number({ description: 'of the last 10 s' })),
  codecs: Nullable(Type.String({ description: 'RFC 6381, e.g. avc1.64001f' })),
  width: Nullable(Type.Integer()),
  height: Nullable(Type.Integer()),
  restarts: Type.Integer({ description: 'how often its recorder was started anew since the server started' }),
  gaps24h: Type.Integer({ description: 'gaps in the last 24 hours' }),
  gapSeconds24h: Type.Number({ description: 'how long they were in all' })
})
export type CameraHealth = Static<typeof CameraHealth>

export const Camera = Type.Object({
  id: Uuid,
  name: Type.String(),
  tag: CameraTag,
  streamUrl: Type.String({ description: 'passwords are shown as ***' }),
  transport: CameraTransport,
  machineIds: Type.Array(DeviceId),
  enabled: Type.Boolean(),
  state: CameraState,
  stateReason: Nullable(Type.String({ description: 'for people: why it is not recording' })),
  online: Type.Boolean({ description: 'a frame came within the last 15 s' }),
  lastFrameAt: Nullable(Time),
  health: CameraHealth,
  createdAt: Time,
  retiredAt: Nullable(Time),
  version: Version
})
export type Camera = Static<typeof Camera>

/** A camera as those see it who watch its videos: nothing of where its stream comes from. */
export const CameraView = Type.Object({
  id: Uuid,
  name: Type.String(),
  tag: CameraTag,
  machineIds: Type.Array(DeviceId),
  retiredAt: Nullable(Time)
})
export type CameraView = Static<typeof CameraView>

export const StreamTestInput = Type.Object({ streamUrl, transport: Type.Optional(CameraTransport) }, strict)
export type StreamTestInput = Static<typeof StreamTestInput>

export const StreamTest = Type.Object({
  codec: Type.String({ description: 'h264, hevc, mjpeg …' }),
  codecs: Nullable(Type.String({ description: 'RFC 6381; null where it is none that mp4 can hold' })),
  profile: Nullable(Type.String()),
  width: Type.Integer(),
  height: Type.Integer(),
  framesPerSecond: Nullable(Type.Number()),
  bitsPerSecond: Nullable(Type.Integer()),
  keyframeEverySeconds: Nullable(Type.Number({ description: 'GOP; null when fewer than two keyframes were seen' })),
  hasBFrames: Type.Boolean(),
  isPlayableInBrowsers: Type.Boolean(),
  gigabytesPerDay: Nullable(Type.Number()),
  quotaDays: Nullable(Type.Number({ description: 'how long CLIP_QUOTA_GB lasts for this camera alone' })),
  clipsPerDay: Type.Integer(),
  snapshot: Nullable(Type.String({ description: 'JPEG, base64' })),
  warnings: Type.Array(Type.String(), { description: 'for people: what to set differently on the camera' })
})
export type StreamTest = Static<typeof StreamTest>
