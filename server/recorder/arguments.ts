/**
 * How ffmpeg is told to record one camera. Pictures are copied, stamped with the wall clock as they arrive, and cut on it. The stream's URL
 * goes in on standard input as a list of one entry, so that no list of processes shows its password; the list has a second merit: each
 * picture comes through it whole and with a time, while the first part of a stream read directly may have none, which spoils a whole clip.
 */
import type { Ffmpeg } from '#server/platform/ffmpeg.ts'

export type Source = { streamUrl: string; transport: 'tcp' | 'udp' }
export type Command = {
  args: string[]
  /** For its standard input. */
  input: string
  /** A picture is stamped when the next one begins: times are late by the time between two pictures. */
  isLateByFrame: boolean
}
type Wanted = { ffmpeg: Ffmpeg; source: Source; clipSeconds: number; pattern: string; isSlowToShow: boolean }

const TIMEOUT_MICROSECONDS = 5_000_000
const NETWORK = 'pipe,file,rtsp,rtsps,rtmp,rtmps,rtp,tcp,udp,tls,crypto'
const STAMPS = ['-use_wallclock_as_timestamps', '1']
/** Pictures that are read only to guess what a stream is are stamped too late: guess as little as possible. */
const QUICK = { fpsprobesize: '0', analyzeduration: '1' }

/** `isSlowToShow`: a camera that does not say at once what it sends; it is listened to for longer. */
export function recordCommand({ ffmpeg, source, clipSeconds, pattern, isSlowToShow }: Wanted): Command {
  const head = ['-hide_banner', '-loglevel', 'warning', '-nostats', '-progress', 'pipe:3', '-y']
  const { input, args, isLateByFrame } = inputOf(ffmpeg, source, isSlowToShow)
  const movflags = 'movflags=+frag_keyframe+empty_moov+default_base_moof:flush_packets=1'
  const cut = ['-f', 'segment', '-segment_time', String(clipSeconds), '-segment_atclocktime', '1', '-reset_timestamps', '1']
  const list = ['-segment_list', 'pipe:1', '-segment_list_type', 'csv']
  const format = ['-segment_format', 'mp4', '-segment_format_options', movflags, '-strftime', '1', pattern]
  return { args: [...head, ...args, ...cut, ...list, ...format], input, isLateByFrame }
}

function inputOf(ffmpeg: Ffmpeg, { streamUrl, transport }: Source, isSlowToShow: boolean): Command {
  const copy = ['-map', '0:v:0', '-c', 'copy']
  if (streamUrl.startsWith('test:')) {
    const picture = 'testsrc2=size=640x360:rate=10,realtime'
    const encode = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '10', '-pix_fmt', 'yuv420p']
    return { args: ['-nostdin', ...STAMPS, '-copyts', '-f', 'lavfi', '-i', picture, ...encode], input: '', isLateByFrame: false }
  }
  const isRtsp = streamUrl.startsWith('rtsp')
  const timeout = isRtsp ? 'timeout' : 'rw_timeout'
  if (!ffmpeg.isCurrent) {
    const old = isRtsp ? ['-rtsp_transport', transport, '-stimeout', String(TIMEOUT_MICROSECONDS)] : []
    return { args: ['-nostdin', ...STAMPS, '-copyts', ...old, '-i', streamUrl, ...copy], input: '', isLateByFrame: false }
  }
  const quick: Record<string, string> = isSlowToShow ? {} : QUICK
  const options = { [timeout]: String(TIMEOUT_MICROSECONDS), ...(isRtsp && { rtsp_transport: transport }), ...quick }
  const lines = [
    'ffconcat version 1.0',
    `file '${streamUrl}'`,
    ...Object.entries(options).map(([name, value]) => `option ${name} ${value}`)
  ]
  const probe = Object.entries(quick).flatMap(([name, value]) => [`-${name}`, value])
  const args = [
    '-nostdin',
    ...probe,
    ...STAMPS,
    '-copyts',
    '-f',
    'concat',
    '-safe',
    '0',
    '-protocol_whitelist',
    NETWORK,
    '-i',
    'pipe:0',
    ...copy
  ]
  return { args, input: `${lines.join('\n')}\n`, isLateByFrame: true }
}
