/** What a few seconds of a stream tell of it, for who mounts the camera. Pure. */
import type { StreamTest } from '#contracts/api/cameras.ts'
import { durationMs, type Mp4 } from '#server/platform/mp4.ts'

type Settings = { clipSeconds: number; clipQuotaGb: number }
/** `words`: what ffmpeg said while it listened; `seen`: what its filter showinfo said of each decoded picture. */
export type Heard = { words: string; seen: string; mp4: Mp4; snapshot: Buffer | null }

const DAY_SECONDS = 86_400
const LONG_GOP_SECONDS = 4

/** `mp4` has a fragment at least. */
export function describeStream({ clipSeconds, clipQuotaGb }: Settings, { words, seen, mp4, snapshot }: Heard): StreamTest {
  const [, codec = 'unknown', profile] = /Video: (\w+)(?: \(([^)/]+)\))?/.exec(words) ?? []
  const track = mp4.track!
  const seconds = durationMs(mp4) / 1000
  const bytes = mp4.fragments.reduce((sum, fragment) => sum + fragment.bytes, 0)
  const frames = mp4.fragments.reduce((sum, fragment) => sum + fragment.frames, 0)
  const whole = mp4.fragments.slice(0, -1).map(({ ticks }) => ticks / track.timescale) // the last one was cut short
  const keyframeEverySeconds = whole.length === 0 ? null : rounded(whole.reduce((sum, each) => sum + each, 0) / whole.length, 2)
  const bitsPerSecond = seconds > 0 ? Math.round((bytes * 8) / seconds) : null
  const gigabytesPerDay = bitsPerSecond === null ? null : rounded((bitsPerSecond * DAY_SECONDS) / 8e9, 2)
  const report = {
    ...{ codec, codecs: track.codecs, profile: profile ?? null, width: track.width, height: track.height },
    framesPerSecond: seconds > 0 ? rounded(frames / seconds, 1) : null,
    ...{ bitsPerSecond, keyframeEverySeconds, hasBFrames: /\btype:B\b/.test(seen) },
    isPlayableInBrowsers: codec === 'h264',
    gigabytesPerDay,
    quotaDays: gigabytesPerDay ? rounded(clipQuotaGb / gigabytesPerDay, 1) : null,
    clipsPerDay: Math.ceil(DAY_SECONDS / clipSeconds),
    snapshot: snapshot?.toString('base64') ?? null
  }
  return { ...report, warnings: warningsOf(report) }
}

function warningsOf(report: Omit<StreamTest, 'warnings'>): string[] {
  const { codec, isPlayableInBrowsers, hasBFrames, keyframeEverySeconds, snapshot } = report
  return [
    ...(isPlayableInBrowsers
      ? []
      : [`${codec === 'hevc' ? 'HEVC (H.265)' : codec} is recorded, but not playable in browsers: set the camera to H.264`]),
    ...(hasBFrames
      ? [
          'the stream has B-frames, so that pictures come out of order in time: turn them off (often called "baseline" or "B-frame 0")'
        ]
      : []),
    ...(keyframeEverySeconds === null || keyframeEverySeconds > LONG_GOP_SECONDS
      ? [
          `keyframes are ${keyframeEverySeconds ?? 'more than 6'} s apart: one a second (I-frame interval = frame rate) loses least and seeks best`
        ]
      : []),
    ...(snapshot ? [] : ['its pictures cannot be decoded here'])
  ]
}

const rounded = (value: number, digits: number) => Math.round(value * 10 ** digits) / 10 ** digits
