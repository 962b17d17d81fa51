/** Playing: a window of a camera as a playlist, a video's content, and links to both that a browser can use without headers. */
import type { FileHandle } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import type { Footage } from '#contracts/api/playback.ts'
import type { Video } from '#contracts/api/videos.ts'
import type { Context } from '#server/context.ts'
import type { ByteRange } from '#server/platform/byte-range.ts'
import { Invalid, NotFound, Refused } from '#server/platform/errors.ts'
import { readClipBytes } from './copies.ts'
import { bytesOfWindow, type Clip, type Window, wholeBytes } from './footage.ts'
import { linkEnd, signedQuery } from './links.ts'
import { openClipFile, readClip, readClips, readGaps } from './played-clips.ts'
import { playlistOf } from './playlist.ts'

export type WindowQuery = { from: string; to: string }
const HOUR_MS = 3_600_000
export const LONGEST_PLAYLIST_MS = 24 * HOUR_MS

/** The window that `from` and `to` (RFC 3339) name, at most `longestMs` long. Throws Invalid with the field that is wrong. */
export function windowOf({ from, to }: WindowQuery, longestMs: number): Window {
  const window = { fromMs: Date.parse(from), toMs: Date.parse(to) }
  if (window.toMs <= window.fromMs) throw new Invalid('to', 'must be after from')
  if (window.toMs - window.fromMs > longestMs) throw new Invalid('to', `a window is at most ${longestMs / HOUR_MS} hours long`)
  return window
}

/** Throws NotFound when there is no such camera; a retired one's videos can be played as long as they are there. */
export async function mustBeCamera({ db }: Context, id: string): Promise<void> {
  const camera = await db.selectFrom('camera').select('id').where('id', '=', id).executeTakeFirst()
  if (!camera) throw new NotFound('camera', id)
}

/**
 * The playlist of a window; `exp` is when the link ends with which it was asked for, null without one: then its own links need the sign-in
 * too. Throws Invalid, NotFound when there is no such camera or nothing in the window (yet).
 */
export async function windowPlaylist(
  ctx: Context,
  { cameraId, query, exp }: { cameraId: string; query: WindowQuery; exp: number | null }
): Promise<string> {
  const window = windowOf(query, LONGEST_PLAYLIST_MS)
  await mustBeCamera(ctx, cameraId)
  const [clips, gaps] = await Promise.all([readClips(ctx, cameraId, window), readGaps(ctx, cameraId, window)])
  const urlOf = ({ id }: Clip) => (exp === null ? contentPath(id) : contentUrl(ctx, { id, window }, exp))
  const text = playlistOf({ clips, gaps, window, nowMs: ctx.clock.now().getTime(), urlOf })
  if (text === null) throw new NotFound('video (yet) in this window of camera', cameraId)
  return text
}

const contentPath = (id: string) => `/api/v1/videos/${id}/content`
const contentUrl = (ctx: Context, { id, window }: { id: string; window: Window | null }, exp: number) =>
  `${contentPath(id)}?${signedQuery(ctx, { kind: 'video', id, window }, exp)}`

/** A window's videos with a link to each, and links to what each of their cameras shows of the window; all good for a quarter of an hour. */
export function asLinks(
  ctx: Context,
  videos: Video[],
  { from, to }: { from: Date; to: Date }
): { videos: Video[]; footage: Footage[] } {
  const exp = linkEnd(ctx.clock.now())
  const window = { fromMs: from.getTime(), toMs: to.getTime() }
  const there = videos.filter((video) => !video.isMissing)
  const linked = videos.map((video) =>
    video.isMissing ? video : { ...video, url: contentUrl(ctx, { id: video.id, window: null }, exp) }
  )
  const footage = [...new Set(there.map((video) => video.cameraId))].map((cameraId) => {
    const query = signedQuery(ctx, { kind: 'camera', id: cameraId, window }, exp)
    const at = (what: string) => `/api/v1/cameras/${cameraId}/${what}?${query}`
    const urls = { playlistUrl: at('playlist.m3u8'), exportUrl: at('export.mp4'), thumbnailUrl: at('thumbnail.jpg') }
    return { cameraId, ...urls, linksEndAt: new Date(exp * 1000).toISOString() }
  })
  return { videos: linked, footage }
}

export type Content = {
  /** The whole fragments: more of them later, while it is being recorded. */
  bytes: number
  isOpen: boolean
  /** May a link to `window` see this range (both ends count)? */
  isInside(range: { start: number; end: number }, window: Window): boolean
  /** Its file. Throws NotFound. */
  open(): Promise<FileHandle>
  /** As `readClipBytes`. */
  read(range: ByteRange): Promise<Readable>
}
/** A clip's start is known better once it has closed: links of before then still fit. */
const SLACK_MS = 2000

/** What there is of a video. Throws NotFound. */
export async function videoContent(ctx: Context, id: string): Promise<Content> {
  const clip = await readClip(ctx, id)
  return {
    bytes: wholeBytes(clip),
    isOpen: clip.endMs === null,
    isInside({ start, end }, { fromMs, toMs }) {
      const allowed = bytesOfWindow(clip, { fromMs: fromMs - SLACK_MS, toMs: toMs + SLACK_MS })
      if (!allowed) return false
      const isOfFragments = start >= allowed.first && end < allowed.end
      return end < allowed.headBytes || isOfFragments || (allowed.first === allowed.headBytes && end < allowed.end)
    },
    open: () => openClipFile(clip),
    read: (range) => readClipBytes(ctx, clip, range)
  }
}

/** A link to a window does not reach beyond it. */
export const outsideLink = () =>
  new Refused('outside-link', 'this link gives only the byte ranges that its playlist names; ask for one of them')
