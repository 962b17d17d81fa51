/** The real server with cameras that show the time: to be killed, cut from power, set to another time; and what its own index says it recorded. */
import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { GapCause } from '#contracts/api/videos.ts'
import { openClocks } from '#test/support/recording.ts'
import { StoreProcess, type StoreProcessOptions } from './store-process.ts'

export type RecordedClip = { id: string; file: string; bytes: number; startedAt: Date; endedAt: Date | null; recovered: boolean }
export type RecordedGap = { cause: GapCause; startedAt: Date; endedAt: Date | null }
export type Recorded = { clips: RecordedClip[]; gaps: RecordedGap[] }

/** Starts it with one camera that is recorded in clips of five seconds. */
export async function openFilmedStore({ env, ...options }: StoreProcessOptions = {}) {
  await using stack = new AsyncDisposableStack()
  const { rtsp, sent } = await openClocks(stack, 1)
  const settings = { CLIP_SECONDS: '5', CLIP_FREE_SPACE_GB: '0', ...env }
  const store = stack.use(new StoreProcess({ ...options, env: settings }))
  await store.start()
  const camera = { name: 'till', tag: 'IN_STORE', streamUrl: rtsp.url('/1') }
  const { id: cameraId } = await store.call('POST', '/api/v1/cameras', camera)
  const recorded = async (): Promise<Recorded> => {
    await using db = await store.database()
    const gaps = await db.query(
      'SELECT cause, started_at AS "startedAt", ended_at AS "endedAt" FROM video_gap ORDER BY started_at, id'
    )
    const clips = await db.query(
      'SELECT id, file, bytes, started_at AS "startedAt", ended_at AS "endedAt", recovered FROM video ORDER BY started_at, id'
    )
    return { clips: clips.rows.map((row) => ({ ...row, bytes: Number(row.bytes) })), gaps: gaps.rows }
  }
  /** Until `isSo` of what is recorded; fails after half a minute with what there was. */
  const until = async (isSo: (now: Recorded) => boolean | Promise<boolean>): Promise<Recorded> => {
    for (const deadlineMs = performance.now() + 30_000; ; await sleep(100)) {
      const now = await recorded()
      if (await isSo(now)) return now
      if (performance.now() > deadlineMs)
        throw new Error(`not recorded in time: ${JSON.stringify(now, null, 1)}\n${store.lines.slice(-20).join('\n')}`)
    }
  }
  const pathOf = ({ file }: { file: string }) => join(store.dataDir, 'clips', file)
  const sizeOf = (clip?: { file: string }) => (clip && statSync(pathOf(clip), { throwIfNoEntry: false })?.size) ?? 0
  const resources = stack.move()
  return { store, rtsp, sent, cameraId, until, pathOf, sizeOf, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

/** The processes that record a camera. */
export function recordersOf(cameraId: string): number[] {
  try {
    const found = execFileSync('pgrep', ['-f', `^[^ ]*ffmpeg .*clips/${cameraId}/`], { encoding: 'utf8' })
    return found.trim().split('\n').map(Number)
  } catch {
    return []
  }
}
