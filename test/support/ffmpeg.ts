/** The ffmpeg that tests use, and what tests say where there is none. */
import { spawn, spawnSync } from 'node:child_process'

export const FFMPEG = process.env.FFMPEG_PATH || 'ffmpeg'
const isThere = spawnSync(FFMPEG, ['-version']).status === 0

/** For a test's `skip`: why it cannot run here, or false. */
export const withoutFfmpeg: string | false = isThere ? false : `no ffmpeg (${FFMPEG}): install it, or name it in FFMPEG_PATH`

export type GrayPicture = { gray: Buffer; width: number; height: number }
/** The brightness of the first `count` pictures that ffmpeg decodes; `input` goes to its standard input. Throws an Error with ffmpeg's words. */
export async function decodeGray(
  args: string[],
  { width, height, count, input }: { width: number; height: number; count: number; input?: Buffer }
): Promise<GrayPicture[]> {
  const output = ['-fps_mode', 'passthrough', '-frames:v', String(count), '-f', 'rawvideo', '-pix_fmt', 'gray', 'pipe:1']
  const child = spawn(FFMPEG, ['-hide_banner', '-loglevel', 'error', ...args, ...output], { stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const [chunks, words] = await Promise.all([child.stdout.toArray(), child.stderr.toArray()])
  const all = Buffer.concat(chunks)
  const bytes = width * height
  if (all.length < bytes) throw new Error(`ffmpeg decoded nothing: ${Buffer.concat(words)}`)
  return Array.from({ length: Math.floor(all.length / bytes) }, (_, n) => ({
    gray: all.subarray(n * bytes, (n + 1) * bytes),
    width,
    height
  }))
}
