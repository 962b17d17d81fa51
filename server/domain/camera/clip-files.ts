/** Clips as files, for who plays, exports or uploads them: where each lies, and its fragments; of one still being recorded as far as it is whole now. */
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import type { Context } from '#server/context.ts'
import { NotFound } from '#server/platform/errors.ts'
import { EMPTY_MP4, type Mp4, readingFrom, readMp4 } from '#server/platform/mp4.ts'
import { LONGEST_CLIP_MS } from './rules.ts'

export type ClipFragment = { bytes: number; ticks: number }
export type ClipFile = {
  videoId: string
  cameraId: string
  path: string
  startedAt: Date
  /** Null while it is being recorded. */
  endedAt: Date | null
  bytes: number
  codecs: string | null
  width: number | null
  height: number | null
  timescale: number | null
  /** ftyp and moov; the fragments follow it without a break. */
  headBytes: number
  fragments: ClipFragment[]
  /** There is a whole copy of it in the upload store. */
  isUploaded: boolean
  /** Its file is gone, and there is no copy. */
  isMissing: boolean
}

type Row = Omit<ClipFile, 'path' | 'fragments' | 'isMissing' | 'isUploaded' | 'headBytes'> & {
  file: string
  headBytes: number | null
  fragmentBytes: number[] | null
  fragmentTicks: number[] | null
  missingAt: Date | null
  uploadedAt: Date | null
}
const COLUMNS = sql`id AS video_id, camera_id, file, started_at, ended_at, bytes, codecs, width, height, timescale, head_bytes, fragment_bytes, fragment_ticks, missing_at, uploaded_at`

/** The folder in which all clips lie. */
export const clipFolder = (ctx: Context): string => join(ctx.config.dataDir, 'clips')

/** One clip's file. Throws NotFound. */
export async function clipFile(ctx: Context, videoId: string): Promise<ClipFile> {
  const { rows } = await sql<Row>`SELECT ${COLUMNS} FROM video WHERE id = ${videoId}`.execute(ctx.db)
  if (rows.length === 0) throw new NotFound('video', videoId)
  return clipOf(ctx, rows[0]!)
}

/** A camera's clips that overlap from…to, oldest first, the one still being recorded among them. */
export async function clipFilesDuring(
  ctx: Context,
  { cameraId, from, to }: { cameraId: string; from: Date; to: Date }
): Promise<ClipFile[]> {
  const { rows } = await sql<Row>`SELECT ${COLUMNS} FROM video WHERE camera_id = ${cameraId}
    AND started_at > ${new Date(from.getTime() - LONGEST_CLIP_MS)} AND started_at <= ${to} AND (ended_at IS NULL OR ended_at >= ${from})
    ORDER BY started_at, id`.execute(ctx.db)
  return Promise.all(rows.map((row) => clipOf(ctx, row)))
}

async function clipOf(
  ctx: Context,
  { file, fragmentBytes, fragmentTicks, missingAt, uploadedAt, headBytes, ...row }: Row
): Promise<ClipFile> {
  const path = join(clipFolder(ctx), file)
  if (row.endedAt !== null || missingAt !== null) {
    const fragments = (fragmentBytes ?? []).map((bytes, n) => ({ bytes, ticks: fragmentTicks![n]! }))
    const isUploaded = uploadedAt !== null
    return { ...row, path, headBytes: headBytes ?? 0, fragments, isUploaded, isMissing: missingAt !== null && !isUploaded }
  }
  const { track, headBytes: head, fragments, wholeBytes } = await wholePartOf(path)
  return {
    ...{ ...row, path, headBytes: head, bytes: wholeBytes, isUploaded: false, isMissing: false },
    ...{
      codecs: track?.codecs ?? null,
      width: track?.width ?? null,
      height: track?.height ?? null,
      timescale: track?.timescale ?? null
    },
    fragments: fragments.map(({ bytes, ticks }) => ({ bytes, ticks }))
  }
}

/** Looks at files that grow, remembered so that the next look reads on; the oldest are forgotten. */
const looks = new Map<string, Mp4>()
const MOST_LOOKS = 64

/** What of a file can be played now; nothing when it is not there. */
export async function wholePartOf(path: string): Promise<Mp4> {
  const known = looks.get(path) ?? EMPTY_MP4
  const info = await stat(path).catch(() => null)
  if (!info || info.size < known.wholeBytes) return EMPTY_MP4
  if (info.size === known.wholeBytes) return known
  await using file = await open(path, 'r')
  const mp4 = await readMp4(readingFrom(file), known)
  looks.delete(path)
  looks.set(path, mp4)
  if (looks.size > MOST_LOOKS) looks.delete(looks.keys().next().value!)
  return mp4
}
