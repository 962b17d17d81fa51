/** Which videos are worth a copy elsewhere: those that a ticket shows, oldest first. */
import { type RawBuilder, sql } from 'kysely'
import type { Context, Db } from '#server/context.ts'

const LONGEST_VISIT = '7 days' // for a video of a longer one no row is kept

/** Does a ticket show this video? Of cameras at the doors, and of those that saw its machine then. */
const IS_SHOWN: RawBuilder<unknown> = sql`EXISTS (SELECT FROM machine CROSS JOIN LATERAL (
  SELECT FROM ticket WHERE ticket.machine_id = machine.machine_id AND window_end >= video.started_at
    AND window_end <= video.ended_at + ${LONGEST_VISIT}::interval AND window_start <= video.ended_at
    AND (video.tag IN ('ENTRY', 'EXIT') OR EXISTS (SELECT FROM camera_machine AS link WHERE link.camera_id = video.camera_id
      AND link.machine_id = ticket.machine_id AND (link.unlinked_at IS NULL OR link.unlinked_at >= window_start)))
  LIMIT 1) AS telling)`
/** Finished, still on the box, with something to play in it, and no copy elsewhere yet. */
const IS_HERE_ALONE: RawBuilder<unknown> = sql`video.ended_at IS NOT NULL AND video.missing_at IS NULL
  AND video.uploaded_at IS NULL AND cardinality(video.fragment_bytes) > 0`

/** The video whose turn it is; null when none waits, or all that do have been put off. */
export async function nextVideoToUpload({ db, clock }: Context): Promise<string | null> {
  const { rows } = await sql<{
    id: string
  }>`SELECT video.id FROM video LEFT JOIN video_upload AS upload ON upload.video_id = video.id
    WHERE ${IS_HERE_ALONE} AND (upload.retry_at IS NULL OR upload.retry_at <= ${clock.now()}) AND ${IS_SHOWN}
    ORDER BY video.started_at, video.id LIMIT 1`.execute(db)
  return rows[0]?.id ?? null
}

export type UploadQueue = { videos: number; bytes: number; oldestAt: Date | null }

/** What waits to be uploaded. */
export async function uploadQueue({ db }: Context): Promise<UploadQueue> {
  const { rows } = await sql<{ videos: number; bytes: number; oldestAt: Date | null }>`SELECT count(*)::integer AS videos,
    coalesce(sum(video.bytes), 0)::float8 AS bytes, min(video.ended_at) AS oldest_at FROM video WHERE ${IS_HERE_ALONE} AND ${IS_SHOWN}`.execute(
    db
  )
  return rows[0]!
}

/** Which of these videos wait to be uploaded. */
export async function awaitingUpload(db: Db, videoIds: string[]): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`SELECT video.id FROM video WHERE video.id = ANY(${videoIds}::uuid[])
    AND ${IS_HERE_ALONE} AND ${IS_SHOWN}`.execute(db)
  return new Set(rows.map((row) => row.id))
}

/** How many videos of tickets were removed since then before there was a copy of them. */
export async function lostBeforeUpload(db: Db, since: Date): Promise<number> {
  const { rows } = await sql<{ lost: number }>`SELECT count(*)::integer AS lost FROM video
    WHERE removed_for IS NOT NULL AND uploaded_at IS NULL AND missing_at > ${since}`.execute(db)
  return rows[0]!.lost
}
