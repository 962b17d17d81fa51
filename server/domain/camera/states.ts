/** How each camera's recording fares right now, in memory: told by the recorder, shown by the API, read by the metrics. */
import { EventEmitter } from 'node:events'
import type { CameraState } from '#contracts/api/cameras.ts'
import type { Context } from '#server/context.ts'

export type LiveState = {
  state: CameraState
  reason: string | null
  /** By the clock that does not jump; null: no frame since the server started. */
  lastFrameMonoMs: number | null
  framesPerSecond: number | null
  bitsPerSecond: number | null
  codecs: string | null
  width: number | null
  height: number | null
  restarts: number
}
const UNKNOWN: LiveState = {
  ...{ state: 'connecting', reason: null, lastFrameMonoMs: null, framesPerSecond: null, bitsPerSecond: null },
  ...{ codecs: null, width: null, height: null, restarts: 0 }
}

type Room = { states: Map<string, LiveState>; changes: EventEmitter }
const rooms = new WeakMap<Context, Room>()

function roomOf(ctx: Context): Room {
  const room = rooms.get(ctx) ?? { states: new Map(), changes: new EventEmitter().setMaxListeners(0) }
  rooms.set(ctx, room)
  return room
}

/** The recorder tells what is new of a camera; what it leaves out stays as it was. */
export function noteCameraState(ctx: Context, cameraId: string, news: Partial<LiveState>): void {
  roomOf(ctx).states.set(cameraId, { ...liveStateOf(ctx, cameraId), ...news })
}

export const liveStateOf = (ctx: Context, cameraId: string): LiveState => roomOf(ctx).states.get(cameraId) ?? UNKNOWN

export const forgetCameraState = (ctx: Context, cameraId: string): void => void roomOf(ctx).states.delete(cameraId)

/** Calls `listener` after each committed change of a camera; returns the way to stop. */
export function onCamerasChanged(ctx: Context, listener: () => void): () => void {
  const { changes } = roomOf(ctx)
  changes.on('changed', listener)
  return () => changes.off('changed', listener)
}

export const tellCamerasChanged = (ctx: Context): void => void roomOf(ctx).changes.emit('changed')
