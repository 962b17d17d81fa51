/** Decisions about cameras and clips, pure: which gap came why, when a camera is offline, how a clip's own clock becomes the store's. */
import type { GapCause } from '#contracts/api/videos.ts'
import type { Mp4 } from '#server/platform/mp4.ts'

export const OFFLINE_AFTER_MS = 15_000
/** No clip is longer: CLIP_SECONDS is at most an hour, and a cut waits for the next keyframe. */
export const LONGEST_CLIP_MS = 3_700_000
/** Between two clips of one recorder nothing is lost; what is larger is a gap. */
export const SMALLEST_GAP_MS = 1000

export type Span = { startedAt: Date; endedAt: Date }

/** Where in a clip no frame came for a while, although the camera's line stayed open. */
export function silencesOf(mp4: Mp4, startedAt: Date): Span[] {
  const { track, fragments } = mp4
  if (!track) return []
  const timeOf = (ticks: number) => new Date(startedAt.getTime() + (ticks * 1000) / track.timescale)
  let before = 0
  return fragments.flatMap(({ ticks, stillness }) => {
    const since = before
    before += ticks
    return stillness.map((still) => ({
      startedAt: timeOf(since + still.fromTicks),
      endedAt: timeOf(since + still.fromTicks + still.ticks)
    }))
  })
}

const FEW_FRAMES = 10

/** The usual time between two frames, in milliseconds; null when there are too few to tell. */
export function frameIntervalMs({ track, fragments }: Mp4): number | null {
  if (!track || fragments.reduce((sum, { frames }) => sum + frames, 0) < FEW_FRAMES) return null
  const each = fragments.map(({ usualTicks }) => (usualTicks * 1000) / track.timescale)
  return each.toSorted((a, b) => a - b)[Math.floor(each.length / 2)]!
}

/** Why there is no video, from what the recorder said when it ended. `asked`: it was ended on purpose, for this reason. */
export function causeOf(words: string, asked: GapCause | null): GapCause {
  if (asked) return asked
  if (/No space left|Disk quota|Read-only file system|Input\/output error/i.test(words)) return 'disk'
  return 'offline'
}
