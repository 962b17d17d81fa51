/**
 * How a stream is given to ffmpeg. Its URL goes in on standard input as a list of one entry, so that no list of processes shows its
 * password; the list has a second merit: each picture comes through it whole and with a time, while the first packet of a stream that is
 * read directly may have none, which spoils a whole clip. An ffmpeg before 5 cannot do that, and gets the URL as an argument.
 */
import type { Ffmpeg } from '#server/platform/ffmpeg.ts'

export type StreamSource = { streamUrl: string; transport: 'tcp' | 'udp' }
export type StreamInput = {
  /** Up to and with `-i`. */
  args: string[]
  /** For its standard input. */
  stdin: string
  /** Pictures that are made here, and not encoded yet. */
  isRaw: boolean
  /** A picture is stamped when the next one begins: times are late by the time between two pictures. */
  isLateByFrame: boolean
}

const TIMEOUT_MICROSECONDS = 5_000_000
const NETWORK = 'pipe,file,rtsp,rtsps,rtmp,rtmps,rtp,tcp,udp,tls,crypto'
const WALL_CLOCK = ['-use_wallclock_as_timestamps', '1', '-copyts']
/** Pictures that are read only to guess what a stream is are stamped too late: guess as little as possible. */
const QUICK: Record<string, string> = { fpsprobesize: '0', analyzeduration: '1' }

/** `isStamped`: pictures get the time at which they come; else they keep the camera's. `isQuick`: do not listen to it first. */
export function streamInput(
  ffmpeg: Ffmpeg,
  { streamUrl, transport }: StreamSource,
  { isStamped = true, isQuick = true } = {}
): StreamInput {
  const stamps = isStamped ? WALL_CLOCK : []
  const nothing = { stdin: '', isRaw: false, isLateByFrame: false }
  if (streamUrl.startsWith('test:'))
    return {
      ...nothing,
      args: ['-nostdin', ...stamps, '-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=10,realtime'],
      isRaw: true
    }
  const isRtsp = streamUrl.startsWith('rtsp')
  if (!ffmpeg.isCurrent) {
    const old = isRtsp ? ['-rtsp_transport', transport, '-stimeout', String(TIMEOUT_MICROSECONDS)] : []
    return { ...nothing, args: ['-nostdin', ...stamps, ...old, '-i', streamUrl] }
  }
  const quick = isQuick ? QUICK : {}
  const options = {
    [isRtsp ? 'timeout' : 'rw_timeout']: String(TIMEOUT_MICROSECONDS),
    ...(isRtsp && { rtsp_transport: transport }),
    ...quick
  }
  const lines = [
    'ffconcat version 1.0',
    `file '${streamUrl}'`,
    ...Object.entries(options).map(([name, value]) => `option ${name} ${value}`)
  ]
  const probe = Object.entries(quick).flatMap(([name, value]) => [`-${name}`, value])
  const list = ['-f', 'concat', '-safe', '0', '-protocol_whitelist', NETWORK, '-i', 'pipe:0']
  return { args: ['-nostdin', ...probe, ...stamps, ...list], stdin: `${lines.join('\n')}\n`, isRaw: false, isLateByFrame: true }
}
