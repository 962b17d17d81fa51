/** Videos in tests without a recorder: tiny clips cut from one that ffmpeg made, with their rows, closed or still growing. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { CameraTag } from '#contracts/api/cameras.ts'
import { type Context, SYSTEM } from '#server/context.ts'
import { addCamera, closeClip, openClip } from '#server/domain/camera/actions.ts'
import { type Mp4, readMp4 } from '#server/platform/mp4.ts'
import { FFMPEG } from './ffmpeg.ts'

const LUMA = { first: 40, step: 3 }
/** The grey of a second of the film as a screen shows it, 0 to 255. */
export const greyAt = (second: number): number => ((LUMA.first + LUMA.step * second - 16) * 255) / 219

type Film = { content: Buffer; mp4: Mp4 }
let film: Film | null = null

/** A minute of 64×36 at 5 frames a second, a keyframe each second; each second is a grey of its own. */
async function wholeFilm(): Promise<Film> {
  if (film) return film
  const folder = mkdtempSync(join(tmpdir(), 'niflr-film-'))
  const file = join(folder, 'film.mp4')
  const picture = `geq=lum='${LUMA.first}+${LUMA.step}*floor(T)':cb=128:cr=128`
  const source = ['-f', 'lavfi', '-i', `color=s=64x36:r=5:d=60,format=yuv420p,${picture}`]
  const codec = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '5', '-bf', '0', '-threads', '1']
  const output = ['-movflags', 'frag_keyframe+empty_moov+default_base_moof', file]
  execFileSync(FFMPEG, ['-loglevel', 'error', '-y', ...source, ...codec, ...output])
  const content = readFileSync(file)
  rmSync(folder, { recursive: true })
  film = { content, mp4: await readMp4(async (offset, length) => content.subarray(offset, offset + length)) }
  return film
}

/** A camera of `ctx`'s store whose clips the test makes; it is not recorded. */
export async function filmedCamera(
  ctx: Context,
  { name = 'shelf', tag = 'IN_STORE' as CameraTag, machineIds = [] as string[] } = {}
) {
  const camera = await addCamera(ctx, SYSTEM, { name, tag, streamUrl: `rtsp://cam/${name}`, machineIds, enabled: false })
  const { content, mp4 } = await wholeFilm()
  let clips = 0

  /** A clip that begins at `startedAt` and is being recorded; `grow` writes whole seconds, and a piece of the next. */
  const open = async (startedAt: Date) => {
    const file = `${camera.id}/${++clips}.mp4`
    const path = join(ctx.config.dataDir, 'clips', file)
    mkdirSync(dirname(path), { recursive: true })
    const videoId = await openClip(ctx, { cameraId: camera.id, tag, file, startedAt })
    let seconds = 0
    const written = () => (seconds === 0 ? 0 : mp4.fragments[seconds - 1]!.offset + mp4.fragments[seconds - 1]!.bytes)
    const grow = (bySeconds: number) => {
      seconds += bySeconds
      writeFileSync(path, content.subarray(0, written() + 100))
    }
    const close = async () => {
      writeFileSync(path, content.subarray(0, written()))
      const whole = { ...mp4, fragments: mp4.fragments.slice(0, seconds), wholeBytes: written() }
      const endedAt = new Date(startedAt.getTime() + seconds * 1000)
      await closeClip(ctx, { videoId, startedAt, endedAt, bytes: written(), mp4: whole })
    }
    return { videoId, path, grow, close, wholeBytes: written }
  }
  /** One that is over. */
  const record = async (startedAt: Date, seconds: number) => {
    const clip = await open(startedAt)
    clip.grow(seconds)
    await clip.close()
    return clip
  }
  return { id: camera.id, open, record, headBytes: mp4.headBytes, fragments: mp4.fragments, content }
}
export type FilmedCamera = Awaited<ReturnType<typeof filmedCamera>>
