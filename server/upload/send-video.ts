/**
 * One video to the store: begun → its parts, each acknowledged and then noted → made an object → verified → noted as there. Wherever it
 * breaks off it goes on from the last note; what the store has forgotten begins anew.
 */
import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import type { Context } from '#server/context.ts'
import {
  forgetUpload,
  notePartSent,
  noteUploadBegun,
  noteUploaded,
  takeUpload,
  type Upload,
  videoContent
} from '#server/domain/camera/actions.ts'
import type { Pace } from '#server/platform/pace.ts'
import { StoreError } from '#server/platform/s3/error.ts'
import type { ObjectStore, Part } from '#server/platform/s3/store.ts'

export type Line = {
  ctx: Context
  store: ObjectStore
  /** Endpoint and bucket. */
  place: string
  pace: Pace
  signal: AbortSignal
  /** Told of each part that was sent. */
  onSent(bytes: number): void
}

/** Something is wrong with this one video; with another it may go well. */
export class VideoProblem extends Error {
  readonly reason: 'damaged' | 'file' | 'overtaken'
  constructor(reason: VideoProblem['reason'], message: string) {
    super(message)
    this.reason = reason
  }
}

/** The least that an S3 store takes as a part that is not the last: of what a broken line has sent, no more is lost. */
const PART_BYTES = 5 * 1024 * 1024
const READ_BYTES = 256 * 1024 // hashed between two reads, so that nothing waits for it
/** The store no longer has what was sent, or not as it was noted. */
const FORGOTTEN = ['NoSuchUpload', 'InvalidPart', 'InvalidPartOrder', 'EntityTooSmall']

/** Sends a video, from where an earlier try ended. Throws NotFound, StoreError, VideoProblem. */
export async function sendVideo(line: Line, videoId: string): Promise<void> {
  const { ctx, store, signal } = line
  const known = await takeUpload(ctx, videoId, { place: line.place, partBytes: PART_BYTES })
  const video = await videoContent(ctx, videoId)
  await using file = await video.open()
  const upload = await begun(line, known)
  const ref = { key: upload.key, uploadId: upload.uploadId! }
  const count = Math.ceil(video.bytes / upload.partBytes)
  try {
    while (upload.md5s.length < count) await sendNextPart(line, upload, { file, bytes: video.bytes })
    await store.completeUpload(ref, upload.etags, signal)
  } catch (error) {
    if (!(error instanceof StoreError && FORGOTTEN.includes(error.code))) throw error
    if (upload.md5s.length < count || !(await isThere(line, upload, { file, bytes: video.bytes }))) {
      await forgetUpload(ctx, upload)
      throw error
    }
  }
  if (!(await isThere(line, upload, { file, bytes: video.bytes }))) {
    await store.remove(upload.key, signal)
    await forgetUpload(ctx, upload)
    throw new VideoProblem('damaged', 'what the store has is not what was sent')
  }
  await noteUploaded(ctx, upload)
}

async function begun({ ctx, store, signal }: Line, upload: Upload): Promise<Upload> {
  if (upload.uploadId) return upload
  const uploadId = await store.beginUpload(upload.key, 'video/mp4', signal)
  if (await noteUploadBegun(ctx, upload, uploadId)) return { ...upload, uploadId }
  await store.abortUpload({ key: upload.key, uploadId }, signal)
  throw overtaken()
}

/** Another process is further. Throws VideoProblem `overtaken`; an upload that the books no longer name is ended. */
async function giveWay({ ctx, store, place, signal }: Line, upload: Upload): Promise<never> {
  const { uploadId } = await takeUpload(ctx, upload.videoId, { place, partBytes: upload.partBytes })
  if (uploadId !== upload.uploadId) await store.abortUpload({ key: upload.key, uploadId: upload.uploadId! }, signal)
  throw overtaken()
}

type Content = { file: FileHandle; bytes: number }

async function sendNextPart(line: Line, upload: Upload, { file, bytes }: Content): Promise<void> {
  const start = upload.md5s.length * upload.partBytes
  const part = await readPart(file, { number: upload.md5s.length + 1, start, end: Math.min(start + upload.partBytes, bytes) })
  const etag = await line.store.sendPart({ key: upload.key, uploadId: upload.uploadId! }, part, line)
  line.onSent(part.content.length)
  const md5 = part.md5.toString('hex')
  if (!(await notePartSent(line.ctx, upload, { md5, etag }))) await giveWay(line, upload)
  upload.md5s.push(md5)
  upload.etags.push(etag)
}

async function readPart(file: FileHandle, { number, start, end }: { number: number; start: number; end: number }): Promise<Part> {
  const content = Buffer.allocUnsafe(end - start)
  const [md5, sha256] = [createHash('md5'), createHash('sha256')]
  for (let at = 0; at < content.length; ) {
    const { bytesRead } = await file.read(content, at, Math.min(READ_BYTES, content.length - at), start + at)
    if (bytesRead === 0) throw new VideoProblem('file', 'its file is shorter than the index says')
    const piece = content.subarray(at, at + bytesRead)
    md5.update(piece)
    sha256.update(piece)
    at += bytesRead
  }
  return { number, content, md5: md5.digest(), sha256: sha256.digest('hex') }
}

/**
 * Has the store the video, whole? It says so by length and by the hash over the parts' hashes, which most stores give as the ETag. One that
 * calls its objects otherwise (encrypted ones, for instance) is read back and compared byte for byte.
 */
async function isThere({ store, signal }: Line, { key, md5s }: Upload, { file, bytes }: Content): Promise<boolean> {
  const known = await store.look(key, signal)
  if (known?.bytes !== bytes) return false
  const ofParts = createHash('md5')
    .update(Buffer.from(md5s.join(''), 'hex'))
    .digest('hex')
  if (known.etag === `${ofParts}-${md5s.length}`) return true
  const theirs = createHash('sha256')
  for await (const chunk of await store.read(key, { start: 0, end: bytes - 1 }, signal)) theirs.update(chunk as Buffer)
  const ours = createHash('sha256')
  for await (const chunk of file.createReadStream({ start: 0, end: bytes - 1, autoClose: false, highWaterMark: READ_BYTES }))
    ours.update(chunk as Buffer)
  return theirs.digest('hex') === ours.digest('hex')
}

const overtaken = () => new VideoProblem('overtaken', 'another process sends it too')
