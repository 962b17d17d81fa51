/** What a window of a camera's time shows: which fragments of which clips, where there is none, and whether more may still come. Pure. */
import type { GapCause } from '#contracts/api/videos.ts'
import type { ClipFragment } from './clip-files.ts'

export type Clip = {
  id: string
  cameraId: string
  path: string
  /** There is a copy of it elsewhere, should its file be gone. */
  isUploaded: boolean
  /** Its first frame, Unix milliseconds. */
  startMs: number
  /** Null while it is being recorded: then `fragments` are those that are whole. */
  endMs: number | null
  codecs: string | null
  width: number | null
  height: number | null
  /** Ticks per second. */
  timescale: number
  headBytes: number
  /** They follow the head and each other without a break. */
  fragments: ClipFragment[]
}
export type Gap = { fromMs: number; toMs: number | null; cause: GapCause }
export type Window = { fromMs: number; toMs: number }
/** One or more fragments: bytes of a clip's file, and the time that they show. */
export type Piece = { offset: number; bytes: number; startMs: number; endMs: number }
/** What is shown of one clip, without a break. */
export type Stretch = { clip: Clip; pieces: Piece[] }

/** Every fragment of a clip, with its place in the file and in time. */
export function piecesOf(clip: Clip): Piece[] {
  let offset = clip.headBytes
  let ticks = 0
  return clip.fragments.map((fragment) => {
    const piece = { offset, bytes: fragment.bytes, startMs: timeAt(clip, ticks), endMs: timeAt(clip, ticks + fragment.ticks) }
    offset += fragment.bytes
    ticks += fragment.ticks
    return piece
  })
}

const timeAt = ({ startMs, timescale }: Clip, ticks: number) => startMs + (ticks * 1000) / timescale

const overlaps = ({ startMs, endMs }: Piece, { fromMs, toMs }: Window) => endMs > fromMs && startMs < toMs

/**
 * The fragments that overlap the window, clip by clip in the order of time. Where two recorders ran at once (a new one starts before the
 * old one ends), what the earlier clip shows already is not shown again. After the clock was set back the same times come twice and mean
 * different moments: then all of it is shown.
 */
export function footageOf(clips: Clip[], gaps: Gap[], window: Window): Stretch[] {
  const stretches: Stretch[] = []
  let shownUntil = Number.NEGATIVE_INFINITY
  for (const clip of clips.toSorted((a, b) => a.startMs - b.startMs || (a.id < b.id ? -1 : 1))) {
    const isAgain = clip.startMs < shownUntil && !gaps.some((gap) => isClockStep(gap, clip.startMs, shownUntil))
    const inside = piecesOf(clip).filter((piece) => overlaps(piece, window))
    const pieces = isAgain ? inside.filter((piece) => piece.endMs > shownUntil) : inside
    if (pieces.length === 0) continue
    stretches.push({ clip, pieces })
    shownUntil = Math.max(shownUntil, pieces.at(-1)!.endMs)
  }
  return stretches
}

const STEP_NEAR_MS = 5000
const isClockStep = ({ cause, fromMs, toMs }: Gap, sinceMs: number, untilMs: number) =>
  cause === 'clock' && fromMs <= untilMs + STEP_NEAR_MS && (toMs ?? fromMs) >= sinceMs - STEP_NEAR_MS

/** A clip's row may come this long after its first frame. */
export const SETTLED_AFTER_MS = 10_000

/**
 * Is all there that the window will ever show? Not while a clip that has not reached its end is being recorded, and not before it is sure
 * that no further clip begins in it.
 */
export function isWholeWindow(clips: Clip[], { toMs }: Window, nowMs: number): boolean {
  const reach = (clip: Clip) => piecesOf(clip).at(-1)?.endMs ?? clip.startMs
  const inside = clips.filter((clip) => clip.startMs < toMs)
  if (inside.some((clip) => clip.endMs === null && reach(clip) < toMs)) return false
  return inside.some((clip) => reach(clip) >= toMs) || nowMs >= toMs + SETTLED_AFTER_MS
}

/**
 * Short fragments taken together until they last `leastMs`. Of a clip that still grows, a last group that is not full waits, unless it
 * reaches the end of the window: so a group never changes once it was told.
 */
export function grouped({ clip, pieces }: Stretch, leastMs: number, { toMs }: Window): Piece[] {
  const groups: Piece[] = []
  let first: Piece | null = null
  let bytes = 0
  for (const piece of pieces) {
    first ??= piece
    bytes += piece.bytes
    const isFull = piece.endMs - first.startMs >= leastMs || piece.endMs >= toMs
    const isLast = piece === pieces.at(-1) && clip.endMs !== null
    if (!isFull && !isLast) continue
    groups.push({ offset: first.offset, bytes, startMs: first.startMs, endMs: piece.endMs })
    first = null
    bytes = 0
  }
  return groups
}

const SMALLEST_HOLE_MS = 1000
export type Note = { fromMs: number; toMs: number; cause: GapCause | 'unknown' }

/**
 * The gaps of the window: those on record, and the holes in its footage that none of them explains. With `untilMs` only those that were
 * over then, since what was told of a gap must not change.
 */
export function notesOf(stretches: Stretch[], gaps: Gap[], { fromMs, toMs }: Window, untilMs: number | null): Note[] {
  const end = untilMs === null ? toMs : Math.min(toMs, untilMs)
  const isOver = (gap: Gap) => untilMs === null || (gap.toMs !== null && gap.toMs <= end)
  const known = gaps
    .filter(isOver)
    .map((gap) => ({ fromMs: Math.max(gap.fromMs, fromMs), toMs: Math.min(gap.toMs ?? end, end), cause: gap.cause }))
    .filter((note) => note.toMs > note.fromMs)
  const isExplained = (hole: { fromMs: number; toMs: number }) =>
    known.some((note) => note.toMs > hole.fromMs && note.fromMs < hole.toMs)
  const holes: Note[] = []
  let reached = fromMs
  for (const piece of [...stretches.flatMap((stretch) => stretch.pieces), { startMs: end, endMs: end }]) {
    const hole = { fromMs: reached, toMs: Math.min(piece.startMs, end) }
    if (hole.toMs - hole.fromMs >= SMALLEST_HOLE_MS && !isExplained(hole)) holes.push({ ...hole, cause: 'unknown' })
    reached = Math.max(reached, piece.endMs)
  }
  return [...known, ...holes].toSorted((a, b) => a.fromMs - b.fromMs)
}

/** Which bytes of a clip a window may see: its head, and those of its fragments that overlap the window; null when there are none. */
export function bytesOfWindow(clip: Clip, window: Window): { headBytes: number; first: number; end: number } | null {
  const pieces = piecesOf(clip).filter((piece) => overlaps(piece, window))
  const last = pieces.at(-1)
  return last ? { headBytes: clip.headBytes, first: pieces[0]!.offset, end: last.offset + last.bytes } : null
}

/** The whole fragments of a clip, head included. */
export const wholeBytes = ({ headBytes, fragments }: Clip): number =>
  fragments.reduce((sum, fragment) => sum + fragment.bytes, headBytes)
