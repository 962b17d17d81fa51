/** Uploads that nobody goes on with (the power went between their beginning and its note) take space at the store: they are ended. */
import { uploadsUnderWay } from '#server/domain/camera/actions.ts'
import { StoreError } from '#server/platform/s3/error.ts'
import type { Line } from './send-video.ts'

/** So long, since another box may be at work on a copy of this one's books. */
const LEFTOVER_AFTER_MS = 86_400_000

/** Ends them. Where the key may not list uploads, that is left to the bucket's own rules. */
export async function removeLeftovers({ ctx, store, signal }: Line): Promise<void> {
  const beforeMs = ctx.clock.now().getTime() - LEFTOVER_AFTER_MS
  const known = await uploadsUnderWay(ctx)
  try {
    const open = await store.openUploads(`${ctx.store.storeId}/`, signal)
    const leftovers = open.filter(({ uploadId, begunAt }) => !known.has(uploadId) && begunAt.getTime() < beforeMs)
    for (const upload of leftovers) await store.abortUpload(upload, signal)
    if (leftovers.length > 0) ctx.log.info({ uploads: leftovers.length }, 'uploads that were begun and never ended were removed')
  } catch (error) {
    if (!(error instanceof StoreError) || (error.code !== 'AccessDenied' && error.status !== 501)) throw error
    ctx.log.info(
      { code: error.code },
      'the store does not list uploads for this key: let the bucket end unfinished ones by itself'
    )
  }
}
