/** Cuts H.264 pictures into RTP packets [RFC 3550, RFC 6184 packetization-mode 1] and writes the sender reports that tie them to the wall clock. */
import type { AccessUnit } from './access-unit.ts'

export const PAYLOAD_TYPE = 96
export const CLOCK_HZ = 90_000
const HEADER_BYTES = 12
const MOST_PAYLOAD_BYTES = 1400
const FU_A = 28
const ACCESS_UNIT_DELIMITER = 9
const SECONDS_1900_TO_1970 = 2_208_988_800

/** One stream's place in its RTP numbering. */
export type RtpState = { ssrc: number; sequence: number; timestampOffset: number; packets: number; bytes: number }

/** RTP time runs with the wall clock: any moment has its timestamp, so a report is exact whenever it is made. */
export const rtpTime = (state: RtpState, atMs: number): number =>
  (Math.round((atMs * CLOCK_HZ) / 1000) + state.timestampOffset) % 2 ** 32

/** The packets of one picture; the last has its marker set. Counts them in `state`. */
export function packPicture(state: RtpState, { nals, atMs }: Pick<AccessUnit, 'nals' | 'atMs'>): Buffer[] {
  const payloads = nals.filter((nal) => nal.length > 0 && (nal[0]! & 31) !== ACCESS_UNIT_DELIMITER).flatMap(fragment)
  const timestamp = rtpTime(state, atMs)
  return payloads.map((payload, n) => {
    const packet = Buffer.allocUnsafe(HEADER_BYTES + payload.length)
    packet[0] = 0x80
    packet[1] = PAYLOAD_TYPE | (n === payloads.length - 1 ? 0x80 : 0)
    packet.writeUInt16BE(state.sequence, 2)
    packet.writeUInt32BE(timestamp, 4)
    packet.writeUInt32BE(state.ssrc, 8)
    payload.copy(packet, HEADER_BYTES)
    state.sequence = (state.sequence + 1) & 0xffff
    state.packets += 1
    state.bytes += payload.length
    return packet
  })
}

/** A NAL unit that fits is a payload as it is; a longer one becomes FU-A fragments [RFC 6184, 5.8]. */
function fragment(nal: Buffer): Buffer[] {
  if (nal.length <= MOST_PAYLOAD_BYTES) return [nal]
  const [indicator, type] = [(nal[0]! & 0xe0) | FU_A, nal[0]! & 31]
  const parts: Buffer[] = []
  for (let at = 1; at < nal.length; at += MOST_PAYLOAD_BYTES - 2) {
    const part = nal.subarray(at, at + MOST_PAYLOAD_BYTES - 2)
    const [start, end] = [at === 1 ? 0x80 : 0, at + part.length === nal.length ? 0x40 : 0]
    parts.push(Buffer.concat([Buffer.of(indicator, start | end | type), part]))
  }
  return parts
}

/** Sender report with the source's name: at this wall-clock time the RTP clock stands there [RFC 3550, 6.4.1 and 6.5]. */
export function senderReport(state: RtpState, nowMs: number, name: string): Buffer {
  const report = Buffer.alloc(28)
  report.writeUInt32BE(0x80c80006, 0)
  report.writeUInt32BE(state.ssrc, 4)
  report.writeUInt32BE(Math.floor(nowMs / 1000) + SECONDS_1900_TO_1970, 8)
  report.writeUInt32BE(Math.floor(((nowMs % 1000) / 1000) * 2 ** 32), 12)
  report.writeUInt32BE(rtpTime(state, nowMs), 16)
  report.writeUInt32BE(state.packets % 2 ** 32, 20)
  report.writeUInt32BE(state.bytes % 2 ** 32, 24)
  return Buffer.concat([report, sourceDescription(state.ssrc, name)])
}

function sourceDescription(ssrc: number, name: string): Buffer {
  const text = Buffer.from(name.slice(0, 200), 'latin1')
  const words = Math.ceil((4 + 2 + text.length + 1) / 4)
  const packet = Buffer.alloc(4 + words * 4)
  packet.writeUInt16BE(0x81ca, 0)
  packet.writeUInt16BE(words, 2)
  packet.writeUInt32BE(ssrc, 4)
  packet[8] = 1
  packet[9] = text.length
  text.copy(packet, 10)
  return packet
}
