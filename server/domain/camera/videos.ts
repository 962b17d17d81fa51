/**
 * Videos as they are read: lists, one, and the evidence of tickets. Overlap is asked with the bound of the longest clip, so that it stays
 * one range of the index video_camera however many videos there are.
 */
import { type RawBuilder, sql } from 'kysely'
import type { GapCause, Video, VideoQuery } from '#contracts/api/videos.ts'
import type { Context, Db } from '#server/context.ts'
import { NotFound } from '#server/platform/errors.ts'
import { beyond, decodeCursor, inOrder, pageOf } from '#server/platform/paging.ts'
import { LONGEST_CLIP_MS } from './rules.ts'

type Times = { startedAt: Date; endedAt: Date | null; missingAt: Date | null; uploadedAt: Date | null }
type GapRow = { startedAt: Date; endedAt: Date | null; cause: GapCause }
type VideoRow = Pick<Video, 'id' | 'cameraId' | 'bytes' | 'codecs' | 'width' | 'height' | 'removedFor'> & Times
export type MachineWindow = { machineId: string; from: Date; to: Date }

const COLUMNS = sql`video.id, video.camera_id, video.bytes, video.codecs, video.width, video.height, video.started_at, video.ended_at, video.missing_at, video.removed_for, video.uploaded_at`
const OVERLAPS = (from: RawBuilder<unknown>, to: RawBuilder<unknown>) => sql`
  video.started_at > ${from} - ${LONGEST_CLIP_MS} * interval '1 millisecond' AND video.started_at <= ${to}
  AND (video.ended_at IS NULL OR video.ended_at >= ${from})`
/** As in Times of the API: a window without a start or an end reaches as far as times do. */
const [FIRST, LAST] = ['0001-01-01T00:00:00Z', '9999-12-31T00:00:00Z']

/** Videos that overlap from…to. */
export async function listVideos(
  ctx: Context,
  { limit = 50, cursor, cameraId, from = FIRST, to = LAST, order = 'desc' }: VideoQuery
) {
  const key = decodeCursor(cursor, ['time', 'uuid'])
  const since = sql`${from}::timestamptz`
  const bounded = from === FIRST ? sql`video.started_at <= ${to}::timestamptz` : OVERLAPS(since, sql`${to}::timestamptz`)
  const { rows } = await sql<VideoRow>`SELECT ${COLUMNS} FROM video WHERE ${bounded}
    ${cameraId ? sql`AND video.camera_id = ${cameraId}` : sql``}
    ${key ? sql`AND (video.started_at, video.id) ${beyond(order)} (${key[0]}::timestamptz, ${key[1]}::uuid)` : sql``}
    ORDER BY video.started_at ${inOrder(order)}, video.id ${inOrder(order)} LIMIT ${limit + 1}`.execute(ctx.db)
  const page = pageOf(rows, limit, (row) => [row.startedAt.toISOString(), row.id])
  return { ...page, items: await shown(ctx.db, page.items) }
}

/** One video. Throws NotFound. */
export async function findVideo(ctx: Context, id: string): Promise<Video> {
  const { rows } = await sql<VideoRow>`SELECT ${COLUMNS} FROM video WHERE video.id = ${id}`.execute(ctx.db)
  if (rows.length === 0) throw new NotFound('video', id)
  return (await shown(ctx.db, rows))[0]!
}

/** The videos of each window, oldest first: of the cameras that saw its machine then, and of those at the doors. */
export async function videosDuring(db: Db, windows: MachineWindow[]): Promise<Video[][]> {
  const rows = await rowsDuring(db, windows)
  const each = new Map(rows.map((row) => [row.id, row]))
  const videos = new Map((await shown(db, [...each.values()])).map((video) => [video.id, video]))
  const byWindow = Map.groupBy(rows, (row) => row.n)
  return windows.map((_, n) => (byWindow.get(n) ?? []).map((row) => videos.get(row.id)!))
}

/** As videosDuring, for who only compares: video id → is it open, closed or missing? */
export async function videoStatesDuring(db: Db, windows: MachineWindow[]): Promise<Record<string, string>[]> {
  const byWindow = Map.groupBy(await rowsDuring(db, windows), (row) => row.n)
  const stateOf = ({ missingAt, uploadedAt, endedAt }: VideoRow) =>
    missingAt && !uploadedAt ? 'missing' : endedAt ? 'closed' : 'open'
  return windows.map((_, n) => Object.fromEntries((byWindow.get(n) ?? []).map((row) => [row.id, stateOf(row)])))
}

async function rowsDuring(db: Db, windows: MachineWindow[]): Promise<(VideoRow & { n: number })[]> {
  if (windows.length === 0) return []
  const [since, until] = [sql`span.since`, sql`span.until`]
  const { rows } = await sql<VideoRow & { n: number }>`
    SELECT (span.n - 1)::integer AS n, video.*
    FROM unnest(${windows.map((w) => w.machineId)}::text[], ${windows.map((w) => w.from.toISOString())}::timestamptz[], ${windows.map((w) => w.to.toISOString())}::timestamptz[])
      WITH ORDINALITY AS span (machine_id, since, until, n)
    CROSS JOIN camera CROSS JOIN LATERAL (
      SELECT ${COLUMNS}, video.tag FROM video WHERE video.camera_id = camera.id AND ${OVERLAPS(since, until)} OFFSET 0) AS video
    WHERE video.tag IN ('ENTRY', 'EXIT') OR EXISTS (SELECT FROM camera_machine AS link WHERE link.camera_id = camera.id
      AND link.machine_id = span.machine_id AND (link.unlinked_at IS NULL OR link.unlinked_at >= span.since))
    ORDER BY video.started_at, video.id`.execute(db)
  return rows
}

/** Rows as the API shows them, each with the gaps within it and beside it. */
async function shown(db: Db, rows: VideoRow[]): Promise<Video[]> {
  if (rows.length === 0) return []
  const { rows: gaps } = await sql<GapRow & { n: number }>`
    SELECT (span.n - 1)::integer AS n, gap.started_at, gap.ended_at, gap.cause
    FROM unnest(${rows.map((row) => row.cameraId)}::uuid[], ${rows.map((row) => row.startedAt)}::timestamptz[], ${rows.map((row) => row.endedAt)}::timestamptz[])
      WITH ORDINALITY AS span (camera_id, since, until, n)
    JOIN video_gap AS gap ON gap.camera_id = span.camera_id AND (span.until IS NULL OR gap.started_at <= span.until)
      AND (gap.ended_at IS NULL OR gap.ended_at >= span.since)
    ORDER BY gap.started_at`.execute(db)
  const byVideo = Map.groupBy(gaps, (gap) => gap.n)
  return rows.map(({ startedAt, endedAt, missingAt, uploadedAt, ...row }, n) => ({
    ...row,
    startTime: startedAt.toISOString(),
    endTime: endedAt?.toISOString() ?? null,
    url: `/api/v1/videos/${row.id}/content`,
    isMissing: missingAt !== null && uploadedAt === null,
    uploadedAt: uploadedAt?.toISOString() ?? null,
    gaps: (byVideo.get(n) ?? []).map(gapOf)
  }))
}

const gapOf = ({ startedAt, endedAt, cause }: GapRow) => ({
  from: startedAt.toISOString(),
  to: endedAt?.toISOString() ?? null,
  cause
})

/** The gaps of one camera that overlap from…to, oldest first. */
export async function gapsDuring(ctx: Context, { cameraId, from, to }: { cameraId: string; from: Date; to: Date }) {
  const { rows } = await sql<GapRow>`SELECT started_at, ended_at, cause FROM video_gap
    WHERE camera_id = ${cameraId} AND started_at <= ${to} AND (ended_at IS NULL OR ended_at >= ${from}) ORDER BY started_at`.execute(
    ctx.db
  )
  return rows.map(gapOf)
}
