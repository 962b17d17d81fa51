/**
 * The playlist of a window (HLS, RFC 8216): byte ranges of the clips' own files. Each clip begins with EXT-X-DISCONTINUITY and its EXT-X-MAP,
 * each segment has its wall-clock time, each gap is told as an EXT-X-DATERANGE of class niflr.gap. A window that is still being recorded is
 * an EVENT playlist: only its end changes. Pure.
 */
import { type Clip, footageOf, type Gap, grouped, isWholeWindow, type Note, notesOf, type Piece, type Window } from './footage.ts'

/** Longer windows have longer segments, so that a playlist stays small. */
const SEGMENTS = { shortMs: 1000, longMs: 6000, longFromMs: 3_600_000 }

export type PlaylistFacts = {
  clips: Clip[]
  gaps: Gap[]
  window: Window
  nowMs: number
  /** Where a clip's bytes are. */
  urlOf: (clip: Clip) => string
}

/** The playlist's text; null when there is nothing in the window, or not yet. */
export function playlistOf({ clips, gaps, window, nowMs, urlOf }: PlaylistFacts): string | null {
  const leastMs = window.toMs - window.fromMs > SEGMENTS.longFromMs ? SEGMENTS.longMs : SEGMENTS.shortMs
  const stretches = footageOf(clips, gaps, window)
    .map((stretch) => ({ ...stretch, pieces: grouped(stretch, leastMs, window) }))
    .filter((stretch) => stretch.pieces.length > 0)
  const first = stretches[0]?.pieces[0]
  if (!first) return null
  const isWhole = isWholeWindow(clips, window, nowMs)
  const reachedMs = stretches.at(-1)!.pieces.at(-1)!.endMs
  const notes = notesOf(stretches, gaps, window, isWhole ? null : reachedMs)
  const lines = head(
    stretches.flatMap(({ pieces }) => pieces),
    { leastMs, skipMs: window.fromMs - first.startMs }
  )
  for (const [n, { clip, pieces }] of stretches.entries()) {
    const url = urlOf(clip)
    if (n > 0) lines.push('#EXT-X-DISCONTINUITY')
    lines.push(`#EXT-X-MAP:URI="${url}",BYTERANGE="${clip.headBytes}@0"`)
    for (const piece of pieces) lines.push(...takeUntil(notes, piece.endMs).map(noteLine), ...segment(piece, url))
  }
  lines.push(...notes.map(noteLine), ...(isWhole ? ['#EXT-X-ENDLIST'] : []))
  return `${lines.join('\n')}\n`
}

function head(pieces: Piece[], { leastMs, skipMs }: { leastMs: number; skipMs: number }): string[] {
  const longestMs = pieces.reduce((longest, { startMs, endMs }) => Math.max(longest, endMs - startMs), leastMs)
  return [
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    `#EXT-X-TARGETDURATION:${Math.ceil(longestMs / 1000)}`,
    '#EXT-X-PLAYLIST-TYPE:EVENT',
    '#EXT-X-MEDIA-SEQUENCE:0',
    '#EXT-X-INDEPENDENT-SEGMENTS',
    `#EXT-X-START:TIME-OFFSET=${seconds(Math.max(0, skipMs))},PRECISE=YES` // also of an EVENT playlist the beginning, not its live edge
  ]
}

const segment = ({ offset, bytes, startMs, endMs }: Piece, url: string): string[] => [
  `#EXT-X-PROGRAM-DATE-TIME:${time(startMs)}`,
  `#EXTINF:${seconds(endMs - startMs)},`,
  `#EXT-X-BYTERANGE:${bytes}@${offset}`,
  url
]

const noteLine = ({ fromMs, toMs, cause }: Note): string =>
  `#EXT-X-DATERANGE:ID="${cause}-${Math.round(fromMs)}",CLASS="niflr.gap",START-DATE="${time(fromMs)}",DURATION=${seconds(toMs - fromMs)},X-CAUSE="${cause}"`

/** Takes from the front of `notes` those that begin before `ms`. */
function takeUntil(notes: Note[], ms: number): Note[] {
  const count = notes.findIndex((note) => note.fromMs >= ms)
  return notes.splice(0, count < 0 ? notes.length : count)
}

const time = (ms: number) => new Date(Math.round(ms)).toISOString()
const seconds = (ms: number) => (ms / 1000).toFixed(3)
