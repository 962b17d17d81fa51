/** Reads H.264 out of an FLV stream: the one container ffmpeg can write to a pipe where each picture is complete the moment it comes. */
import type { ParameterSets } from './access-unit.ts'

/** Times are milliseconds since the stream began. */
export type FlvVideo =
  | ({ kind: 'parameters' } & ParameterSets)
  | { kind: 'picture'; nals: Buffer[]; isKey: boolean; decodeMs: number; showMs: number }

const FILE_HEADER_BYTES = 13
const TAG_HEADER_BYTES = 11
const TAG_TAIL_BYTES = 4
const VIDEO_TAG = 9
const H264 = 7
const SEQUENCE_HEADER = 0
const PICTURE = 1

/** Throws an Error for a stream that is no FLV, or whose video is not H.264. */
export async function* readFlv(chunks: AsyncIterable<Buffer>): AsyncGenerator<FlvVideo> {
  let rest: Buffer = Buffer.alloc(0)
  let isBegun = false
  for await (const chunk of chunks) {
    rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    if (!isBegun) {
      if (rest.length < FILE_HEADER_BYTES) continue
      if (rest.toString('latin1', 0, 3) !== 'FLV') throw new Error('the stream is no FLV')
      rest = rest.subarray(FILE_HEADER_BYTES)
      isBegun = true
    }
    for (let size = tagBytes(rest); size <= rest.length; size = tagBytes(rest)) {
      const video = readTag(rest.subarray(0, size - TAG_TAIL_BYTES))
      if (video) yield video
      rest = rest.subarray(size)
    }
  }
}

const tagBytes = (data: Buffer) =>
  data.length < TAG_HEADER_BYTES ? Number.POSITIVE_INFINITY : TAG_HEADER_BYTES + data.readUIntBE(1, 3) + TAG_TAIL_BYTES

function readTag(tag: Buffer): FlvVideo | null {
  const body = tag.subarray(TAG_HEADER_BYTES)
  if (tag[0] !== VIDEO_TAG || body.length < 5) return null
  if ((body[0]! & 15) !== H264) throw new Error('the video is not H.264')
  if (body[1] === SEQUENCE_HEADER) return { kind: 'parameters', ...readConfiguration(body.subarray(5)) }
  if (body[1] !== PICTURE) return null
  const decodeMs = tag.readUIntBE(4, 3) + tag[7]! * 2 ** 24
  return {
    kind: 'picture',
    nals: splitNals(body.subarray(5)),
    isKey: body[0]! >> 4 === 1,
    decodeMs,
    showMs: decodeMs + body.readIntBE(2, 3)
  }
}

/** AVCDecoderConfigurationRecord [ISO 14496-15, 5.3.3.1]: the first SPS and the first PPS. */
function readConfiguration(data: Buffer): ParameterSets {
  const spsBytes = data.readUInt16BE(6)
  const sps = Buffer.from(data.subarray(8, 8 + spsBytes))
  const ppsAt = 8 + spsBytes + 1
  return { sps, pps: Buffer.from(data.subarray(ppsAt + 2, ppsAt + 2 + data.readUInt16BE(ppsAt))) }
}

function splitNals(data: Buffer): Buffer[] {
  const nals: Buffer[] = []
  for (let at = 0; at + 4 <= data.length; ) {
    const bytes = data.readUInt32BE(at)
    nals.push(data.subarray(at + 4, at + 4 + bytes))
    at += 4 + bytes
  }
  return nals
}
