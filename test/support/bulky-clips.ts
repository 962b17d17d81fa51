/** Clips of any size in tests where nobody looks at the picture: random bytes with the index of a video. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { CameraTag } from '#contracts/api/cameras.ts'
import { type Context, SYSTEM } from '#server/context.ts'
import { addCamera, closeClip, openClip } from '#server/domain/camera/actions.ts'
import type { Mp4 } from '#server/platform/mp4.ts'

const HEAD_BYTES = 1000
const TRACK = { trackId: 1, timescale: 1000, codecs: 'avc1.64001f', width: 1280, height: 720, defaultTicks: 100, defaultFlags: 0 }

/** The index of a file of `bytes`, one fragment a second. */
function indexOf(bytes: number, seconds: number): Mp4 {
  const each = Math.floor((bytes - HEAD_BYTES) / seconds)
  const still = { frames: 10, isKeyframe: true, usualTicks: 100, stillness: [] }
  const fragments = Array.from({ length: seconds }, (_, n) => ({
    ...{ offset: HEAD_BYTES + n * each, bytes: n === seconds - 1 ? bytes - HEAD_BYTES - n * each : each },
    ...{ decodeTicks: n * 1000, ticks: 1000, ...still }
  }))
  return { track: TRACK, headBytes: HEAD_BYTES, fragments, wholeBytes: bytes }
}

/** A camera that is not recorded; `record` makes a clip that is over, `seconds` long. */
export async function bulkyCamera(ctx: Context, { tag = 'IN_STORE' as CameraTag, machineIds = [] as string[] } = {}) {
  const camera = await addCamera(ctx, SYSTEM, { name: `of ${tag}`, tag, streamUrl: 'rtsp://cam/1', machineIds, enabled: false })
  let clips = 0
  const record = async (startedAt: Date, { bytes, seconds = 5 }: { bytes: number; seconds?: number }) => {
    const file = `${camera.id}/${++clips}.mp4`
    const path = join(ctx.config.dataDir, 'clips', file)
    mkdirSync(dirname(path), { recursive: true })
    const content = randomBytes(bytes)
    writeFileSync(path, content)
    const videoId = await openClip(ctx, { cameraId: camera.id, tag, file, startedAt })
    const endedAt = new Date(startedAt.getTime() + seconds * 1000)
    await closeClip(ctx, { videoId, startedAt, endedAt, bytes, mp4: indexOf(bytes, seconds) })
    return { videoId, path, content, key: `${ctx.store.storeId}/${file}` }
  }
  return { id: camera.id, record }
}
