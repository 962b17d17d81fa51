/** The first video track of a moov: its clock, its picture, and its codec as HLS and browsers name it (RFC 6381). */
import { type Box, boxesIn, child, children } from './boxes.ts'

export type VideoTrack = {
  trackId: number
  /** Ticks per second. */
  timescale: number
  /** Such as avc1.64001f or hvc1.1.6.L93.B0; null for a codec that is not known here. */
  codecs: string | null
  width: number
  height: number
  defaultTicks: number
  defaultFlags: number
}

const SAMPLE_ENTRY_BYTES = 8 // in stsd, before the entries
const VISUAL_ENTRY_BYTES = 78 // of a VisualSampleEntry, before its boxes

/** Null when there is no video track, or the moov is broken. */
export function describeVideo(moov: Box): VideoTrack | null {
  try {
    const trak = children(moov, 'trak').find((one) => child(one, 'mdia', 'hdlr')?.body.toString('latin1', 8, 12) === 'vide')
    return trak ? describe(moov, trak) : null
  } catch (error) {
    if (error instanceof RangeError) return null // a box that is shorter than its fields
    throw error
  }
}

function describe(moov: Box, trak: Box): VideoTrack | null {
  const tkhd = child(trak, 'tkhd')?.body
  const mdhd = child(trak, 'mdia', 'mdhd')?.body
  const stsd = child(trak, 'mdia', 'minf', 'stbl', 'stsd')?.body
  const entry = stsd && boxesIn(stsd, SAMPLE_ENTRY_BYTES)[0]
  if (!tkhd || !mdhd || !entry) return null
  const trackId = tkhd.readUInt32BE(tkhd[0] === 1 ? 20 : 12)
  const trex = children(child(moov, 'mvex') ?? { type: 'mvex', body: Buffer.alloc(0) }, 'trex').find(
    ({ body }) => body.readUInt32BE(4) === trackId
  )
  return {
    trackId,
    timescale: mdhd.readUInt32BE(mdhd[0] === 1 ? 20 : 12),
    codecs: codecsOf(entry),
    width: entry.body.readUInt16BE(24),
    height: entry.body.readUInt16BE(26),
    defaultTicks: trex?.body.readUInt32BE(12) ?? 0,
    defaultFlags: trex?.body.readUInt32BE(20) ?? 0
  }
}

const hex = (byte: number) => byte.toString(16).padStart(2, '0')

function codecsOf({ type, body }: Box): string | null {
  const configuration = (name: string) => boxesIn(body, VISUAL_ENTRY_BYTES).find((box) => box.type === name)?.body
  if (type === 'avc1' || type === 'avc3') {
    const avcC = configuration('avcC')
    return avcC ? `${type}.${[...avcC.subarray(1, 4)].map(hex).join('')}` : null
  }
  if (type === 'hvc1' || type === 'hev1') return hevcCodecs(type, configuration('hvcC'))
  return null
}

/** [ISO/IEC 14496-15 annex E.3] */
function hevcCodecs(type: string, hvcC: Buffer | undefined): string | null {
  if (!hvcC || hvcC.length < 13) return null
  const profile = hvcC[1]!
  const space = ['', 'A', 'B', 'C'][profile >> 6]!
  const tier = profile & 0x20 ? 'H' : 'L'
  const compatibility = reversedBits(hvcC.readUInt32BE(2)).toString(16).toUpperCase()
  const constraints = [...hvcC.subarray(6, 12)]
  while (constraints.at(-1) === 0) constraints.pop()
  const parts = [
    `${space}${profile & 0x1f}`,
    compatibility,
    `${tier}${hvcC[12]}`,
    ...constraints.map((c) => c.toString(16).toUpperCase())
  ]
  return `${type}.${parts.join('.')}`
}

function reversedBits(value: number): number {
  let reversed = 0
  for (let n = 0; n < 32; n++) reversed = (reversed * 2 + ((value >>> n) & 1)) >>> 0
  return reversed
}
