/** The figures of cameras and of what is recorded of them: how much there is, how much may be, what went. */
import { statfs } from 'node:fs/promises'
import type { Context } from '#server/context.ts'
import { camerasInUse, clipFolder, countRemovedClips } from '#server/domain/camera/actions.ts'
import { lostBeforeUpload, uploadQueue } from '#server/domain/ticket/actions.ts'
import { kept } from './kept.ts'
import type { Row } from './reads.ts'

const QUICK_MS = 10_000
const CLIPS_MS = 60_000
const UPLOADS_MS = 30_000
const DAY_MS = 86_400_000

/** Of each camera in use: from memory, but for its gaps, so they are read as seldom as the rest. */
export function registerCameras(ctx: Context): void {
  const cameras = kept(ctx, QUICK_MS, camerasInUse)
  const figure = (name: string, help: string, value: (camera: CameraInUse) => number | null) =>
    ctx.metrics.gauges({ name: `niflr_camera_${name}`, help, labelNames: ['camera'] }, async () =>
      ((await cameras()) ?? []).flatMap((camera) => {
        const is = value(camera)
        return is === null ? [] : [{ labels: { camera: camera.name }, value: is }]
      })
    )
  figure('recording', '1 while frames of an enabled camera come and are written', ({ state }) => Number(state === 'recording'))
  figure('last_frame_age_seconds', 'How long ago its last frame came; absent before the first', ({ health }) =>
    health.lastFrameAgeMs === null ? null : health.lastFrameAgeMs / 1000
  )
  figure('frames_per_second', 'Frames of the last 10 s', ({ health }) => health.framesPerSecond)
  figure('bits_per_second', 'What was written in the last 10 s', ({ health }) => health.bitsPerSecond)
  figure('restarts', 'How often its recorder was started anew since the server started', ({ health }) => health.restarts)
  figure('gaps_24h', 'Gaps in the last 24 hours', ({ health }) => health.gaps24h)
  figure('gap_seconds_24h', 'How long they were in all', ({ health }) => health.gapSeconds24h)
}
type CameraInUse = Awaited<ReturnType<typeof camerasInUse>>[number]

/** The index is counted once a minute: it may be long. What is removed is counted where it happens. */
export function registerClips(ctx: Context): void {
  const counted = kept(ctx, CLIPS_MS, countClips)
  const figure = (
    name: string,
    help: string,
    pick: (known: Awaited<ReturnType<typeof countClips>>) => Row[],
    ...labelNames: string[]
  ) =>
    ctx.metrics.gauges({ name: `niflr_${name}`, help, labelNames }, async () => {
      const known = await counted()
      return known === null ? [] : pick(known)
    })
  const one = (value: number | null): Row[] => (value === null ? [] : [{ labels: {}, value }])
  const { clipQuotaGb, clipFreeSpaceGb } = ctx.config
  figure(
    'clips',
    'Videos in the index: whole, being recorded, and those whose file is gone',
    ({ whole, open, missing }) =>
      Object.entries({ whole, open, missing }).map(([state, value]) => ({ labels: { state }, value })),
    'state'
  )
  figure('clip_bytes', 'What whole videos take', ({ bytes }) => one(bytes))
  figure('oldest_clip_age_seconds', 'How far back videos reach; absent without any', ({ oldestSeconds }) => one(oldestSeconds))
  figure('clip_disk_free_bytes', 'Free space on the filesystem that videos lie on', ({ freeBytes }) => one(freeBytes))
  ctx.metrics.gauge('niflr_clip_quota_bytes', 'CLIP_QUOTA_GB: what videos may take', () => clipQuotaGb * 1e9)
  ctx.metrics.gauge('niflr_clip_free_space_bytes', 'CLIP_FREE_SPACE_GB: what must stay free', () => clipFreeSpaceGb * 1e9)
  countRemovedClips(ctx)
}

async function countClips(ctx: Context) {
  const { rows } =
    await ctx.pool.query(`SELECT count(*) FILTER (WHERE ended_at IS NOT NULL AND missing_at IS NULL)::float8 AS whole,
      count(*) FILTER (WHERE ended_at IS NULL)::float8 AS open, count(*) FILTER (WHERE missing_at IS NOT NULL)::float8 AS missing,
      coalesce(sum(bytes) FILTER (WHERE missing_at IS NULL), 0)::float8 AS bytes,
      extract(epoch FROM now() - min(started_at) FILTER (WHERE missing_at IS NULL))::float8 AS "oldestSeconds"
    FROM video`)
  const { bavail, bsize } = await statfs(clipFolder(ctx)).catch(() => statfs(ctx.config.dataDir))
  const counted = rows[0] as { whole: number; open: number; missing: number; bytes: number; oldestSeconds: number | null }
  return { ...counted, freeBytes: bavail * bsize }
}

/** Of the videos that a store elsewhere is to have; nothing where none is set. */
export function registerUploads(ctx: Context): void {
  const queue = kept(ctx, UPLOADS_MS, async () => {
    if (!ctx.config.s3) return null
    const nowMs = ctx.clock.now().getTime()
    const { videos, bytes, oldestAt } = await uploadQueue(ctx)
    const lost = await lostBeforeUpload(ctx.db, new Date(nowMs - DAY_MS))
    return { videos, bytes, ageSeconds: oldestAt ? Math.max(0, nowMs - oldestAt.getTime()) / 1000 : 0, lost }
  })
  const figure = (name: string, help: string, value: (known: NonNullable<Awaited<ReturnType<typeof queue>>>) => number) =>
    ctx.metrics.gauges({ name: `niflr_upload_${name}`, help, labelNames: [] }, async () => {
      const known = await queue()
      return known ? [{ labels: {}, value: value(known) }] : []
    })
  figure('waiting_videos', 'Videos of tickets that wait to be uploaded', ({ videos }) => videos)
  figure('waiting_bytes', 'How much they are', ({ bytes }) => bytes)
  figure('oldest_waiting_seconds', 'How long the oldest of them has waited; 0 when none does', ({ ageSeconds }) => ageSeconds)
  figure('lost_24h', 'Videos of tickets removed in the last 24 hours before there was a copy of them', ({ lost }) => lost)
}
