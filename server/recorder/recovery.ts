/**
 * After a stop or a crash: recorders that outlived their server are ended, then every clip that was open, and every file that no row knows,
 * is read and indexed. A row's start is trusted; a file without a row began when it was last written, less all that is in it.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Context } from '#server/context.ts'
import {
  type CameraToRecord,
  clipFolder,
  closeClip,
  dropClip,
  lastClipEnd,
  openClip,
  openClips,
  startGap,
  unknownFiles,
  wholePartOf
} from '#server/domain/camera/actions.ts'
import { durationMs } from '#server/platform/mp4.ts'
import { finishFile, startByFile } from './clip-ledger.ts'
import { setAside } from './set-aside.ts'

const ENDED_WITHIN_MS = 4000
const NAME = /^\d{8}T\d{6}Z-[0-9a-f]+\.mp4$/

/** Ends the recorders of a server that was killed: they still write here. */
export async function endLeftovers(ctx: Context): Promise<void> {
  const folder = clipFolder(ctx)
  for (const [signal, waitMs] of [
    ['SIGTERM', ENDED_WITHIN_MS],
    ['SIGKILL', 1000]
  ] as const) {
    for (const deadlineMs = performance.now() + waitMs, told = new Set<number>(); ; ) {
      const pids = await recordersIn(folder)
      if (pids.length === 0) return
      for (const pid of pids) if (!told.has(pid) && told.add(pid)) process.kill(pid, signal)
      if (performance.now() > deadlineMs) break
      await sleep(50)
    }
  }
}

/** Processes that write clips into the folder, as /proc tells; none where there is no /proc. */
async function recordersIn(folder: string): Promise<number[]> {
  const names = await readdir('/proc').catch(() => [])
  const pids = names.filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
  const isRecorder = async (pid: string) => {
    const words = (await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')).split('\0')
    return words.includes('segment') && words.some((word) => word.startsWith(`${folder}/`) && word.endsWith('.mp4'))
  }
  const found = await Promise.all(pids.map(isRecorder))
  return pids.filter((_, n) => found[n]).map(Number)
}

/** Closes what a recorder of this camera left open, indexes what it left without a row, and notes the gap since. Returns when its last clip ended. */
export async function recoverCamera(ctx: Context, { cameraId, tag, isEnabled }: CameraToRecord): Promise<Date | null> {
  for (const { videoId, file, startedAt } of await openClips(ctx, cameraId)) await recover(ctx, { videoId, file, startedAt })
  const names = (await readdir(join(clipFolder(ctx), cameraId)).catch(() => [])).filter((name) => NAME.test(name)).toSorted()
  for (const file of await unknownFiles(
    ctx,
    names.map((name) => join(cameraId, name))
  )) {
    const path = join(clipFolder(ctx), file)
    const start = await startByFile(ctx, path, { isLateByFrame: true })
    const lasting = durationMs(await wholePartOf(path))
    const startedAt = start ?? (lasting > 0 ? timeOfName(file) : null)
    if (startedAt === null) await setAside(ctx, path)
    else await recover(ctx, { videoId: await openClip(ctx, { cameraId, tag, file, startedAt }), file, startedAt })
  }
  const last = await lastClipEnd(ctx, cameraId)
  if (last && isEnabled) await startGap(ctx, { cameraId, startedAt: last, cause: 'restart', ifNone: true })
  return last
}

type Orphan = { videoId: string; file: string; startedAt: Date }

async function recover(ctx: Context, { videoId, file, startedAt }: Orphan): Promise<void> {
  const path = join(clipFolder(ctx), file)
  const mp4 = await wholePartOf(path)
  if (mp4.fragments.length === 0) {
    await setAside(ctx, path)
    return dropClip(ctx, videoId)
  }
  const endedAt = new Date(startedAt.getTime() + durationMs(mp4))
  const { bytes, cutTail } = await finishFile(path, mp4)
  await closeClip(ctx, { videoId, startedAt, endedAt, bytes, mp4, isRecovered: true })
  await cutTail()
  ctx.log.info({ videoId, file }, 'a clip that was left open was recovered')
}

/** A file that ends in half a fragment was written after its last whole one: when it began is told by its name, to the second. */
function timeOfName(file: string): Date {
  const [, year, month, day, hour, minute, second] = /(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/.exec(file)!
  return new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
}
