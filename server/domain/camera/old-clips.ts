/**
 * Retention: what the bounds no longer allow goes, oldest first: the file, then its row in the same transaction as the event. Between the
 * two the row of a file that is gone is what the check of folder and index finds and marks. A file that is not there although its row says
 * so is left to that check: it may be the disk that is missing. A row of which a ticket tells stays, marked; others go with their file.
 */
import { stat, statfs, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { type Context, transact } from '#server/context.ts'
import { Turns } from '#server/platform/turns.ts'
import { clipFolder } from './clip-files.ts'
import { type Bounds, type Disk, exceeded, planRemovals, type RemovalReason } from './retention.ts'
import { forgetThumbnails } from './thumbnails.ts'

export type OldClip = { videoId: string; cameraId: string; startedAt: Date; endedAt: Date; bytes: number }
/** What the rooms that use videos say of them. */
export type Claims = {
  /** Those that must stay. */
  pinned(clips: OldClip[]): Promise<Set<string>>
  /** Those of which something on record tells, so that it must go on to say that they are gone. */
  told(clips: OldClip[]): Promise<Set<string>>
  /** Those of which a copy elsewhere is still to be made. */
  awaited(clips: OldClip[]): Promise<Set<string>>
}
export type Removed = OldClip & { reason: RemovalReason }
export type Retention = {
  removed: Removed[]
  disk: Disk
  bounds: Bounds
  pinnedBytes: number
  /** How many were removed although they waited to be uploaded. */
  lostBeforeUpload: number
  /** A bound that does not hold although nothing more could go. */
  exceeded: 'quota' | 'space' | null
}
type Row = OldClip & { file: string }

const GB = 1e9
const DAY_MS = 86_400_000
const PAGE = 200
/** Removed in one run; the next one goes on. */
const MOST_REMOVED = 100

/** Two at once would each count what the other removed as still there, and remove more than it takes. */
const turns = new Turns()

/** Removes what must go, or with `dryRun` only tells of it. Bounded work: `removed` is full when there may be more. */
export function removeOldClips(ctx: Context, claims: Claims, { dryRun = false } = {}): Promise<Retention> {
  const work = () => applyBounds(ctx, claims, dryRun)
  return dryRun ? work() : turns.take(clipFolder(ctx), work)
}

const counters = new WeakMap<Context, ReturnType<Context['metrics']['counter']>>()

/** Counts the videos that went, by reason; registers the figure with the first call. */
export function countRemovedClips(ctx: Context, removed: Pick<Removed, 'reason'>[] = []): void {
  const counter = counters.get(ctx) ?? ctx.metrics.counter('niflr_clips_removed_total', 'Videos removed, by the bound that asked for it', ['reason']) // biome-ignore format: one thought
  counters.set(ctx, counter)
  for (const { reason } of removed) counter.inc({ reason })
}

async function applyBounds(ctx: Context, claims: Claims, dryRun: boolean): Promise<Retention> {
  const start = { removed: [], disk: await diskOf(ctx), bounds: boundsOf(ctx), pinnedBytes: 0, lostBeforeUpload: 0 }
  const retention: Retention = { ...start, exceeded: null }
  const most = dryRun ? Number.POSITIVE_INFINITY : MOST_REMOVED
  await walk(ctx, claims, retention, { most, dryRun, awaited: false })
  const before = retention.removed.length
  if (before < most && exceeded(retention.disk, retention.bounds)) {
    retention.pinnedBytes = 0
    await walk(ctx, claims, retention, { most, dryRun, awaited: true })
    retention.lostBeforeUpload = retention.removed.length - before
  }
  if (retention.removed.length < most) retention.exceeded = exceeded(retention.disk, retention.bounds)
  return retention
}

/** Takes from the oldest on until the bounds hold, into `retention`. */
async function walk(
  ctx: Context,
  claims: Claims,
  retention: Retention,
  { most, dryRun, awaited }: { most: number; dryRun: boolean; awaited: boolean }
): Promise<void> {
  const { bounds } = retention
  for (let after: Row | null = null; retention.removed.length < most; ) {
    const rows: Row[] = await oldestAfter(ctx, after)
    if (rows.length === 0) break
    after = rows.at(-1)!
    if (exceeded(retention.disk, bounds) === null && rows[0]!.endedAt.getTime() >= bounds.oldestMs) break
    const [pinned, waiting] = [await claims.pinned(rows), await claims.awaited(rows)]
    retention.pinnedBytes += rows.reduce((sum, row) => sum + (pinned.has(row.videoId) ? row.bytes : 0), 0)
    const kept = rows.map((row) => ({
      ...{ id: row.videoId, endMs: row.endedAt.getTime(), bytes: row.bytes },
      ...{ isPinned: pinned.has(row.videoId), isAwaited: waiting.has(row.videoId) }
    }))
    const plan = planRemovals(kept, retention.disk, bounds, { awaited })
    const reasons = new Map(plan.removals.slice(0, most - retention.removed.length).map(({ id, reason }) => [id, reason]))
    const going = rows.flatMap((row) => (reasons.has(row.videoId) ? { ...row, reason: reasons.get(row.videoId)! } : []))
    const gone = dryRun ? going : await remove(ctx, claims, going)
    for (const { file: _, ...clip } of gone) {
      retention.removed.push(clip)
      retention.disk.freeBytes += clip.bytes
    }
    for (const { bytes } of going) retention.disk.usedBytes -= bytes // a file that was not there takes nothing either
  }
}

function boundsOf({ config, clock }: Context): Bounds {
  const { clipQuotaGb, clipFreeSpaceGb, clipRetentionDays } = config
  const oldestMs = clock.now().getTime() - clipRetentionDays * DAY_MS
  return { quotaBytes: clipQuotaGb * GB, leastFreeBytes: clipFreeSpaceGb * GB, oldestMs }
}

/** What clips take, those being recorded too, and what the filesystem that they lie on has left for others than root. */
async function diskOf(ctx: Context): Promise<Disk> {
  const folder = clipFolder(ctx)
  const { rows } = await sql<{ bytes: string | null }>`SELECT sum(bytes) AS bytes FROM video
    WHERE ended_at IS NOT NULL AND missing_at IS NULL`.execute(ctx.db)
  const open = await ctx.db.selectFrom('video').select('file').where('endedAt', 'is', null).execute()
  const growing = await Promise.all(open.map(({ file }) => stat(join(folder, file)).then(({ size }) => size, () => 0))) // biome-ignore format: one thought
  const usedBytes = growing.reduce((sum, size) => sum + size, Number(rows[0]?.bytes ?? 0))
  const { bavail, bsize } = await statfs(folder).catch(() => statfs(ctx.config.dataDir))
  return { usedBytes, freeBytes: bavail * bsize }
}

async function oldestAfter(ctx: Context, after: Row | null): Promise<Row[]> {
  const { rows } = await sql<Row>`
    SELECT id AS video_id, camera_id, started_at, ended_at, bytes, file FROM video WHERE ended_at IS NOT NULL AND missing_at IS NULL
    ${after ? sql`AND (started_at, id) > (${after.startedAt}::timestamptz, ${after.videoId}::uuid)` : sql``}
    ORDER BY started_at, id LIMIT ${PAGE}`.execute(ctx.db)
  return rows
}

/** Its copy can be played by its fragments, also one that is still on its way. */
const IS_ELSEWHERE = sql`EXISTS (SELECT FROM video_upload WHERE video_id = video.id)`

type Going = Row & { reason: RemovalReason }

async function remove(ctx: Context, claims: Claims, going: Going[]): Promise<Going[]> {
  const gone: Going[] = []
  for (const clip of going) if (await unlinkIfThere(join(clipFolder(ctx), clip.file))) gone.push(clip)
  if (gone.length === 0) return gone
  const told = await claims.told(gone)
  await transact(ctx, async (tx) => {
    const [marked, forgotten] = [gone.filter((c) => told.has(c.videoId)), gone.filter((c) => !told.has(c.videoId))]
    await sql`UPDATE video SET missing_at = ${tx.now}, removed_for = gone.reason,
      fragment_bytes = CASE WHEN ${IS_ELSEWHERE} THEN fragment_bytes END, fragment_ticks = CASE WHEN ${IS_ELSEWHERE} THEN fragment_ticks END
      FROM unnest(${marked.map((c) => c.videoId)}::uuid[], ${marked.map((c) => c.reason)}::text[]) AS gone (id, reason)
      WHERE video.id = gone.id`.execute(tx.db)
    await sql`DELETE FROM video WHERE id = ANY(${forgotten.map((c) => c.videoId)}::uuid[])`.execute(tx.db)
    const copies = await tx.db.selectFrom('video').select('id').where('id', 'in', gone.map((c) => c.videoId)).where('uploadedAt', 'is not', null).execute() // biome-ignore format: one thought
    const isThere = new Set(copies.map(({ id }) => id))
    for (const { videoId, cameraId, startedAt, endedAt } of gone.filter((clip) => !isThere.has(clip.videoId)))
      tx.emit('video.missing', { videoId, cameraId, startedAt: startedAt.toISOString(), endedAt: endedAt.toISOString() })
  })
  countRemovedClips(ctx, gone)
  for (const { videoId } of gone) await forgetThumbnails(ctx, videoId)
  ctx.log.info({ videos: gone.length, bytes: gone.reduce((sum, clip) => sum + clip.bytes, 0) }, 'old videos removed')
  return gone
}

async function unlinkIfThere(path: string): Promise<boolean> {
  try {
    await unlink(path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
