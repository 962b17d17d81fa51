/** The ffmpeg that pictures and exports are made with. */
import type { Context } from '#server/context.ts'
import { Refused } from '#server/platform/errors.ts'
import { type FfmpegFound, findFfmpeg } from '#server/platform/ffmpeg.ts'

const found = new WeakMap<Context, Promise<FfmpegFound>>()

/** Its path. Throws Refused `no-ffmpeg`. */
export async function needFfmpeg(ctx: Context): Promise<string> {
  const search = found.get(ctx) ?? findFfmpeg(ctx.config.ffmpegPath)
  found.set(ctx, search)
  const { ffmpeg, warning } = await search
  if (!ffmpeg) throw new Refused('no-ffmpeg', warning ?? 'there is no ffmpeg')
  return ffmpeg.path
}
