/** RTP: what is cut into packets is the same picture when it is put together again. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { packPicture, type RtpState, rtpTime, senderReport } from './rtp.ts'

const state = (): RtpState => ({ ssrc: 0xdeadbeef, sequence: 65_530, timestampOffset: 4_294_967_000, packets: 0, bytes: 0 })
const nal = (type: number, bytes: number) =>
  Buffer.from(Array.from({ length: bytes }, (_, n) => (n === 0 ? 0x60 | type : (n * 7) & 255)))

function putTogether(packets: Buffer[]): Buffer[] {
  const nals: Buffer[] = []
  let parts: Buffer[] = []
  for (const payload of packets.map((packet) => packet.subarray(12))) {
    if ((payload[0]! & 31) !== 28) nals.push(payload)
    else {
      if (payload[1]! & 0x80) parts = [Buffer.of((payload[0]! & 0xe0) | (payload[1]! & 31))]
      parts.push(payload.subarray(2))
      if (payload[1]! & 0x40) nals.push(Buffer.concat(parts))
    }
  }
  return nals
}

test('a picture comes out of its packets as it went in, whatever the sizes of its parts', () => {
  for (const bytes of [1, 2, 1399, 1400, 1401, 1402, 2797, 2798, 70_000]) {
    const nals = [nal(7, 20), nal(8, 5), nal(5, bytes)]
    const packets = packPicture(state(), { nals, atMs: 1000 })
    assert.deepEqual(putTogether(packets), nals, `${bytes} bytes`)
    assert(packets.every((packet) => packet.length <= 1412))
  }
})

test('sequence numbers run on over 65535, and the last packet alone is marked', () => {
  const rtp = state()
  const packets = [0, 40].flatMap((atMs) => packPicture(rtp, { nals: [nal(1, 5000)], atMs }))
  assert.deepEqual(
    packets.map((packet) => packet.readUInt16BE(2)),
    [65_530, 65_531, 65_532, 65_533, 65_534, 65_535, 0, 1]
  )
  assert.deepEqual(
    packets.map((packet) => packet[1]! >> 7),
    [0, 0, 0, 1, 0, 0, 0, 1]
  )
  assert.equal(rtp.packets, 8)
})

test('access unit delimiters are not sent', () => {
  assert.deepEqual(putTogether(packPicture(state(), { nals: [nal(9, 2), nal(1, 50)], atMs: 0 })), [nal(1, 50)])
})

test('a sender report ties the RTP clock to the wall clock', () => {
  const nowMs = Date.UTC(2026, 0, 5, 4, 30, 0, 250)
  const report = senderReport(state(), nowMs, 'entry')
  assert.equal(report[1], 200)
  assert.equal((report.readUInt32BE(8) - 2_208_988_800) * 1000 + Math.round((report.readUInt32BE(12) / 2 ** 32) * 1000), nowMs)
  assert.equal(report.readUInt32BE(16), rtpTime(state(), nowMs))
  assert.equal(report.length % 4, 0)
  assert.equal(report.toString('latin1', 38, 43), 'entry')
  const [packet] = packPicture(state(), { nals: [nal(1, 9)], atMs: nowMs - 100 })
  assert.equal((report.readUInt32BE(16) - packet!.readUInt32BE(4)) | 0, 9000)
})
