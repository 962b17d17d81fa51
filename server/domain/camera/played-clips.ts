/** Clips and gaps of a window as the rules of playing want them; clips without a file or a picture are left out. */
import { constants, type FileHandle, open } from 'node:fs/promises'
import type { Context } from '#server/context.ts'
import { NotFound } from '#server/platform/errors.ts'
import { type ClipFile, clipFile, clipFilesDuring } from './clip-files.ts'
import type { Clip, Gap, Window } from './footage.ts'
import { gapsDuring } from './videos.ts'

/** One clip. Throws NotFound: there is no such video, its file is gone, or it has no whole picture yet. */
export async function readClip(ctx: Context, id: string): Promise<Clip> {
  const file = await clipFile(ctx, id)
  if (file.isMissing) throw new NotFound('file any more of video', id)
  const clip = played(file)
  if (!clip) throw new NotFound('picture (yet) in video', id)
  return clip
}

/** The clips of a camera that overlap the window, oldest first. */
export async function readClips(ctx: Context, cameraId: string, { fromMs, toMs }: Window): Promise<Clip[]> {
  const files = await clipFilesDuring(ctx, { cameraId, from: new Date(fromMs), to: new Date(toMs) })
  return files.flatMap((file) => (file.isMissing ? [] : (played(file) ?? [])))
}

/** The gaps of a camera that overlap the window, oldest first. */
export async function readGaps(ctx: Context, cameraId: string, { fromMs, toMs }: Window): Promise<Gap[]> {
  const gaps = await gapsDuring(ctx, { cameraId, from: new Date(fromMs), to: new Date(toMs) })
  return gaps.map(({ from, to, cause }) => ({ fromMs: Date.parse(from), toMs: to === null ? null : Date.parse(to), cause }))
}

/** Opens a clip's file for reading. Throws NotFound when it is gone. */
export async function openClipFile({ id, path }: Pick<Clip, 'id' | 'path'>): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new NotFound('file any more of video', id)
    throw error
  }
}

function played({ videoId: id, startedAt, endedAt, timescale, fragments, ...file }: ClipFile): Clip | null {
  if (!timescale || fragments.length === 0) return null
  return { ...file, id, startMs: startedAt.getTime(), endMs: endedAt?.getTime() ?? null, timescale, fragments }
}
