/** Bytes of a clip, wherever it lies: in its file, or, where that is gone, in the copy that was uploaded. */
import type { Readable } from 'node:stream'
import type { Context } from '#server/context.ts'
import type { ByteRange } from '#server/platform/byte-range.ts'
import { NotFound, Refused, Unavailable } from '#server/platform/errors.ts'
import { StoreError } from '#server/platform/s3/error.ts'
import type { Clip } from './footage.ts'
import { openClipFile } from './played-clips.ts'
import { uploadStore } from './upload-store.ts'

const READ_BYTES = 256 * 1024

/**
 * A range of a clip (both ends count). Throws NotFound when there is neither file nor copy, Unavailable when the store cannot be reached
 * now, Refused `other-upload-store` when the settings no longer name it.
 */
export async function readClipBytes(
  ctx: Context,
  clip: Pick<Clip, 'id' | 'path' | 'isUploaded'>,
  range: ByteRange
): Promise<Readable> {
  try {
    return (await openClipFile(clip)).createReadStream({ ...range, highWaterMark: READ_BYTES })
  } catch (error) {
    if (!(error instanceof NotFound) || !clip.isUploaded) throw error
    return readCopy(ctx, clip.id, range)
  }
}

async function readCopy(ctx: Context, id: string, range: ByteRange): Promise<Readable> {
  const query = ctx.db.selectFrom('videoUpload').select(['place', 'objectKey']).where('videoId', '=', id)
  const copy = await query.executeTakeFirstOrThrow()
  const opened = await uploadStore(ctx)
  if (opened?.place !== copy.place)
    throw new Refused('other-upload-store', 'the only copy of this video lies in an upload store that the settings do not name')
  try {
    return await opened.store.read(copy.objectKey, range, new AbortController().signal)
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    if (error.code === 'NoSuchKey') throw new NotFound('copy any more of video', id)
    throw new Unavailable(`the only copy of this video cannot be fetched now: ${error.message}`)
  }
}
