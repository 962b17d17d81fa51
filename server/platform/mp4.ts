/**
 * Fragmented MP4 (ISO/IEC 14496-12) as a recorder writes it in place: a head (ftyp, moov), then fragments (moof, mdat), each whole or not
 * there yet. Only boxes' headers, moov and moofs are read, so a file of any size costs a few reads per fragment; a file that has grown is
 * read on from where the last look ended. Everything counts for the first video track alone.
 */
import type { FileHandle } from 'node:fs/promises'
import { type Box, child, children } from './mp4/boxes.ts'
import { describeVideo, type VideoTrack } from './mp4/track.ts'

export type { VideoTrack } from './mp4/track.ts'
/** A time within a fragment in which no new frame came, in ticks since the fragment began. */
export type Stillness = { fromTicks: number; ticks: number }
export type Fragment = {
  offset: number
  /** With what stands before its moof (styp, sidx), so that fragments follow the head and each other without a break. */
  bytes: number
  /** Decode time of its first frame since the file began, in ticks. */
  decodeTicks: number
  ticks: number
  frames: number
  isKeyframe: boolean
  /** The usual time from one of its frames to the next: the median, in ticks. */
  usualTicks: number
  stillness: Stillness[]
}
export type Mp4 = {
  track: VideoTrack | null
  /** ftyp and moov: what a player needs before any fragment. */
  headBytes: number
  fragments: Fragment[]
  /** Up to here the file is whole; what lies behind is being written, or was when its writer died. */
  wholeBytes: number
}
export const EMPTY_MP4: Mp4 = { track: null, headBytes: 0, fragments: [], wholeBytes: 0 }

/** Gives up to `length` bytes of the file at `offset`; fewer at its end. */
export type ReadAt = (offset: number, length: number) => Promise<Buffer>

const STILL_SECONDS = 2
const LARGEST_INDEX_BYTES = 4 * 1024 * 1024 // of a moov or moof: what is larger was not written by a recorder

/** Reads what is whole, on from `known`. Throws nothing for a file that ends in the middle, or is no MP4 at all: then less is whole. */
export async function readMp4(readAt: ReadAt, known: Mp4 = EMPTY_MP4): Promise<Mp4> {
  const mp4: Mp4 = { ...known, fragments: [...known.fragments] }
  let moof: Box | null = null
  for (let offset = known.wholeBytes; ; ) {
    const header = await headerAt(readAt, offset)
    if (!header) return mp4
    const end = offset + header.bytes
    if (header.type === 'moov' || header.type === 'moof') {
      const content = header.bytes > LARGEST_INDEX_BYTES ? null : await readAt(offset, header.bytes)
      if (!content || content.length < header.bytes) return mp4
      const box = { type: header.type, body: content.subarray(header.headBytes) }
      if (header.type === 'moof') moof = box
      else Object.assign(mp4, { track: describeVideo(box), headBytes: end, wholeBytes: end })
    } else if ((await readAt(end - 1, 1)).length === 0) return mp4
    else if (header.type === 'mdat' && moof && mp4.track) {
      const { wholeBytes: start } = mp4
      mp4.fragments.push({ ...fragmentOf(moof, mp4.track), offset: start, bytes: end - start })
      mp4.wholeBytes = end
      moof = null
    }
    offset = end
  }
}

/** Reads from an open file. */
export const readingFrom =
  (file: FileHandle): ReadAt =>
  async (offset, length) => {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, offset)
    return buffer.subarray(0, bytesRead)
  }

/** How long all of it lasts, in milliseconds. */
export const durationMs = ({ track, fragments }: Mp4): number =>
  track ? (fragments.reduce((sum, { ticks }) => sum + ticks, 0) * 1000) / track.timescale : 0

async function headerAt(readAt: ReadAt, offset: number): Promise<{ type: string; bytes: number; headBytes: number } | null> {
  const head = await readAt(offset, 16)
  if (head.length < 8) return null
  const type = head.toString('latin1', 4, 8)
  const bytes = head.readUInt32BE(0)
  if (bytes !== 1) return bytes >= 8 ? { type, bytes, headBytes: 8 } : null // 0 (to the end of the file) is never whole
  if (head.length < 16) return null
  const large = Number(head.readBigUInt64BE(8))
  return large >= 16 && Number.isSafeInteger(large) ? { type, bytes: large, headBytes: 16 } : null
}

type Timing = Pick<Fragment, 'decodeTicks' | 'ticks' | 'frames' | 'isKeyframe' | 'usualTicks' | 'stillness'>
const NOT_A_SYNC_SAMPLE = 0x0001_0000

/** The frames of one moof [14496-12 8.8.7, 8.8.8, 8.8.12]. */
function fragmentOf(moof: Box, track: VideoTrack): Timing {
  const timing: Timing = { decodeTicks: 0, ticks: 0, frames: 0, isKeyframe: true, usualTicks: 0, stillness: [] }
  const each: number[] = []
  for (const traf of children(moof, 'traf')) {
    const tfhd = child(traf, 'tfhd')
    if (!tfhd || tfhd.body.readUInt32BE(4) !== track.trackId) continue
    const tfdt = child(traf, 'tfdt')
    if (tfdt) timing.decodeTicks = tfdt.body[0] === 1 ? Number(tfdt.body.readBigUInt64BE(4)) : tfdt.body.readUInt32BE(4)
    const defaults = defaultsOf(tfhd, track)
    for (const trun of children(traf, 'trun')) addRun(timing, trun, { ...defaults, timescale: track.timescale, each })
  }
  timing.usualTicks = each.toSorted((a, b) => a - b)[Math.floor(each.length / 2)] ?? 0
  return timing
}

type Defaults = { ticks: number; flags: number }

function defaultsOf({ body }: Box, track: VideoTrack): Defaults {
  const flags = body.readUInt32BE(0) & 0xff_ffff
  let at = 8
  const skip = (bit: number, bytes: number) => {
    if (flags & bit) at += bytes
  }
  const take = (bit: number, otherwise: number) => {
    if (!(flags & bit)) return otherwise
    at += 4
    return body.readUInt32BE(at - 4)
  }
  skip(0x1, 8) // base-data-offset
  skip(0x2, 4) // sample-description-index
  const ticks = take(0x8, track.defaultTicks)
  skip(0x10, 4) // default-sample-size
  return { ticks, flags: take(0x20, track.defaultFlags) }
}

function addRun(
  timing: Timing,
  { body }: Box,
  { ticks, flags, timescale, each }: Defaults & { timescale: number; each: number[] }
): void {
  const has = body.readUInt32BE(0) & 0xff_ffff
  const count = body.readUInt32BE(4)
  let at = 8 + (has & 0x1 ? 4 : 0)
  const first = has & 0x4 ? body.readUInt32BE(at) : null
  at += has & 0x4 ? 4 : 0
  const bytesPerFrame = [0x100, 0x200, 0x400, 0x800].reduce((sum, bit) => sum + (has & bit ? 4 : 0), 0)
  for (let n = 0; n < count && at + bytesPerFrame <= body.length; n++, at += bytesPerFrame) {
    const own = has & 0x100 ? body.readUInt32BE(at) : ticks
    if (timing.frames === 0) {
      const flagsAt = at + (has & 0x100 ? 4 : 0) + (has & 0x200 ? 4 : 0)
      timing.isKeyframe = ((first ?? (has & 0x400 ? body.readUInt32BE(flagsAt) : flags)) & NOT_A_SYNC_SAMPLE) === 0
    }
    if (own > STILL_SECONDS * timescale) timing.stillness.push({ fromTicks: timing.ticks, ticks: own })
    each.push(own)
    timing.ticks += own
    timing.frames += 1
  }
}
