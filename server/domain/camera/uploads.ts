/**
 * How far the upload of a video has come: no row → under way, one part after the other → there, verified. Each step names the one before
 * it, so that of two who send the same video only one gets on.
 */
import { sql } from 'kysely'
import { type Context, transact } from '#server/context.ts'
import { NotFound } from '#server/platform/errors.ts'

export type Upload = {
  videoId: string
  key: string
  partBytes: number
  /** The store's; null before it was begun. */
  uploadId: string | null
  /** Of parts 1, 2, … that the store has acknowledged, in hex. */
  md5s: string[]
  /** What the store calls them. */
  etags: string[]
}

/** What is known of the upload of a video to `place`; an upload to another place counts for nothing. Throws NotFound. */
export async function takeUpload(
  ctx: Context,
  videoId: string,
  { place, partBytes }: { place: string; partBytes: number }
): Promise<Upload> {
  await sql`INSERT INTO video_upload AS known (video_id, place, object_key, part_bytes)
    SELECT id, ${place}, ${ctx.store.storeId} || '/' || file, ${partBytes} FROM video WHERE id = ${videoId}
    ON CONFLICT (video_id) DO UPDATE SET (place, object_key, part_bytes, upload_id, part_md5s, part_etags)
      = (excluded.place, excluded.object_key, excluded.part_bytes, NULL, '{}', '{}') WHERE known.place <> excluded.place`.execute(
    ctx.db
  )
  const { rows } =
    await sql<Upload>`SELECT video_id, object_key AS key, part_bytes, upload_id, part_md5s AS md5s, part_etags AS etags
    FROM video_upload WHERE video_id = ${videoId}`.execute(ctx.db)
  if (rows.length === 0) throw new NotFound('video', videoId)
  return rows[0]!
}

/** The store has begun it. False when somebody else was faster. */
export async function noteUploadBegun({ db }: Context, { videoId }: Upload, uploadId: string): Promise<boolean> {
  const query = db.updateTable('videoUpload').set({ uploadId }).where('videoId', '=', videoId).where('uploadId', 'is', null)
  return (await query.executeTakeFirst()).numUpdatedRows > 0n
}

/** The store has acknowledged the next part. False when somebody else was faster. */
export async function notePartSent(
  { db }: Context,
  { videoId, uploadId, md5s }: Upload,
  { md5, etag }: { md5: string; etag: string }
): Promise<boolean> {
  const query = db
    .updateTable('videoUpload')
    .set({ partMd5s: sql`part_md5s || ${md5}::text`, partEtags: sql`part_etags || ${etag}::text` })
    .where('videoId', '=', videoId)
    .where('uploadId', '=', uploadId)
    .where(sql`cardinality(part_md5s)`, '=', md5s.length)
  return (await query.executeTakeFirst()).numUpdatedRows > 0n
}

/** What was sent is worth nothing: it begins anew. */
export async function forgetUpload({ db }: Context, { videoId, uploadId }: Upload): Promise<void> {
  const nothing = { uploadId: null, partMd5s: [], partEtags: [] }
  await db.updateTable('videoUpload').set(nothing).where('videoId', '=', videoId).where('uploadId', '=', uploadId).execute()
}

const FIRST_WAIT_MS = 60_000
const LONGEST_WAIT_MS = 6 * 3_600_000

/** Something is wrong with this one video: the others go first for a while, longer each time. */
export async function postponeUpload({ db, clock }: Context, videoId: string): Promise<void> {
  await sql`UPDATE video_upload SET failures = failures + 1, retry_at = ${clock.now()}::timestamptz
    + least(${FIRST_WAIT_MS} * 2 ^ least(failures, 20), ${LONGEST_WAIT_MS}) * interval '1 millisecond' WHERE video_id = ${videoId}`.execute(
    db
  )
}

/** A copy is there, whole and verified: from now on the box may do without its own. */
export function noteUploaded(ctx: Context, { videoId }: Upload): Promise<void> {
  return transact(ctx, async (tx) => {
    await tx.db.updateTable('videoUpload').set({ uploadId: null, retryAt: null }).where('videoId', '=', videoId).execute()
    const video = await tx.db
      .updateTable('video')
      .set({ uploadedAt: tx.now })
      .where('id', '=', videoId)
      .where('uploadedAt', 'is', null)
      .returning(['cameraId', 'startedAt', 'endedAt', 'bytes'])
      .executeTakeFirst()
    if (!video) return
    const { cameraId, startedAt, endedAt, bytes } = video
    const times = { startedAt: startedAt.toISOString(), endedAt: endedAt!.toISOString() }
    tx.emit('video.uploaded', { videoId, cameraId, ...times, bytes: Number(bytes) })
  })
}

/** The store's ids of all uploads under way. */
export async function uploadsUnderWay({ db }: Context): Promise<Set<string>> {
  const rows = await db.selectFrom('videoUpload').select('uploadId').where('uploadId', 'is not', null).execute()
  return new Set(rows.map((row) => row.uploadId!))
}
