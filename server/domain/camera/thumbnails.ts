/** Thumbnails: the keyframe nearest to a time as a small JPEG, made once, kept below DATA_DIR/cache in a bounded folder. */
import { join } from 'node:path'
import type { Context } from '#server/context.ts'
import { NotFound } from '#server/platform/errors.ts'
import { startFfmpegWork } from '#server/platform/ffmpeg-work.ts'
import { FileCache } from '#server/platform/file-cache.ts'
import { Slots } from '#server/platform/slots.ts'
import { readClipBytes } from './copies.ts'
import { type Clip, type Piece, piecesOf } from './footage.ts'
import { mustBeCamera } from './playback.ts'
import { readClip, readClips } from './played-clips.ts'
import { needFfmpeg } from './tools.ts'

const CACHE_BYTES = 256 * 1024 * 1024
const WIDTH = 480
const MAKE_WITHIN_MS = 15_000
/** More of a fragment is not read: its keyframe comes first. */
const READ_BYTES = 8 * 1024 * 1024
/** Further away from its time a picture tells nothing. */
const NEAR_MS = 10_000

type Studio = { cache: FileCache; slots: Slots }
const studios = new WeakMap<Context, Studio>()

function studioOf(ctx: Context): Studio {
  const folder = join(ctx.config.dataDir, 'cache', 'thumbnails')
  const studio = studios.get(ctx) ?? {
    cache: new FileCache({ folder, maxBytes: CACHE_BYTES }),
    slots: new Slots({ atOnce: 2, waiting: 200 })
  }
  studios.set(ctx, studio)
  return studio
}

type Found = { clip: Clip; piece: Piece; n: number }

/** Of one video, nearest to `at`, or its first picture. Throws NotFound, Refused `no-ffmpeg` or `too-many-requests`. */
export async function videoThumbnail(ctx: Context, { id, at }: { id: string; at: string | null }): Promise<Buffer> {
  const clip = await readClip(ctx, id)
  const found = nearest([clip], at === null ? clip.startMs : Date.parse(at))
  if (!found) throw new NotFound('picture yet in video', id)
  return thumbnailOf(ctx, found)
}

/** Of whatever video of a camera shows that time. Throws as `videoThumbnail`. */
export async function cameraThumbnail(ctx: Context, { cameraId, at }: { cameraId: string; at: string }): Promise<Buffer> {
  await mustBeCamera(ctx, cameraId)
  const ms = Date.parse(at)
  const found = nearest(await readClips(ctx, cameraId, { fromMs: ms - NEAR_MS, toMs: ms + NEAR_MS }), ms)
  if (!found || Math.abs(found.piece.startMs - ms) > NEAR_MS) throw new NotFound(`picture at ${at} of camera`, cameraId)
  return thumbnailOf(ctx, found)
}

/** With a video go its thumbnails. */
export const forgetThumbnails = (ctx: Context, videoId: string): Promise<void> => studioOf(ctx).cache.forget(videoId)

function nearest(clips: Clip[], ms: number): Found | null {
  let best: Found | null = null
  for (const clip of clips)
    for (const [n, piece] of piecesOf(clip).entries())
      if (!best || Math.abs(piece.startMs - ms) < Math.abs(best.piece.startMs - ms)) best = { clip, piece, n }
  return best
}

function thumbnailOf(ctx: Context, { clip, piece, n }: Found): Promise<Buffer> {
  const { cache, slots } = studioOf(ctx)
  return cache.get(`${clip.id}/${n}.jpg`, async () => {
    const ffmpeg = await needFfmpeg(ctx)
    using _slot = await slots.take()
    return firstPicture(ffmpeg, await fragmentBytes(ctx, clip, piece))
  })
}

/** A file of its own: the clip's head and one fragment. */
async function fragmentBytes(ctx: Context, clip: Clip, { offset, bytes }: Piece): Promise<Buffer> {
  const head = await readClipBytes(ctx, clip, { start: 0, end: clip.headBytes - 1 })
  const chunks: Buffer[] = await head.toArray()
  const fragment = await readClipBytes(ctx, clip, { start: offset, end: offset + Math.min(bytes, READ_BYTES) - 1 })
  return Buffer.concat([...chunks, ...(await fragment.toArray())])
}

async function firstPicture(ffmpeg: string, content: Buffer): Promise<Buffer> {
  const filter = ['-vf', `scale='min(${WIDTH},iw)':-2`, '-pix_fmt', 'yuvj420p', '-q:v', '5']
  const args = ['-f', 'mp4', '-i', 'pipe:0', '-frames:v', '1', ...filter, '-c:v', 'mjpeg', '-f', 'image2pipe', 'pipe:1']
  const { child, ended } = startFfmpegWork({ ffmpeg, args, endAfterMs: MAKE_WITHIN_MS })
  child.stdin.end(content)
  const [chunks] = await Promise.all([child.stdout.toArray(), ended])
  const picture = Buffer.concat(chunks)
  if (picture.length === 0) throw new Error('ffmpeg made no picture')
  return picture
}
