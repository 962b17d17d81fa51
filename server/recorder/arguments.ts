/** How ffmpeg is told to record one camera: pictures are copied, stamped with the wall clock as they arrive, and cut on it. */
import { type StreamInput, type StreamSource, streamInput } from '#server/domain/camera/actions.ts'
import type { Ffmpeg } from '#server/platform/ffmpeg.ts'

export type Command = Pick<StreamInput, 'stdin' | 'isLateByFrame'> & { args: string[] }
type Wanted = { ffmpeg: Ffmpeg; source: StreamSource; clipSeconds: number; pattern: string; isSlowToShow: boolean }

const COPY = ['-map', '0:v:0', '-c', 'copy']
const ENCODE = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '10', '-pix_fmt', 'yuv420p']
const FLAGS = 'movflags=+frag_keyframe+empty_moov+default_base_moof:flush_packets=1'

/** `isSlowToShow`: a camera that does not say at once what it sends; it is listened to for longer. */
export function recordCommand({ ffmpeg, source, clipSeconds, pattern, isSlowToShow }: Wanted): Command {
  const { args, stdin, isRaw, isLateByFrame } = streamInput(ffmpeg, source, { isQuick: !isSlowToShow })
  const head = ['-hide_banner', '-loglevel', 'warning', '-nostats', '-progress', 'pipe:3', '-y']
  const cut = ['-f', 'segment', '-segment_time', String(clipSeconds), '-segment_atclocktime', '1', '-reset_timestamps', '1']
  const list = ['-segment_list', 'pipe:1', '-segment_list_type', 'csv']
  const format = ['-segment_format', 'mp4', '-segment_format_options', FLAGS, '-strftime', '1', pattern]
  return { args: [...head, ...args, ...(isRaw ? ENCODE : COPY), ...cut, ...list, ...format], stdin, isLateByFrame }
}
